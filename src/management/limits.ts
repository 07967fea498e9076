/** Every bound of the management API, with its unit. At a bound the answer is 429 `limit-reached`, beyond a shape 400. */

/** Tokens of one account. */
export const TOKENS_PER_ACCOUNT = 1_000;
/** Clusters that a token may name. */
export const CLUSTERS_PER_TOKEN = 100;
/** Credentials of a cluster, expired ones apart. */
export const CREDENTIALS_PER_CLUSTER = 1_000;
/** Groups of a credential, and characters of a user's or group's name; beyond it 400. */
export const GROUPS_PER_CREDENTIAL = 32;
export const IDENTITY_LENGTH = 253;
/** Longest overlap in which a rotated secret still counts, seconds; beyond it 400. */
export const ROTATION_OVERLAP_SECONDS = 7 * 24 * 3600;
/** Longest life that `expiresIn` may ask for, seconds; beyond it 400. */
export const EXPIRES_IN_SECONDS = 10 * 365 * 24 * 3600;
/** Clusters that a revocation notifies before it answers, and how many of them at once; a task notifies the rest. */
export const REVOKE_CLUSTERS = 500;
export const REVOKE_AT_ONCE = 32;
/** Time for a revocation to finish before the task takes it over, ms. */
export const REVOKE_STANDBY_MS = 10_000;
/** Labels of a cluster or a token. */
export const LABELS = 32;
/** Characters of a name. */
export const NAME_LENGTH = 63;
/** Entries of one page of a list. */
export const PAGE_MAX = 500;
/** Virtual nodes of a cluster; beyond it 400. */
export const NODES_PER_CLUSTER = 100;
/** Age at which entries of the management audit log are deleted, ms, and how many are deleted at once. */
export const AUDIT_KEPT_MS = 400 * 86_400_000;
export const AUDIT_PURGE_ROWS = 1_000;
/** Characters of a path parameter in an audit entry; longer ones are cut. */
export const AUDIT_TARGET_LENGTH = 128;
/** Events of a page of a cluster's audit log. */
export const AUDIT_EVENTS_PER_PAGE = 1_000;
/** Bytes of a request body; beyond it 413. */
export const BODY_BYTES = 64 * 1024;

/** Pause between two parts of a task that has more to do, ms. */
export const TASK_AGAIN_MS = 100;
/** Pause of a failed task, ms: the first, doubled with each failure up to the second. */
export const TASK_RETRY_FIRST_MS = 1_000;
export const TASK_RETRY_MAX_MS = 15 * 60_000;
/** After a wake-up so recent the task runner looks again: the row may not be written yet, ms. */
export const TASKS_LOOK_AGAIN_MS = 60_000;
/** Retention of finished operations, ms. */
export const OPERATION_KEPT_MS = 30 * 24 * 3_600_000;

/** Issuers that a deployment may have. */
export const ISSUERS = 20;
/** Timeout of a call to an issuer, ms; beyond it 502. */
export const ISSUER_TIMEOUT_MS = 10_000;
/** Time to sign in or to approve a device, ms. */
export const SIGN_IN_MS = 15 * 60_000;
/** Pending sign-ins of the whole deployment; beyond it 429 `rate-limited`. */
export const SIGN_INS_OPEN = 20_000;
/** Seconds between two polls of a device; sooner is `slow_down`. */
export const DEVICE_POLL_SECONDS = 2;
/** Lifetime of a device's session, ms. */
export const SESSION_MS = 30 * 24 * 3_600_000;
/** Lifetime of a browser's session, ms: it only approves devices. */
export const BROWSER_SESSION_MS = 12 * 3_600_000;
/** Sessions of one person; one more deletes the oldest. */
export const SESSIONS_PER_PERSON = 100;
/** Characters of a person's name, of a device's name and of an e-mail address. */
export const PERSON_NAME_LENGTH = 200;
export const DEVICE_NAME_LENGTH = 100;
export const EMAIL_LENGTH = 254;
/** Accounts that one person may be a member of. */
export const ACCOUNTS_PER_PERSON = 100;
/** Members of one account. */
export const MEMBERS_PER_ACCOUNT = 1_000;
/** Pending invitations of one account. */
export const INVITATIONS_PER_ACCOUNT = 500;
/** Lifetime of an invitation: default and maximum, ms. */
export const INVITATION_MS = 7 * 24 * 3_600_000;
export const INVITATION_MAX_MS = 90 * 24 * 3_600_000;
/** Clusters that one step of an account's deletion destroys. */
export const CLUSTERS_PER_DELETION_STEP = 20;
/** Retention of the answer to a POST with an Idempotency-Key, ms; and of a key without an answer. */
export const IDEMPOTENCY_KEPT_MS = 24 * 3_600_000;
export const IDEMPOTENCY_PENDING_MS = 60_000;
/** Characters of an Idempotency-Key; beyond it 400. */
export const IDEMPOTENCY_KEY_LENGTH = 255;
/** Characters of an answer that is stored for its Idempotency-Key; a longer one is computed again. */
export const ANSWER_KEPT_BYTES = 256 * 1024;
/** Grace period of a deleted cluster: default and maximum, seconds. */
export const GRACE_SECONDS = 24 * 3600;
export const GRACE_MAX_SECONDS = 30 * 24 * 3600;
/** Deleted clusters that an account keeps restorable; beyond it the first deleted are purged at once. */
export const DELETED_CLUSTERS_PER_ACCOUNT = 1_000;
/** Time for a change to notify the cluster's object before a task does it, ms. */
export const NOTIFY_STANDBY_MS = 10_000;
/** Time without progress after which a task aborts a cluster that is being created, ms. */
export const PROVISIONING_MS = 60_000;
/** Time that a fork request copies before it answers with an operation, and time of one copy step, ms. */
export const FORK_INLINE_MS = 2_000;
export const FORK_STEP_MS = 250;
/** Time that the task runner spends on one fork before its other tasks, ms. */
export const FORK_TURN_MS = 2_000;
/** Characters of a label selector; beyond it 400. */
export const SELECTOR_LENGTH = 2_000;
/** Clusters per step of a task. */
export const CLUSTERS_PER_TASK_STEP = 50;
/** Pause before clusters that could not be notified of a plan are notified again, ms. */
export const PLAN_RETRY_MS = 30_000;
/** Requests a second of one person or token, and the burst after a pause; beyond it 429 `rate-limited`. */
export const PRINCIPAL_PER_SECOND = 500;
export const PRINCIPAL_BURST = 5_000;
/** The same for unauthenticated requests: of one address, and of all addresses together. */
export const ANONYMOUS_PER_SECOND = 50;
export const ANONYMOUS_BURST = 1_000;
export const ANONYMOUS_TOTAL_PER_SECOND = 200;
export const ANONYMOUS_TOTAL_BURST = 2_000;
/** Rate limiters that an isolate keeps in memory. */
export const RATES_KEPT = 10_000;
/** Longest time range of a usage query, ms; beyond it 400. */
export const USAGE_RANGE_MS = 400 * 86_400_000;
/** Rows of usage written by one statement. */
export const RECORD_ROWS = 1000;
/** Precision of a token's "last used", ms: one write per request would be too much. */
export const LAST_USED_MS = 60_000;
/** Attempts of a change that others make concurrently, of a cluster or of a credential's name; then 409. */
export const CONFLICT_RETRIES = 5;
/** Expired tokens per step of a task. */
export const EXPIRED_TOKENS_PER_TASK_STEP = 100;
/** Time by which a device may poll early, ms: clocks and networks are not exact. */
export const POLL_TOLERANCE_MS = 500;
