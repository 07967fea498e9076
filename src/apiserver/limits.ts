/** Bounds of apiserver/, each with its unit and what happens there. */

/** Bytes of a request body; beyond it 413 RequestEntityTooLarge (upstream: 3 MiB). */
export const REQUEST_BODY_BYTES = 3 * 1024 * 1024;
/** Levels of objects and lists in a request body; beyond it 400. */
export const JSON_DEPTH = 1_000;
/** Entries of all lists of an audit policy; beyond it 400. */
export const AUDIT_POLICY_ENTRIES = 10_000;
/** Bytes of an audit event; a longer one loses its bodies, and has a note of it (upstream's truncating backend: 100 KiB). */
export const AUDIT_EVENT_BYTES = 100 * 1024;
/** Characters of an Audit-ID that a client may choose; a longer one is replaced. */
export const AUDIT_ID_CHARACTERS = 256;
/** Runs of one request that may end with a question to the outside; then 504 Timeout. */
export const ATTEMPT_ROUNDS = 8;
/**
 * Time that one request may wait for others' answers, ms; then 504 Timeout (upstream's --request-timeout is 60 s, a webhook's
 * at most 30 s).
 */
export const ATTEMPT_MS = 30_000;
/** Characters of the requests of one cluster that wait for others' answers, WAITING_EACH for each beside its body; then 429. */
export const WAITING_CHARACTERS = 16 * 1024 * 1024;
export const WAITING_EACH = 16 * 1024;
