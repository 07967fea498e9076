/** Bounds of lib/, each with its unit and what happens there. */

/** Draining that may delay the answer of the request that caused it, ms; what is left follows in slices, other requests in between. */
export const DRAIN_FIRST_SLICE_MS = 4;
export const DRAIN_SLICE_MS = 50;
/** How long events of reads may wait in memory, ms: so much of them a crash may cost. Events of writes never wait. */
export const AUDIT_WAIT_MS = 250;
/** A call to the world outside: characters of its address, redirects followed, bytes of its answer and ms until that is there; beyond, it fails. */
export const EGRESS_URL_CHARACTERS = 8192;
export const EGRESS_REDIRECTS = 5;
export const EGRESS_BYTES = 4 * 1024 * 1024;
export const EGRESS_MS = 15_000;
/** How long what reads were counted may wait in memory, ms: so much of it a crash may cost. Writes carry theirs. */
export const USAGE_FLUSH_MS = 200;
