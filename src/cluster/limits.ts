/** Bounds of one cluster, each with its unit and what happens there. */

/** Cached lookups of credentials; at the bound the cache is emptied. */
export const CREDENTIAL_MEMO_ENTRIES = 1_000;
/** Bytes of buffered audit events; at the bound they are stored in the same turn. */
export const AUDIT_BATCH_BYTES = 256 * 1024;
/** Bytes of a cluster's audit log, and age of its events, ms; beyond either the oldest are deleted. */
export const AUDIT_LOG_BYTES = 64 * 1024 * 1024;
export const AUDIT_LOG_MS = 30 * 86_400_000;
/** Bytes of one page of the audit log. */
export const AUDIT_PAGE_BYTES = 1_000_000;
/** Revisions compacted at a time while other clusters share the thread; else all. */
export const CONTENDED_COMPACTION_REVISIONS = 200;
/** Boot snapshots kept, one per set of cluster options: some 250 KB each. */
export const BOOT_SNAPSHOTS = 8;
/** Characters of the objects of a boot snapshot; a larger cluster is booted each time. */
export const BOOT_SNAPSHOT_BYTES = 2 * 1024 * 1024;
/**
 * Batch of objects of a fork: rows, and bytes (at most twice as many as JSON in JSON; a SQLite value holds 2 MB). Reading and writing a batch
 * takes some ms, in which a local server does nothing else.
 */
export const FORK_CHUNK_ROWS = 300;
export const FORK_CHUNK_BYTES = 300_000;
/** Time for which compaction keeps a revision after a copy's last read, ms; a slower copy fails. */
export const FORK_PIN_MS = 60_000;
/** Timers that a fork copies; if there are more, the fork derives them. */
export const FORK_TIMERS = 10_000;
/** Period of usage reports to the deployment's database while the usage changes, ms. */
export const USAGE_PUSH_MS = 15_000;
/** Hours of usage in the cluster's own database; older ones are in the deployment's. */
export const USAGE_HOURS = 24 * 35;
/** Revisions of history kept beyond a share of the plan's bytes, so that deletions free space. */
export const HISTORY_WHEN_FULL = [
  { share: 0.95, revisions: 0 },
  { share: 0.8, revisions: 100 },
] as const;
/** Duration of a new cluster's drain before its creation is answered, ms. */
export const DRAIN_BOOT_MS = 20;
/** Messages to watchers in one turn; the rest follows in the next turn, after other requests. */
export const FLUSH_SLICE_MESSAGES = 100;
/** Delay of the alarm when work is left after a turn, ms: it continues the work if the object is evicted before. */
export const DRAIN_RESCUE_MS = 1000;
/** Duration for which a fork copies without pauses, ms; afterwards it pauses half of the time while other clusters share the thread. */
export const FORK_UNPAUSED_MS = 1_000;
/** Duration of the drain of a fork's source before the copy, ms: an idle source has complete timers. */
export const FORK_DRAIN_MS = 100;
/** Validity of a measured size of the database, ms. */
export const SIZE_MS = 200;
/** Retry-After of a watch that the plan refuses, seconds: when another one ends is unknown. */
export const WATCH_RETRY_SECONDS = 5;
