import { type Command, InvalidArgumentError } from 'commander';
import { account } from '../api.ts';
import { CLUSTER, CLUSTERS, type Cluster, find, findAll, saveKubeconfig, newKubeconfig, awaitCluster } from '../clusters.ts';
import { label, lifetime, numberWithin, secondsWithin } from '../durations.ts';
import { GRACE_MAX_SECONDS, NODES_PER_CLUSTER } from '../../management/limits.ts';
import { Failure } from '../../local/failure.ts';
import { removeContext, changeServer, readKubeconfig, writePrivate } from '../../local/kubeconfigs.ts';
import { age, withProgress, printHint, print, table } from '../output.ts';
import { dataFolder, files, LAST_PORT } from '../../local/settings.ts';
import { credentialCommands } from './credentials.ts';

const optionsOf = (cluster: Cluster) =>
  [
    cluster.apiOnly && 'api-only',
    cluster.legacyApis && 'legacy-apis',
    cluster.isTemplate && 'template',
    cluster.clock === 'virtual' && 'virtual-clock',
  ]
    .filter(Boolean)
    .join(',') || '-';

const labelsOf = ({ labels }: Cluster) =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',') || '-';

interface CreateOptions {
  apiOnly?: boolean;
  legacyApis?: boolean;
  template?: string;
  asTemplate?: boolean;
  nodes?: number;
  clock?: 'real' | 'virtual';
  listen?: number;
  label?: Record<string, string>;
  expires?: number;
  kubeconfig?: string;
  json?: boolean;
}

async function create(name: string, o: CreateOptions): Promise<void> {
  const body = {
    name,
    ...(o.apiOnly && { apiOnly: true }),
    ...(o.legacyApis && { legacyApis: true }),
    ...(o.template !== undefined && { template: o.template }),
    ...(o.asTemplate && { isTemplate: true }),
    ...(o.nodes !== undefined && { nodes: o.nodes }),
    ...(o.clock && { clock: o.clock }),
    ...(o.listen !== undefined && { port: o.listen }),
    ...(o.label && { labels: o.label }),
    ...(o.expires !== undefined && { expiresIn: o.expires }),
  };
  const { kubeconfig, ...cluster } = await awaitCluster(`creating cluster ${name}`, account().post(CLUSTERS, { json: body }));
  const file = saveKubeconfig(kubeconfig, o.kubeconfig);
  print(o.json, { ...cluster, kubeconfig: file }, () => `cluster ${name} created, kubeconfig in ${file}`);
}

interface ListOptions {
  label?: Record<string, string>;
  all?: boolean;
  deleted?: boolean;
  template?: boolean;
  json?: boolean;
}

async function list(o: ListOptions): Promise<void> {
  const items = await findAll({
    ...(o.all && { state: 'all' }),
    ...(o.deleted && { state: 'deleted' }),
    ...(o.template && { isTemplate: 'true' }),
    ...(o.label && {
      labels: Object.entries(o.label)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    }),
  });
  const row = (c: Cluster) => [c.name, c.state, optionsOf(c), labelsOf(c), age(c.createdAt), String(c.port ?? '-'), c.id];
  print(o.json, items, () =>
    items.length === 0 ? 'no clusters' : table([['NAME', 'STATE', 'OPTIONS', 'LABELS', 'AGE', 'PORT', 'ID'], ...items.map(row)]),
  );
}

async function get(name: string, o: { json?: boolean }): Promise<void> {
  const cluster = await find(name);
  const rows = [
    ['name', cluster.name],
    ['id', cluster.id],
    ['state', cluster.state],
    ['server', cluster.server],
    ['options', optionsOf(cluster)],
    ['nodes', String(cluster.nodes)],
    ['labels', labelsOf(cluster)],
    ...(cluster.forkedFrom === undefined ? [] : [['forked from', cluster.forkedFrom]]),
    ['created', cluster.createdAt],
    ...(cluster.expiresAt === undefined ? [] : [['expires', cluster.expiresAt]]),
    ...(cluster.purgeAt === undefined ? [] : [['gone for good', cluster.purgeAt]]),
  ];
  print(o.json, cluster, () => table(rows));
}

interface UpdateOptions {
  name?: string;
  /** commander's form of --no-expires is false. */
  expires?: number | false;
  template?: boolean;
  json?: boolean;
}

async function update(name: string, o: UpdateOptions): Promise<void> {
  const body = {
    ...(o.name !== undefined && { name: o.name }),
    ...(o.template !== undefined && { isTemplate: o.template }),
    ...(o.expires === false && { expiresAt: null }),
    ...(typeof o.expires === 'number' && { expiresIn: o.expires }),
  };
  const cluster = await withProgress(
    `changing cluster ${name}`,
    account().patch(CLUSTER, { param: { cluster: name }, json: body }),
  );
  print(o.json, cluster, () => `cluster ${cluster.name} changed`);
}

async function relabel(name: string, labels: string[], o: { json?: boolean }): Promise<void> {
  const change: Record<string, string | null> = {};
  for (const text of labels) {
    if (text.endsWith('-') && !text.includes('=')) change[text.slice(0, -1)] = null;
    else Object.assign(change, label(text));
  }
  const cluster = await withProgress(
    `labelling cluster ${name}`,
    account().patch(CLUSTER, { param: { cluster: name }, json: { labels: change } }),
  );
  print(o.json, cluster, () => `cluster ${cluster.name} labelled: ${labelsOf(cluster)}`);
}

