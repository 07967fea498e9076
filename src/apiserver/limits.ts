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
/** Bytes of a path and query; beyond it 400. */
export const URL_BYTES = 64 * 1024;
/** Bytes of a fieldManager; beyond it 422 (upstream FieldManagerMaxLength). */
export const FIELD_MANAGER_BYTES = 128;
/** A watch without a timeout of its own ends after this to twice this, seconds (upstream --min-request-timeout). */
export const WATCH_MIN_TIMEOUT_SECONDS = 1800;
/** Characters of a User-Agent in an audit event; a longer one is cut (upstream audit/request.go). */
export const AUDIT_AGENT_CHARACTERS = 1024;
/** Characters of a Status message that an audit event of more than AUDIT_EVENT_BYTES keeps. */
export const AUDIT_MESSAGE_CHARACTERS = 4096;
/** Characters of all warnings of an answer; beyond it each is cut to the second (upstream filters/warning.go). */
export const WARNINGS_CHARACTERS = 4096;
export const WARNING_CHARACTERS = 256;
/** Parsed Accept headers kept in memory; at the bound the cache is emptied. */
export const ACCEPT_MEMO_ENTRIES = 256;
/** Revisions behind at which an idle watch that reads bookmarks gets one: compaction would else expire it. */
export const BOOKMARK_REVISIONS = 1000;
/** Changes of one resource kept for watchers: once all were served, and at most before the oldest are dropped. */
export const WATCH_CACHE_ROWS = 128;
export const WATCH_CACHE_ROWS_MAX = 1024;
