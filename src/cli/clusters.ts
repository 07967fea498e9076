import { setTimeout as sleep } from 'node:timers/promises';
import { account } from './api.ts';
import type { Item, Result, RequestInput } from '../client/types.ts';
import { Failure } from '../local/failure.ts';
import { type Kubeconfig, addContext, currentServer, readKubeconfig, writePrivate } from '../local/kubeconfigs.ts';
import { withProgress } from './output.ts';
import { dataFolder, files } from '../local/settings.ts';

export const CLUSTERS = '/v1/accounts/:account/clusters';
export const CLUSTER = `${CLUSTERS}/:cluster` as const;

/** A cluster as in the API's answers. */
export type Cluster = Item<typeof CLUSTERS>;

/** Polling interval of operations, ms. */
const LOOK_MS = 250;

export const find = (cluster: string): Promise<Cluster> => account().get(CLUSTER, { param: { cluster } });

/** All clusters that match a query. */
export const findAll = (query: RequestInput<'get', typeof CLUSTERS>['query']): Promise<Cluster[]> =>
  account().all(CLUSTERS, { query });

/** Id of the cluster that "atoll kubectl" talks to. */
export async function currentCluster(): Promise<string> {
  const server = currentServer(readKubeconfig(files(dataFolder()).kubeconfig));
  const found = server !== undefined && (await findAll({})).find((cluster) => cluster.server === server);
  if (!found) throw new Failure('no cluster is in use here: name one with --cluster');
  return found.id;
}

export const newKubeconfig = (cluster: string): Promise<string> =>
  account().post(`${CLUSTER}/kubeconfig`, { param: { cluster }, json: {} });

/** Writes a cluster's kubeconfig into its own file, or among the local ones as the current context. Returns the file. */
export function saveKubeconfig(kubeconfig: string, file: string | undefined): string {
  if (file !== undefined) {
    writePrivate(file, kubeconfig);
    return file;
  }
  const common = files(dataFolder()).kubeconfig;
  const merged = addContext(readKubeconfig(common), JSON.parse(kubeconfig) as Kubeconfig);
  writePrivate(common, `${JSON.stringify(merged, null, 2)}\n`);
  return common;
}

type Created = Result<'post', typeof CLUSTERS>;

/** Waits for a cluster that is being created; a long fork shows its progress. */
export async function awaitCluster(what: string, made: Promise<Created>): Promise<Cluster & { kubeconfig: string }> {
  let shown = what;
  const work = async () => {
    let now = await made;
    while (!('kubeconfig' in now)) {
      if (now.state === 'failed') throw new Failure(now.error ?? 'the copy failed');
      if (now.state === 'done') return { ...(await find(now.target)), kubeconfig: await newKubeconfig(now.target) };
      shown = `${what}: ${now.done} of ${now.total} objects`;
      await sleep(LOOK_MS);
      now = await account().get('/v1/accounts/:account/operations/:operation', { param: { operation: now.id } });
    }
    return now;
  };
  return withProgress(() => shown, work());
}
