/** Limits of a cluster, from its account's plan. An absent field is unlimited. */
export interface ClusterLimits {
  /** Name of the plan, quoted in error messages. */
  plan: string;
  /** Objects of all kinds; beyond it creations get 403 "exceeded quota". */
  objects?: number;
  /** Bytes of the database; beyond it creations, and updates by clients that make an object larger, get 403 "exceeded quota". */
  bytes?: number;
  /** Bytes of one object as it is stored; creations beyond it, and updates by clients that make it larger, get 413. */
  objectBytes?: number;
  /** Requests a second, and the burst (token bucket); beyond it 429 with Retry-After. */
  requestsPerSecond?: number;
  requestBurst?: number;
  /** Bytes a second of responses and watch events, and the burst (token bucket); beyond it the next requests get 429 with Retry-After. */
  egressPerSecond?: number;
  egressBurst?: number;
  /** Concurrent watches; beyond it 429 with Retry-After. */
  watches?: number;
  /** Maximum duration of a turn before other requests are served, ms. */
  turnMs?: number;
}
