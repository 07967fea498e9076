/** Bounds of reconcile/, each with its unit and what happens there. */

/** How far, in revisions, the persisted dispatch cursor may lag behind what was dispatched; so many rows are mapped again after a crash. */
export const CURSOR_LAG_REVISIONS = 64;
/** Due timers taken in one step of a drain; the rest follow in the next. */
export const DUE_TIMERS_BATCH = 500;
/** Keys of low-priority controllers are taken one by one up to so many; of more, this share at a time. */
export const LOW_PRIORITY_SINGLE_KEYS = 8;
export const LOW_PRIORITY_SHARE = 1 / 4;
/** Back-off of a key whose reconcile was refused: first and longest, ms (upstream workqueue: 5 ms doubling to 1,000 s). */
export const RETRY_FIRST_MS = 5;
export const RETRY_MAX_MS = 1_000_000;
/** Rounds one key may be reconciled again at once (conflicts with its own plan) before it backs off. */
export const IMMEDIATE_RETRIES = 5;
/** Events of one source about one object: burst, then one per refill (client-go's EventSourceObjectSpamFilter). */
export const EVENT_BURST = 25;
export const EVENT_REFILL_MS = 300_000;
/** Similar events (all but the message equal) before they are combined, and the window, ms (client-go's EventAggregator). */
export const EVENT_SIMILAR_MAX = 10;
export const EVENT_SIMILAR_WINDOW_MS = 600_000;
/** Entries the event correlator remembers. */
export const EVENT_MEMO_ENTRIES = 4096;
/** How long a reconcile waits for an answer from the outside, ms; then it goes on with the answer that there was none. */
export const QUESTION_MS = 30_000;
/** Runs of one reconcile that may end with a question; then its key is retried with back-off. */
export const RECONCILE_ROUNDS = 8;
/** Questions of a cluster's reconciles that are under way at once; the others follow. */
export const QUESTIONS_MAX = 64;
/** Effects of the outbox that are under way at once; the others follow. */
export const OUTBOX_BATCH = 32;
/** Back-off of an effect that failed: first and longest, ms. After so many sends its failure is the outcome. */
export const OUTBOX_FIRST_MS = 1_000;
export const OUTBOX_MAX_MS = 3_600_000;
export const OUTBOX_SENDS = 16;
/** How long the answer to an effect is waited for, ms; then it is sent again. */
export const OUTBOX_SENDING_MS = 60_000;
/** Objects that one plan writes at most (upstream's burst of a ReplicaSet); what they cause brings the key back for the rest. */
export const PLAN_WRITES_MAX = 500;
