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
