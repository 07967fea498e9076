import type { Command } from 'commander';
import { ask, askText } from '../client.ts';
import { drop, type Kubeconfig, merge, readKubeconfig, writePrivate } from '../kubeconfigs.ts';
import { age, during, say, table } from '../output.ts';
import { dataFolder, files } from '../settings.ts';

interface Cluster {
  id: string;
  name: string;
  apiOnly: boolean;
  legacyApis: boolean;
  server: string;
  createdAt: string;
}
type NewCluster = Cluster & { kubeconfig: string };

const optionsOf = (cluster: Cluster) =>
  [cluster.apiOnly && 'api-only', cluster.legacyApis && 'legacy-apis'].filter(Boolean).join(',') || '-';

/** Writes a cluster's kubeconfig into its own file, or among the local ones as the current context. Returns the file. */
function keep(kubeconfig: string, file: string | undefined): string {
  if (file !== undefined) {
    writePrivate(file, kubeconfig);
    return file;
  }
  const common = files(dataFolder()).kubeconfig;
  const merged = merge(readKubeconfig(common), JSON.parse(kubeconfig) as Kubeconfig);
  writePrivate(common, `${JSON.stringify(merged, null, 2)}\n`);
  return common;
}

async function create(
  name: string,
  o: { apiOnly?: boolean; legacyApis?: boolean; kubeconfig?: string; json?: boolean },
): Promise<void> {
  const body = { name, apiOnly: o.apiOnly ?? false, legacyApis: o.legacyApis ?? false };
  const made = await during(`creating cluster ${name}`, ask<NewCluster>('POST', '/clusters', body));
  const { kubeconfig, ...cluster } = made;
  const file = keep(kubeconfig, o.kubeconfig);
  say(o.json, { ...cluster, kubeconfig: file }, () => `cluster ${name} created, kubeconfig in ${file}`);
}

async function list(o: { json?: boolean }): Promise<void> {
  const { items } = await ask<{ items: Cluster[] }>('GET', '/clusters');
  say(o.json, items, () =>
    items.length === 0
      ? 'no clusters'
      : table([['NAME', 'OPTIONS', 'AGE', 'ID'], ...items.map((c) => [c.name, optionsOf(c), age(c.createdAt), c.id])]),
  );
}

const find = (name: string) => ask<Cluster>('GET', `/clusters/${encodeURIComponent(name)}`);

async function get(name: string, o: { json?: boolean }): Promise<void> {
  const cluster = await find(name);
  const rows = [
    ['name', cluster.name],
    ['id', cluster.id],
    ['server', cluster.server],
    ['options', optionsOf(cluster)],
    ['created', cluster.createdAt],
  ];
  say(o.json, cluster, () => table(rows));
}

async function remove(name: string, o: { json?: boolean }): Promise<void> {
  const cluster = await find(name);
  await during(`deleting cluster ${name}`, ask('DELETE', `/clusters/${cluster.id}`));
  const common = files(dataFolder()).kubeconfig;
  const before = readKubeconfig(common);
  const after = drop(before, cluster.server);
  if (after !== before) writePrivate(common, `${JSON.stringify(after, null, 2)}\n`);
  say(o.json, { id: cluster.id, name: cluster.name, deleted: true }, () => `cluster ${name} deleted`);
}

const newKubeconfig = (name: string) => askText('POST', `/clusters/${encodeURIComponent(name)}/kubeconfig`, {});

async function kubeconfig(name: string, o: { output?: string; json?: boolean }): Promise<void> {
  const text = await newKubeconfig(name);
  if (o.output === undefined) process.stdout.write(text);
  else {
    writePrivate(o.output, text);
    say(o.json, { kubeconfig: o.output }, () => `kubeconfig of ${name} in ${o.output}`);
  }
}

async function use(name: string, o: { json?: boolean }): Promise<void> {
  const file = keep(await newKubeconfig(name), undefined);
  say(o.json, { kubeconfig: file }, () => `"atoll kubectl" now talks to ${name}`);
}

/** `atoll cluster ...` */
export function clusterCommands(program: Command): void {
  const group = program.command('cluster').description('make, list and delete clusters');
  group
    .command('create <name>')
    .description('make a cluster and switch to it')
    .option('--api-only', 'the API server alone: no controllers, scheduler or nodes')
    .option('--legacy-apis', 'serve the old API versions that the books use')
    .option('--kubeconfig <file>', 'write its kubeconfig there instead')
    .option('--json', 'print JSON')
    .action(create);
  group.command('list').alias('ls').description('list clusters').option('--json', 'print JSON').action(list);
  group.command('get <name>').description('show a cluster').option('--json', 'print JSON').action(get);
  group
    .command('delete <name>')
    .alias('rm')
    .description('delete a cluster and everything in it')
    .option('--json', 'print JSON')
    .action(remove);
  group
    .command('use <name>')
    .description('make it the one that "atoll kubectl" talks to')
    .option('--json', 'print JSON')
    .action(use);
  group
    .command('kubeconfig <name>')
    .description('print a kubeconfig with a new credential')
    .option('-o, --output <file>', 'write it there instead')
    .option('--json', 'print JSON')
    .action(kubeconfig);
}
