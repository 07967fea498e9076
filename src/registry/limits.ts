/** Bounds of registry/, each with its unit and what happens there. */

/** Bytes of one stored object; beyond it 500 in etcd's words (a Durable Object's row holds 2 MB; etcd's limit is 1.5 MiB). */
export const OBJECT_BYTES = 1_572_864;
/** Decoded objects kept in memory, in bytes of their stored text; the least recently used are dropped first. */
export const DECODED_MEMO_BYTES = 24 * 1024 * 1024;
/** Age of a list's first page beyond which its continue tokens are 410 Expired, ms (upstream compacts etcd every 5 min). */
export const CONTINUE_TTL_MS = 300_000;
/**
 * Requirements of a selector of a list or a watch, label and field together; beyond it 400 (SQLite's expressions and parameters
 * are bounded).
 */
export const SELECTOR_TERMS = 16;
/** Derived indexes kept of one view; the oldest are dropped first and built again when read. */
export const VIEW_INDEXES = 16;
/** Attempts with new suffixes before the creation of a generated name is 409 (upstream maxNameGenerationCreateAttempts). */
export const GENERATE_ATTEMPTS = 8;
/** Entries of updates in managedFields; beyond it the oldest are merged (upstream DefaultMaxUpdateManagers). */
export const UPDATE_MANAGERS_MAX = 10;
/** Operations of a JSON patch; beyond it 413 (upstream maxJSONPatchOperations). */
export const OPERATIONS_MAX = 10_000;
