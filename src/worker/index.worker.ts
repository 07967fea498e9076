import { refuseUnknown } from '../apiserver/unknown.ts';
import { isClusterId } from '../management/clusters/id.ts';
import { clusterIdOf, isWatch, restOf } from './address.worker.ts';
import { bearsToken, isForeign, isHost, refuseForeign } from './door.worker.ts';
import { type Env, variablesOf } from './env.worker.ts';
import { hmac, now, random } from './host.worker.ts';
import { noted, tooSoon } from './limits.worker.ts';
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

let hosts: { of: string; names: string[] } | undefined;

/** The names under which a browser may have reached us. */
function hostsOf(env: Env): string[] | undefined {
  const { ATOLL_HOSTS } = variablesOf(env);
  if (!ATOLL_HOSTS) return undefined;
  if (hosts?.of !== ATOLL_HOSTS) hosts = { of: ATOLL_HOSTS, names: ATOLL_HOSTS.split(',') };
  return hosts.names;
}

const HOME = `Atoll: Kubernetes clusters without machines.

/clusters/<id>   a cluster's Kubernetes API
/v1              management: accounts, tokens, clusters (see openapi.yaml)
/healthz         ok
`;

const text = (body: string, status = 200) =>
  new Response(body, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });

const UNAUTHORIZED = 401;
const TOO_MANY = 429;

/** The answer of a cluster to somebody whom it does not know, and of one that never was to everybody. */
function unknown(request: Request, id: string): Response {
  const { method, headers } = request;
  const url = restOf(request.url, id);
  const header = (name: string) => headers.get(name);
  const answer = refuseUnknown({ method, url, header, body: '', now: now() }, random);
  return new Response(answer.body, answer);
}

/** A request for a cluster. Whatever is wrong with it is told in the same words for every id, before an object is touched where that can be. */
async function toCluster(request: Request, env: Env, id: string): Promise<Response> {
  const { method, url, headers } = request;
  if (isForeign(headers, hostsOf(env))) return refuseForeign();
  const object = bearsToken(headers) ? objectOf(env, id) : undefined;
  if (!object) return unknown(request, id);
  const refused = tooSoon(id, headers);
  if (refused) return refused;
  const answer = await (isWatch(method, url) ? openWatch(request, object, variablesOf(env).ATOLL_FRONT) : object.fetch(request));
  if (answer.status !== UNAUTHORIZED) return answer.status === TOO_MANY ? noted(id, headers, answer) : answer;
  await answer.body?.cancel();
  return unknown(request, id);
}

export default {
  async fetch(request, env) {
    if (!isHost(request.headers)) return text('Bad Request', 400);
    const { url } = request;
    const id = clusterIdOf(url);
    if (id !== undefined) return toCluster(request, env, id);
    const { pathname } = new URL(url);
    if (pathname === '/healthz') return text('ok');
    if (pathname === '/') return text(HOME);
    // Loaded when first asked for: a cluster's traffic never needs it.
    const { managementOf } = await import('./management.worker.ts');
    return managementOf(env).fetch(request);
  },
} satisfies ExportedHandler<Env>;
