import { OBJECT_IDS_KEPT } from '../limits.ts';
import { refuseUnknown } from '../../apiserver/unknown.ts';
import { clusterOfHost } from '../../management/clusters/host.ts';
import { isClusterId } from '../../management/clusters/id.ts';
import { clusterIdOf, isWatch, restOf, withPath } from './address.worker.ts';
import { bearsCredential, credentialOf, isForeign, isHost, refuseForeign } from './origin.worker.ts';
import { type Env, variablesOf } from '../platform/env.worker.ts';
import { hmac, now, random } from '../platform/host.worker.ts';
import { compressed } from './compression.worker.ts';
import { cachedRefusal, rememberRefusal } from './refusal-cache.worker.ts';
import { isReady } from './health.worker.ts';
import { describeError, isLogged, kubernetesEntry, log } from './log.worker.ts';
import { metrics, type RequestClass } from './metrics.worker.ts';
import { dropAlarm, type Overdue, overdueAlarms, postpone } from '../object/overdue.worker.ts';
import { openWatch } from './watch.worker.ts';

export { ClusterDO } from '../object/cluster.worker.ts';
export { TaskRunnerDO } from '../management/task-runner.worker.ts';

/** Object ids by cluster id, cached after the id's MAC was verified. */
const objectIds = new Map<string, DurableObjectId>();

function objectOf(env: Env, id: string): DurableObjectStub | undefined {
  let object = objectIds.get(id);
  if (!object) {
    const { ATOLL_SECRET } = variablesOf(env);
    if (!isClusterId(id, (text) => hmac(ATOLL_SECRET, text))) return undefined;
    if (objectIds.size >= OBJECT_IDS_KEPT) objectIds.clear();
    object = env.CLUSTERS.idFromName(id);
    objectIds.set(id, object);
  }
  return env.CLUSTERS.get(object);
}

let hosts: { of: string; names: string[] } | undefined;

/** Host names that browsers may use; undefined: any. */
function hostsOf(env: Env): string[] | undefined {
  const { ATOLL_HOSTS } = variablesOf(env);
  if (!ATOLL_HOSTS) return undefined;
  if (hosts?.of !== ATOLL_HOSTS) hosts = { of: ATOLL_HOSTS, names: ATOLL_HOSTS.split(',') };
  return hosts.names;
}

const HOME = `Atoll: Kubernetes clusters without machines.

/clusters/<id>   a cluster's Kubernetes API
/v1              management: accounts, tokens, clusters (see openapi.yaml)
/healthz /livez  ok
/readyz          ok when its database answers
/metrics         for the operator
`;

const text = (body: string, status = 200) =>
  new Response(body, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });

const UNAUTHORIZED = 401;
const TOO_MANY = 429;
const SWITCHING = 101;
const OK = 200;
const FAILED = 500;
const FAILED_READY = 503;

/** 401 of a cluster to an unauthenticated client, and of an unknown cluster to everybody (MG58). */
function unknown(request: Request, id: string): Response {
  const { method, headers } = request;
  const url = restOf(request.url, id);
  const header = (name: string) => headers.get(name);
  const answer = refuseUnknown({ method, url, header, body: '', now: now() }, random);
  return new Response(answer.body, answer);
}

/** Routes a request to the cluster's object. A refusal is the same for every id, and needs no object where possible (MG58). */
async function toCluster(request: Request, env: Env, id: string): Promise<Response> {
  const { method, url, headers } = request;
  if (isForeign(headers, hostsOf(env))) return refuseForeign();
  const certificateHeader = variablesOf(env).ATOLL_CERTIFICATE_HEADER;
  const object = bearsCredential(headers, certificateHeader) ? objectOf(env, id) : undefined;
  if (!object) return unknown(request, id);
  const credential = credentialOf(headers, certificateHeader);
  const refused = cachedRefusal(id, credential);
  if (refused) return refused;
  const answer = await (isWatch(method, url)
    ? openWatch(request, object, variablesOf(env).ATOLL_PROXY_SECRET)
    : object.fetch(request));
  if (answer.status !== UNAUTHORIZED) return answer.status === TOO_MANY ? rememberRefusal(id, credential, answer) : answer;
  await answer.body?.cancel();
  return unknown(request, id);
}

