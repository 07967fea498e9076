/** Every bound of the management API, with its unit. At a bound the answer is 429 `limit-reached`, beyond a shape 400. */

/** Clusters of one account. */
export const CLUSTERS_PER_ACCOUNT = 10_000;
/** Tokens of one account. */
export const TOKENS_PER_ACCOUNT = 1_000;
/** Clusters that a token may name. */
export const CLUSTERS_PER_TOKEN = 100;
/** Labels of a cluster or a token. */
export const LABELS = 32;
/** Characters of a name. */
export const NAME_LENGTH = 63;
/** Entries of one page of a list. */
export const PAGE_MAX = 500;
/** Virtual nodes of a cluster; beyond it 400. */
export const NODES_PER_CLUSTER = 100;
/** Bytes of a request body; beyond it 413. */
export const BODY_BYTES = 64 * 1024;

/** Pause between two parts of a chore that has more to do, ms. */
export const CHORE_AGAIN_MS = 100;
/** How long a chore rests that failed: at first, and doubling up to at most, ms. */
export const CHORE_RETRY_FIRST_MS = 1_000;
export const CHORE_RETRY_MAX_MS = 15 * 60_000;
/** When something was announced so recently, the keeper looks again: it may not be written yet, ms. */
export const KEEPER_LOOK_AGAIN_MS = 60_000;
/** How long a finished operation can be asked about, ms. */
export const OPERATION_KEPT_MS = 30 * 24 * 3_600_000;
