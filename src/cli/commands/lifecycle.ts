import type { Command } from 'commander';
import { account } from '../api.ts';
import { Refusal } from '../../client/client.ts';
import { CLUSTER, type Cluster, find, findAll, saveKubeconfig, awaitCluster } from '../clusters.ts';
import { label, lifetime } from '../durations.ts';
import { Failure } from '../../local/failure.ts';
import { withProgress, print } from '../output.ts';

const NOT_FOUND = 404;

/** A deleted cluster by id, or the last deleted one of that name. */
async function findDeleted(wanted: string): Promise<Cluster> {
  const named = (await findAll({ state: 'deleted', namePrefix: wanted })).filter((cluster) => cluster.name === wanted);
  const [last] = named.toSorted((a, b) => (b.deletedAt ?? '').localeCompare(a.deletedAt ?? ''));
  if (last) return last;
  try {
    return await find(wanted);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== NOT_FOUND) throw error;
    throw new Failure(`no deleted cluster "${wanted}": "atoll cluster list --deleted" tells what can be restored`);
  }
}

async function restore(wanted: string, o: { as?: string; json?: boolean }): Promise<void> {
  const { id } = await findDeleted(wanted);
  const query = o.as === undefined ? {} : { name: o.as };
  const cluster = await withProgress(
    `restoring cluster ${wanted}`,
    account().post(`${CLUSTER}/restore`, { param: { cluster: id }, query }),
  );
  print(o.json, cluster, () => `cluster ${cluster.name} restored ("atoll cluster use ${cluster.name}" switches to it)`);
}

const rest =
  (verb: 'suspend' | 'resume', doing: string, done: string) =>
  async (name: string, o: { json?: boolean }): Promise<void> => {
    const cluster = await withProgress(
      `${doing} cluster ${name}`,
      account().post(`${CLUSTER}/${verb}`, { param: { cluster: name } }),
    );
    print(o.json, cluster, () => `cluster ${cluster.name} ${done}`);
  };

interface ForkOptions {
  label?: Record<string, string>;
  expires?: number;
  asTemplate?: boolean;
  kubeconfig?: string;
  json?: boolean;
}

async function fork(source: string, name: string, o: ForkOptions): Promise<void> {
  const body = {
    name,
    ...(o.label && { labels: o.label }),
    ...(o.expires !== undefined && { expiresIn: o.expires }),
    ...(o.asTemplate && { isTemplate: true }),
  };
  const made = account().post(`${CLUSTER}/fork`, { param: { cluster: source }, json: body });
  const { kubeconfig, ...cluster } = await awaitCluster(`copying cluster ${source}`, made);
  const file = saveKubeconfig(kubeconfig, o.kubeconfig);
  print(o.json, { ...cluster, kubeconfig: file }, () => `cluster ${name} is a copy of ${source}, kubeconfig in ${file}`);
}

/** `atoll cluster restore|suspend|resume|fork` */
export function lifecycleCommands(group: Command): void {
  group
    .command('restore <cluster>')
    .description('restore a deleted cluster, by its name or id')
    .option('--as <name>', 'under another name, where its own is taken')
    .option('--json', 'print JSON')
    .action(restore);
  group
    .command('suspend <name>')
    .description('serve nobody and do nothing until it is resumed')
    .option('--json', 'print JSON')
    .action(rest('suspend', 'suspending', 'suspended'));
  group
    .command('resume <name>')
    .description('go on with a suspended cluster')
    .option('--json', 'print JSON')
    .action(rest('resume', 'resuming', 'resumed'));
  group
    .command('fork <name> <copy>')
    .description('copy a cluster as it is now, and switch to the copy')
    .option('-l, --label <key=value>', 'a label, instead of those of the source; may be repeated', label)
    .option('--expires <while>', 'delete the copy after so long: 90s, 2h, 1d12h', lifetime)
    .option('--as-template', 'others may be made of it')
    .option('--kubeconfig <file>', 'write its kubeconfig there instead')
    .option('--json', 'print JSON')
    .action(fork);
}
