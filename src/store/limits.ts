/** Bounds of store/, each with its unit and what happens there. */

/** Live states kept in memory as text, in bytes; the least recently used go first. */
export const ROW_MEMO_BYTES = 12 * 1024 * 1024;
/** The newest log rows kept in memory: what watchers and the reconciler read right after a write. Rows, and bytes of their text. */
export const RECENT_LOG_ROWS = 2_048;
export const RECENT_LOG_BYTES = 8 * 1024 * 1024;
/** Assembled lists kept until their resource changes, in bytes. */
export const LIST_MEMO_BYTES = 8 * 1024 * 1024;
/** Resources, and resources in namespaces, whose last change is remembered, so that unchanged lists are not assembled anew. */
export const CHANGES_KEPT = 4096;
/** Bytes of a list's items assembled by one statement (a value in a Durable Object's SQLite holds 2 MB). */
export const LIST_CHUNK_BYTES = 1_500_000;
/** Revisions of history kept at least; a watch or list from before them gets 410 Expired. */
export const HISTORY_REVISIONS = 10_000;
/** Revisions beyond HISTORY_REVISIONS that may pile up before a compaction runs. */
export const COMPACTION_SLACK_REVISIONS = 2_000;
/** Life of an Event after its last write, ms (upstream --event-ttl 1h). */
export const EVENT_TTL_MS = 3_600_000;
/** Spacing of the timestamp checkpoints, ms. */
export const CHECKPOINT_SPACING_MS = 600_000;
