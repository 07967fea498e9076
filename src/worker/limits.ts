/** Bounds of worker/, each with its unit and what happens there. */

/** Bytes of a too large body that are read and discarded, so that the client reads the refusal; beyond it the connection is closed. */
export const REQUEST_DISCARD_BYTES = 16 * 1024 * 1024;
/** Maximum duration of that, ms. */
export const REQUEST_DISCARD_MS = 500;
/** Time after a request to another cluster of the isolate for which the thread counts as contended, and the drain slice meanwhile, ms. */
export const CONTENTION_MS = 3000;
export const CONTENDED_SLICE_MS = 1;
/** Pause after such a slice, as a multiple of its duration, and its maximum, ms. */
export const CONTENDED_PAUSE_FACTOR = 3;
export const CONTENDED_PAUSE_MS = 200;
/** Maximum number of objects that one plan writes while the thread is contended; else PLAN_WRITES_MAX. */
export const CONTENDED_PLAN_OBJECTS = 2;
/** Time for which usage reports of many clusters are gathered into one statement, ms. */
export const USAGE_GATHER_MS = 1000;
/** Minimum period of looking for clusters of the isolate with an overdue alarm, ms, and how many are woken at once. */
export const OVERDUE_LOOK_MS = 3000;
export const OVERDUE_CLUSTERS = 100;

/** Bytes of a response beyond which it is compressed for clients that accept gzip; on a local server the TLS proxy does it. */
export const GZIP_BYTES = 131_072;
/** Object ids that an isolate keeps by cluster id, once the id's MAC was verified; at the bound the cache is emptied. */
export const OBJECT_IDS_KEPT = 2_000;
/** Duration beyond which a Kubernetes request is logged, ms. */
export const SLOW_MS = 1000;
/** Refusals of clusters that an isolate repeats without asking the cluster; at the bound the cache is emptied. */
export const REFUSALS_KEPT = 10_000;
/** Timeout of the database's answer to a health check, and lifetime of a cached answer, ms: unauthenticated requests cause at most one query a second. */
export const HEALTH_TIMEOUT_MS = 2000;
export const HEALTH_KEPT_MS = 1000;
/** Characters of a stream's spec in its socket's attachment (the platform allows 2,048 bytes); a longer one is in the storage. */
export const ATTACHMENT_CHARACTERS = 1500;