/** Message of store/schema.ts about data of a newer version. */
const NEWER = /^the cluster was written by a newer version/;

/** Response to an unexpected error (500, which discloses nothing of it) or to data of a newer version (503). */
function failed(request: Request, id: string, error: unknown): Response {
  const requestId = random.uuid();
  const isNewer = error instanceof Error && NEWER.test(error.message);
  metrics.count('atoll_errors_total');
  log('error', {
    requestId,
    ...kubernetesEntry(id, request.method, restOf(request.url, id)),
    ...(isNewer ? { error: error.message } : describeError(error)),
  });
  const [code, reason, message] = isNewer
    ? [503, 'ServiceUnavailable', error.message]
    : [500, 'InternalError', `Internal error occurred: it was logged under ${requestId}`];
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  return Response.json(status, { status: code, headers: { 'audit-id': requestId } });
}

/** Serves a request for a cluster, counts it, and logs it if it failed or was slow. */
async function counted(request: Request, env: Env, id: string): Promise<Response> {
  const begun = now();
  let answer: Response;
  try {
    answer = await toCluster(request, env, id);
  } catch (error) {
    answer = failed(request, id, error);
  }
  const ms = now() - begun;
  const of: RequestClass = isWatch(request.method, request.url) ? 'watch' : 'kubernetes';
  // A watch is a WebSocket inside, but 200 to an HTTP client.
  const status = answer.status === SWITCHING ? OK : answer.status;
  metrics.answered(of, status, ms);
  if (of === 'kubernetes' && isLogged(status, ms)) {
    const requestId = answer.headers.get('audit-id');
    const entry = kubernetesEntry(id, request.method, restOf(request.url, id));
    log(status >= FAILED ? 'error' : 'warn', { requestId, ...entry, status, ms });
  }
  return variablesOf(env).ATOLL_PROXY_SECRET === undefined ? compressed(request, answer) : answer;
}

/** Cluster whose own host name the request names; undefined: none. The TLS proxy of the local server has put the path into the URL already. */
function ownHost(request: Request, env: Env): string | undefined {
  const { ATOLL_CLUSTER_DOMAIN, ATOLL_PROXY_SECRET } = variablesOf(env);
  if (ATOLL_CLUSTER_DOMAIN === undefined || ATOLL_PROXY_SECRET !== undefined) return undefined;
  return clusterOfHost(request.headers.get('host') ?? '', ATOLL_CLUSTER_DOMAIN);
}

/** Wakes objects whose alarm the platform has lost. A later request tries again those that fail. */
async function wakeOverdue({ CLUSTERS }: Env): Promise<void> {
  const wake = async (alarm: Overdue) => {
    try {
      await CLUSTERS.get(CLUSTERS.idFromString(alarm.object)).overdue();
      dropAlarm(alarm);
    } catch (error) {
      postpone(alarm);
      metrics.count('atoll_drain_errors_total');
      log('error', { type: 'overdue', object: alarm.object, ...describeError(error) });
    }
  };
  await Promise.all(overdueAlarms(now()).map(wake));
}

export default {
  async fetch(request, env, context) {
    if (!isHost(request.headers)) return text('Bad Request', 400);
    const { url } = request;
    const own = ownHost(request, env);
    if (own !== undefined) return counted(new Request(withPath(url, own), request), env, own);
    const id = clusterIdOf(url);
    if (id !== undefined) return counted(request, env, id);
    const { pathname } = new URL(url);
    if (pathname === '/healthz' || pathname === '/livez') {
      context.waitUntil(wakeOverdue(env));
      return text('ok');
    }
    if (pathname === '/readyz') return (await isReady(env.DB)) ? text('ok') : text('the database does not answer', FAILED_READY);
    if (pathname === '/') return text(HOME);
    // Loaded with the first request: traffic of clusters does not need it.
    const { managementOf } = await import('../management/management.worker.ts');
    return managementOf(env).fetch(request);
  },
} satisfies ExportedHandler<Env>;
