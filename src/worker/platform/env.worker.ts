import { z } from 'zod';
import type { ClusterDO } from '../object/cluster.worker.ts';
import type { TaskRunnerDO } from '../management/task-runner.worker.ts';

/** Variables of a deployment (docs/deploying.md). */
const Variables = z.object({
  /** Key of the MAC in cluster ids. */
  ATOLL_SECRET: z.string().min(16),
  /** SHA-256 (hex) of the operator's token; absent: there is no operator. */
  ATOLL_OPERATOR_SHA256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** PEM of the CA of the server's certificate, if clients do not trust it already. */
  ATOLL_CA: z.string().optional(),
  /** Public base URL; absent: that of the request. */
  ATOLL_URL: z.url().optional(),
  /** Host names (comma separated) that browsers may use; absent: any. */
  ATOLL_HOSTS: z.string().optional(),
  /** Domain under which each cluster has a host name of its own, ID.DOMAIN. */
  ATOLL_CLUSTER_DOMAIN: z.string().optional(),
  /** OIDC issuers of sign-in as JSON (management/people/issuers.ts); absent: no sign-in. */
  ATOLL_OIDC: z.string().optional(),
  /** Secret of the local server's TLS proxy; absent: there is no such proxy. */
  ATOLL_PROXY_SECRET: z.string().min(16).optional(),
  /** Requests that are logged; absent: all. */
  ATOLL_LOG: z.enum(['all', 'errors']).optional(),
  /** Header with the client's address, set by the platform; clients must not be able to send it. */
  ATOLL_ADDRESS_HEADER: z.string().optional(),
  /** Header in which the front puts a client's certificate; clients must not be able to send it. */
  ATOLL_CERTIFICATE_HEADER: z.string().optional(),
  /** "1" counts rows and awake time for the bench. */
  ATOLL_METER: z.string().optional(),
});

export type Variables = z.infer<typeof Variables>;

/** Bindings of the Worker, as in wrangler.toml. */
export interface Env extends Variables {
  CLUSTERS: DurableObjectNamespace<ClusterDO>;
  /** One object for the whole deployment. */
  TASKS: DurableObjectNamespace<TaskRunnerDO>;
  DB: D1Database;
  /** Network service that reaches private addresses too; absent on platforms without one. */
  INSIDE?: Fetcher;
  /** Listeners of the local server: PUT and DELETE of `/CLUSTER/PORT`; absent when deployed. */
  PORTS?: Fetcher;
}

let checked: { env: Env; variables: Variables } | undefined;

/** Parses the variables, once per isolate. Throws a ZodError that names the invalid ones. */
export function variablesOf(env: Env): Variables {
  if (checked?.env !== env) checked = { env, variables: Variables.parse(env) };
  return checked.variables;
}
