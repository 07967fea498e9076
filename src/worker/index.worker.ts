import { isClusterId } from '../management/clusters/id.ts';
import { clusterIdOf, isWatch, noCluster } from './address.worker.ts';
import { type Env, variablesOf } from './env.worker.ts';
import { hmac } from './host.worker.ts';
import { openWatch } from './watch.worker.ts';

export { ClusterDO } from './cluster.worker.ts';
export { KeeperDO } from './keeper.worker.ts';

/** Cluster ids already found genuine by this isolate: checking one costs a MAC. */
const genuine = new Map<string, DurableObjectId>();
const GENUINE_MAX = 10_000;

function objectOf(env: Env, id: string): DurableObjectStub | undefined {
  let object = genuine.get(id);
  if (!object) {
    const { ATOLL_SECRET } = variablesOf(env);
    if (!isClusterId(id, (text) => hmac(ATOLL_SECRET, text))) return undefined;
    if (genuine.size >= GENUINE_MAX) genuine.clear();
    object = env.CLUSTERS.idFromName(id);
    genuine.set(id, object);
  }
  return env.CLUSTERS.get(object);
}

const HOME = `Atoll: Kubernetes clusters without machines.

/clusters/<id>   a cluster's Kubernetes API
/v1              management: accounts, tokens, clusters (see openapi.yaml)
/healthz         ok
`;

const text = (body: string, status = 200) =>
  new Response(body, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });

export default {
  async fetch(request, env) {
    const { url } = request;
    const id = clusterIdOf(url);
    if (id !== undefined) {
      const object = objectOf(env, id);
      if (!object) return noCluster();
      return isWatch(request.method, url) ? openWatch(request, object) : object.fetch(request);
    }
    const { pathname } = new URL(url);
    if (pathname === '/healthz') return text('ok');
    if (pathname === '/') return text(HOME);
    // Loaded when first asked for: a cluster's traffic never needs it.
    const { managementOf } = await import('./management.worker.ts');
    return managementOf(env).fetch(request);
  },
} satisfies ExportedHandler<Env>;
