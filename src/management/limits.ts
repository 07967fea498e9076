/** Every bound of the management API, with its unit. At a bound the answer is 429 `limit-reached`, beyond a shape 400. */

/** Clusters of one account. */
export const CLUSTERS_PER_ACCOUNT = 10_000;
/** Tokens of one account. */
export const TOKENS_PER_ACCOUNT = 1_000;
/** Characters of a name. */
export const NAME_LENGTH = 63;
/** Bytes of a request body. */
export const BODY_BYTES = 64 * 1024;
