/** Bounds of lib/, each with its unit and what happens there. */

/** Time of draining before the answer of the request that caused it, ms; the rest follows in slices, with other requests in between. */
export const DRAIN_FIRST_SLICE_MS = 4;
export const DRAIN_SLICE_MS = 50;
/** Buffering of audit events of reads, ms: a crash loses as much. Events of writes are never buffered. */
export const AUDIT_WAIT_MS = 250;
/** A call to the outside: characters of its URL, redirects followed, bytes of its answer and timeout in ms; beyond, it fails. */
export const EGRESS_URL_CHARACTERS = 8192;
export const EGRESS_REDIRECTS = 5;
export const EGRESS_BYTES = 4 * 1024 * 1024;
export const EGRESS_MS = 15_000;
/** Buffering of counts of reads, ms: a crash loses as much. Writes store theirs. */
export const USAGE_FLUSH_MS = 200;
/** Bits of RSA keys whose RSASSA-PSS signatures are verified (crypto/rsa's least, crypto/tls's greatest); by others none is good. */
export const RSA_KEY_BITS_MIN = 1024;
export const RSA_KEY_BITS_MAX = 8192;
