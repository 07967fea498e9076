/** Limits of a cluster, from its account's plan. Absent, or without an entry: unlimited. */
export interface ClusterLimits {
  /** Name of the plan, for refusals. */
  plan: string;
  /** Objects of all kinds; beyond it creations get 403 "exceeded quota". */
  objects?: number;
  /** Bytes of the database; beyond it creations, and updates by clients that make an object larger, get 403 "exceeded quota". */
  bytes?: number;
  /** Bytes of one object as it is stored; creations beyond it, and updates by clients that make it larger, get 413. */
  objectBytes?: number;
  /** Requests a second, and the burst after a pause; beyond it 429 with Retry-After. */
  requestsPerSecond?: number;
  requestBurst?: number;
  /** Bytes a second of answers and events, and the burst after a pause; beyond it the next requests get 429 with Retry-After. */
  egressPerSecond?: number;
  egressBurst?: number;
  /** Watches open at once; beyond it 429 with Retry-After. */
  watches?: number;
  /** Time of work in a turn before other requests are served, ms. */
  turnMs?: number;
}
