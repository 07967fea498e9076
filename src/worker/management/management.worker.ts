import { waitUntil } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/d1';
import { createApp } from '../../management/http/app.ts';
import type { LogEntry, ManagementDeps } from '../../management/deps.ts';
import { issuersOf } from '../../management/people/issuers.ts';
import { Rates } from '../../management/http/rates.ts';
import { egressRoutesOf } from '../platform/egress-routes.worker.ts';
import { egress } from '../platform/egress.worker.ts';
import { type Env, variablesOf } from '../platform/env.worker.ts';
import { crypt, hmac, now, random, sealing } from '../platform/host.worker.ts';
import { describeError, log } from '../edge/log.worker.ts';
import { metrics } from '../edge/metrics.worker.ts';

/** Listeners of the local server: ports of clusters. */
const listenersOf = (ports: Fetcher): ManagementDeps['listeners'] => ({
  listen: async (id, port) => {
    const answer = await ports.fetch(`http://ports/${id}/${port}`, { method: 'PUT' });
    return answer.ok ? undefined : answer.text();
  },
  close: async (id) => {
    await ports.fetch(`http://ports/${id}`, { method: 'DELETE' });
  },
});

const SERVER_ERROR = 500;

function logRequest(env: Env, { error, ...entry }: LogEntry): void {
  metrics.answered('management', entry.status, entry.ms);
  if (error !== undefined) metrics.count('atoll_errors_total');
  const failed = entry.status >= SERVER_ERROR;
  if (!failed && variablesOf(env).ATOLL_LOG === 'errors') return;
  log(failed ? 'error' : 'info', { type: 'management', ...entry, ...(error !== undefined && describeError(error)) });
}

/** Dependencies of management from this deployment's variables and bindings. */
export function managementDeps(env: Env): ManagementDeps {
  const { ATOLL_SECRET, ATOLL_OPERATOR_SHA256, ATOLL_CA, ATOLL_URL, ATOLL_HOSTS, ATOLL_OIDC, ATOLL_CLUSTER_DOMAIN } =
    variablesOf(env);
  const object = (id: string) => env.CLUSTERS.get(env.CLUSTERS.idFromName(id));
  const issuers = ATOLL_OIDC ? issuersOf(ATOLL_OIDC) : [];
  const taskRunner = () => env.TASKS.get(env.TASKS.idFromName('tasks'));
  return {
    db: drizzle(env.DB, { logger: { logQuery: () => metrics.count('atoll_d1_queries_total') } }),
    clusters: {
      create: async (options, first) => {
        const token = await object(options.id).create(options, first);
        metrics.count('atoll_clusters_created_total');
        return token;
      },
      issue: (id, credential) => object(id).issue(credential),
      revoke: (id, which) => object(id).revoke(which),
      expire: (id, credentials, at) => object(id).expire(credentials, at),
      auditPolicy: (id) => object(id).auditPolicy(),
      setAuditPolicy: (id, text) => object(id).setAuditPolicy(text),
      authentication: (id) => object(id).authentication(),
      setAuthentication: (id, text) => object(id).setAuthentication(text),
      clock: (id) => object(id).clock(),
      setClock: (id, command) => object(id).setClock(command),
      audit: (id, query) => object(id).audit(query),
      usage: (id) => object(id).usage(),
      hours: (id, from, to) => object(id).hours(from, to),
      limit: (id, limits) => object(id).limit(limits),
      destroy: async (id) => {
        await object(id).destroy();
        metrics.count('atoll_clusters_destroyed_total');
      },
      setLifecycle: (id, lifecycle) => object(id).setLifecycle(lifecycle),
      fork: (own, source) => object(own.id).fork(own, source),
      copy: (id, ms) => object(id).copy(ms),
      finish: (id, first) => object(id).finish(first),
    },
    ...(env.PORTS && { listeners: listenersOf(env.PORTS) }),
    taskRunner: { wakeBy: (at) => taskRunner().wakeBy(at) },
    crypto: { ...crypt, ...sealing },
    random,
    fetch: egress(egressRoutesOf(env)),
    issuers,
    rates: new Rates(),
    mac: (text) => hmac(ATOLL_SECRET, text),
    now,
    log: (entry) => logRequest(env, entry),
    metrics: () => metrics.exposition(),
    background: (work) => waitUntil(Promise.resolve(work)),
    ...(ATOLL_OPERATOR_SHA256 && { operatorSha256: ATOLL_OPERATOR_SHA256 }),
    ...(ATOLL_CA && { ca: ATOLL_CA }),
    ...(ATOLL_URL && { url: ATOLL_URL }),
    ...(ATOLL_CLUSTER_DOMAIN && { clusterDomain: ATOLL_CLUSTER_DOMAIN }),
    ...(ATOLL_HOSTS && { hosts: ATOLL_HOSTS.split(',') }),
  };
}

let built: { env: Env; app: ReturnType<typeof createApp> } | undefined;

/** Management app over this deployment's bindings, built once per isolate. */
export function managementOf(env: Env): ReturnType<typeof createApp> {
  if (built?.env === env) return built.app;
  const deps = managementDeps(env);
  built = { env, app: createApp(deps) };
  // The task runner looks for due tasks, in case an earlier wake-up was lost.
  deps.background(deps.taskRunner.wakeBy(deps.now()));
  return built.app;
}
