/** What the plan of an account allows each of its clusters. Absent, or without an entry: no such bound. */
export interface ClusterLimits {
  /** Name of the plan, for refusals to say. */
  plan: string;
  /** Objects of all kinds; beyond it creations get 403 "exceeded quota". */
  objects?: number;
  /** Bytes of the database; beyond it creations, and updates by clients that make an object larger, get 403 "exceeded quota". */
  bytes?: number;
  /** Bytes of one object as it is stored; creations beyond it, and updates by clients that make it larger, get 413. */
  objectBytes?: number;
  /** Requests a second, and so many at once after a pause; beyond it 429 with Retry-After. */
  requestsPerSecond?: number;
  requestBurst?: number;
  /** Bytes a second of answers and events, and so many at once after a pause; beyond it the next requests get 429 with Retry-After. */
  egressPerSecond?: number;
  egressBurst?: number;
  /** Watches open at once; beyond it 429 with Retry-After. */
  watches?: number;
  /** How long a turn may work before requests come in between, ms. */
  turnMs?: number;
}
