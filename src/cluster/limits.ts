/** Bounds of one cluster, each with its unit and what happens there. */

/** Credentials of a cluster remembered after they were looked up. */
export const CREDENTIAL_MEMO_ENTRIES = 1_000;
/** Bytes of events that wait to be written together; at the bound they are written at once. */
export const AUDIT_BATCH_BYTES = 256 * 1024;
/** Bytes of a cluster's audit log, and how old its events may become, ms; beyond either the oldest go. */
export const AUDIT_LOG_BYTES = 64 * 1024 * 1024;
export const AUDIT_LOG_MS = 30 * 86_400_000;
/** Bytes of one page of the audit log. */
export const AUDIT_PAGE_BYTES = 1_000_000;
/** Revisions that are then compacted in one go; alone it is all that there are. */
export const CONTENDED_COMPACTION_REVISIONS = 200;
/** Boot snapshots kept, one per set of cluster options: some 250 KB each. */
export const BOOT_SNAPSHOTS = 8;
/** Characters of the objects of one that is remembered; a cluster that begins with more is booted each time. */
export const BOOT_SNAPSHOT_BYTES = 2 * 1024 * 1024;
/**
 * Objects of a fork that go at a time: rows, and bytes (as JSON in JSON at most twice as many; a value holds 2 MB). Reading and writing
 * them takes some ms, in which one local server does nothing else.
 */
export const FORK_CHUNK_ROWS = 300;
export const FORK_CHUNK_BYTES = 300_000;
/** How long a revision that is copied is kept from compaction after the last read, ms; a slower copy fails. */
export const FORK_PIN_MS = 60_000;
/** Timers that a fork takes along; of a cluster with more, the fork derives them. */
export const FORK_TIMERS = 10_000;
/** How often a cluster's usage is reported to the deployment's database while it changes, ms. */
export const USAGE_PUSH_MS = 15_000;
/** Hours of usage that a cluster keeps by itself; older ones are in the deployment's database. */
export const USAGE_HOURS = 24 * 35;
/** Of a cluster that holds this share of the bytes that it may, only so many revisions of history are kept, so that deleting makes room. */
export const HISTORY_OF_FULLNESS = [
  { share: 0.95, revisions: 0 },
  { share: 0.8, revisions: 100 },
] as const;
/** The drain of a new cluster, before it is answered. */
export const DRAIN_BOOT_MS = 20;
/** Messages to watchers in one turn; the rest follows at once, what is sent and other requests in between. */
export const FLUSH_SLICE_MESSAGES = 100;
/** When a drain goes on after its turn, the alarm stands by at most so far ahead, ms: it does the rest if the object dies before. */
export const DRAIN_RESCUE_MS = 1000;
/** How long a fork copies without pauses, ms; then it pauses half of the time beside others on one machine. */
export const FORK_UNPAUSED_MS = 1_000;
/** How long the source of a fork may drain first, ms, so that nothing is dirty when it is copied. */
export const FORK_DRAIN_MS = 100;