async function listen(name: string, port: number | undefined, o: { none?: boolean; json?: boolean }): Promise<void> {
  if ((port === undefined) === !o.none) throw new Failure('a port is needed, or --none');
  const before = await find(name);
  const change = account().patch(CLUSTER, { param: { cluster: before.id }, json: { port: port ?? null } });
  const cluster = await withProgress(`changing the address of cluster ${name}`, change);
  const common = files(dataFolder()).kubeconfig;
  const config = readKubeconfig(common);
  const moved = changeServer(config, before.server, cluster.server);
  if (moved !== config) writePrivate(common, `${JSON.stringify(moved, null, 2)}\n`);
  print(o.json, cluster, () => `cluster ${name} answers at ${cluster.server}`);
}

async function remove(name: string, o: { now?: boolean; grace?: number; json?: boolean }): Promise<void> {
  const cluster = await find(name);
  const grace = o.now ? 0 : o.grace;
  const deleted = await withProgress(
    `deleting cluster ${name}`,
    account().delete(CLUSTER, { param: { cluster: cluster.id }, query: { grace } }),
  );
  const common = files(dataFolder()).kubeconfig;
  const before = readKubeconfig(common);
  const after = removeContext(before, cluster.server);
  if (after !== before) writePrivate(common, `${JSON.stringify(after, null, 2)}\n`);
  const purgeAt = deleted?.purgeAt;
  print(
    o.json,
    { id: cluster.id, name: cluster.name, deleted: true, ...(purgeAt !== undefined && { purgeAt }) },
    () => `cluster ${name} deleted`,
  );
  if (purgeAt !== undefined) printHint(`until ${purgeAt} it comes back with: atoll cluster restore ${name}`);
}

async function use(name: string, o: { json?: boolean }): Promise<void> {
  const file = saveKubeconfig(await newKubeconfig(name), undefined);
  print(o.json, { kubeconfig: file }, () => `"atoll kubectl" now talks to ${name}`);
}

function clock(text: string): 'real' | 'virtual' {
  if (text !== 'real' && text !== 'virtual') throw new InvalidArgumentError('a clock is real or virtual.');
  return text;
}

const nodes = numberWithin('the count of nodes', 0, NODES_PER_CLUSTER);
const port = numberWithin('a port', 1, LAST_PORT);

const LABEL: [string, string, typeof label] = ['-l, --label <key=value>', 'a label; may be repeated', label];

function making(group: Command): void {
  group
    .command('create <name>')
    .description('make a cluster and switch to it')
    .option('--api-only', 'the API server alone: no controllers, scheduler or nodes')
    .option('--legacy-apis', 'serve the old API versions that the books use')
    .option('--nodes <count>', 'virtual nodes to begin with (default 3)', nodes)
    .option('--clock <kind>', 'virtual: time stands still until "atoll clock" moves it (default real)', clock)
    .option('--listen <port>', 'a port of its own, for clients that take no path in an address', port)
    .option('--template <cluster>', 'begin as a copy of this template')
    .option('--as-template', 'others may be made of it')
    .option(...LABEL)
    .option('--expires <while>', 'delete it after so long: 90s, 2h, 1d12h', lifetime)
    .option('--kubeconfig <file>', 'write its kubeconfig there instead')
    .option('--json', 'print JSON')
    .action(create);
  group
    .command('update <name>')
    .description('change a cluster')
    .option('--name <name>', 'another name')
    .option('--expires <while>', 'delete it after so long from now', lifetime)
    .option('--no-expires', 'keep it')
    .option('--template', 'others may be made of it')
    .option('--no-template', 'nobody makes others of it')
    .option('--json', 'print JSON')
    .action(update);
  group
    .command('label <name> <labels...>')
    .description('set labels (key=value) and take them away (key-)')
    .option('--json', 'print JSON')
    .action(relabel);
  group
    .command('listen')
    .description('give it a port of its own on the machine of the server, in place of the one that it has')
    .argument('<name>')
    .argument('[port]', 'the port', port)
    .option('--none', 'none: it answers at its path alone')
    .option('--json', 'print JSON')
    .action(listen);
  group
    .command('delete <name>')
    .alias('rm')
    .description('delete a cluster and everything in it; for a day it can be restored')
    .option('--now', 'for good, at once')
    .option('--grace <while>', 'for good after so long: 90s, 2h, 1d12h', secondsWithin(0, GRACE_MAX_SECONDS))
    .option('--json', 'print JSON')
    .action(remove);
}

/** `atoll cluster ...` */
export function clusterCommands(program: Command): Command {
  const group = program.command('cluster').description('make, list, change and delete clusters');
  making(group);
  group
    .command('list')
    .alias('ls')
    .description('list clusters')
    .option(...LABEL)
    .option('--template', 'templates only')
    .option('--all', 'deleted ones too')
    .option('--deleted', 'deleted ones only')
    .option('--json', 'print JSON')
    .action(list);
  group.command('get <name>').description('show a cluster').option('--json', 'print JSON').action(get);
  group
    .command('use <name>')
    .description('make it the one that "atoll kubectl" talks to')
    .option('--json', 'print JSON')
    .action(use);
  credentialCommands(group);
  return group;
}
