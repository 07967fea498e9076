import { z } from 'zod';
import type { ClusterDO } from '../object/cluster.worker.ts';
import type { TaskRunnerDO } from '../management/task-runner.worker.ts';

/** The variables of a deployment; README.md says how to set them. */
const Variables = z.object({
  /** Keys the MAC in cluster ids. */
  ATOLL_SECRET: z.string().min(16),
  /** SHA-256 (hex) of the operator's token; without it nobody may make accounts. */
  ATOLL_OPERATOR_SHA256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** PEM of the CA in front, when clients do not know it by themselves. */
  ATOLL_CA: z.string().optional(),
  /** Public base address; else that of the request. */
  ATOLL_URL: z.url().optional(),
  /** Host names (comma separated) that a browser may have used to get here; else any. */
  ATOLL_HOSTS: z.string().optional(),
  /** Under which each cluster has a host name of its own, ID.DOMAIN. */
  ATOLL_CLUSTER_DOMAIN: z.string().optional(),
  /** JSON, as people/issuers.ts reads it: with whom people sign in; else nobody does. */
  ATOLL_OIDC: z.string().optional(),
  /** What a front on this machine proves itself with; absent: there is none. */
  ATOLL_FRONT: z.string().min(16).optional(),
  /** "errors": only requests that failed or took long are logged. */
  ATOLL_LOG: z.enum(['all', 'errors']).optional(),
  /** Header in which the platform says from where a request came; clients must not be able to send it. */
  ATOLL_ADDRESS_HEADER: z.string().optional(),
  /** "1" counts rows and awake time for the bench. */
  ATOLL_METER: z.string().optional(),
});

export type Variables = z.infer<typeof Variables>;

/** The Worker's bindings, as wrangler.toml names them. */
export interface Env extends Variables {
  CLUSTERS: DurableObjectNamespace<ClusterDO>;
  /** One object for the whole deployment. */
  TASKS: DurableObjectNamespace<TaskRunnerDO>;
  DB: D1Database;
  /** The network around this server, private addresses too; absent where the platform has none. */
  INSIDE?: Fetcher;
  /** The ports of clusters, where there is one machine that has some: PUT and DELETE of `/CLUSTER/PORT`. */
  PORTS?: Fetcher;
}

let checked: { env: Env; variables: Variables } | undefined;

/** Reads the variables once per isolate; a bad deployment says at the first request what is wrong. */
export function variablesOf(env: Env): Variables {
  if (checked?.env !== env) checked = { env, variables: Variables.parse(env) };
  return checked.variables;
}
