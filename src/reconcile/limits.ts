/** Bounds of reconcile/, each with its unit and what happens there. */

/** Revisions by which the persisted cursor may lag behind the dispatched one; after a crash at most this number of rows is mapped again. */
export const CURSOR_LAG_REVISIONS = 64;
/** Due timers taken in one step of a drain; the rest follow in the next. */
export const DUE_TIMERS_BATCH = 500;
/** Low-priority keys up to this number are taken one by one; of more, this share at a time. */
export const LOW_PRIORITY_SINGLE_KEYS = 8;
export const LOW_PRIORITY_SHARE = 1 / 4;
/** Back-off of a key whose reconcile was refused: first and maximum, ms (client-go's DefaultTypedControllerRateLimiter: 5 ms to 1,000 s). */
export const RETRY_FIRST_MS = 5;
export const RETRY_MAX_MS = 1_000_000;
/** Immediate retries of a key after conflicts before it backs off. */
export const IMMEDIATE_RETRIES = 5;
/** Events of one source about one object: burst, then one per refill, ms (client-go's EventSourceObjectSpamFilter). */
export const EVENT_BURST = 25;
export const EVENT_REFILL_MS = 300_000;
/** Similar events (equal but for the message) before they are combined, and the window, ms (client-go's EventAggregator). */
export const EVENT_SIMILAR_MAX = 10;
export const EVENT_SIMILAR_WINDOW_MS = 600_000;
/** Entries of each map of the event correlator; beyond it the oldest is evicted. */
export const EVENT_MEMO_ENTRIES = 4096;
/** Timeout of a reconcile's question, ms; then the reconcile runs with a failed answer. */
export const QUESTION_MS = 30_000;
/** Runs of one attempt that may end with a question; then its key is retried with back-off. */
export const RECONCILE_ROUNDS = 8;
/** Concurrent questions of a cluster's reconciles; the others follow. */
export const QUESTIONS_MAX = 64;
/** Concurrent sends of the outbox; the other effects follow. */
export const OUTBOX_BATCH = 32;
/** Back-off of an effect that failed: first and maximum, ms. After this number of sends its failure is the outcome. */
export const OUTBOX_FIRST_MS = 1_000;
export const OUTBOX_MAX_MS = 3_600_000;
export const OUTBOX_SENDS = 16;
/** Timeout of one send of an effect, ms; then it is sent again. */
export const OUTBOX_SENDING_MS = 60_000;
/** Maximum number of objects that one plan writes (upstream's BurstReplicas of a ReplicaSet); the changes make the key dirty for the rest. */
export const PLAN_WRITES_MAX = 500;
