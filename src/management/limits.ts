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
/** Clusters that one revocation tells itself, and how many at once; the rest follows as a task. */
export const REVOKE_CLUSTERS = 500;
export const REVOKE_AT_ONCE = 32;
/** How long whoever revokes has for it before the task does it too, ms. */
export const REVOKE_STANDBY_MS = 10_000;
/** Labels of a cluster or a token. */
export const LABELS = 32;
/** Characters of a name. */
export const NAME_LENGTH = 63;
/** Entries of one page of a list. */
export const PAGE_MAX = 500;
/** Virtual nodes of a cluster; beyond it 400. */
export const NODES_PER_CLUSTER = 100;
/** How long the audit log of the management API reaches back, ms, and how many rows go at once. */
export const AUDIT_KEPT_MS = 400 * 86_400_000;
export const AUDIT_PURGE_ROWS = 1_000;
/** Characters of what an audit entry says of an address; longer texts are cut. */
export const AUDIT_TARGET_LENGTH = 128;
/** Events of a page of a cluster's audit log. */
export const AUDIT_EVENTS_PER_PAGE = 1_000;
/** Bytes of a request body; beyond it 413. */
export const BODY_BYTES = 64 * 1024;

/** Pause between two parts of a task that has more to do, ms. */
export const TASK_AGAIN_MS = 100;
/** How long a task rests that failed: at first, and doubling up to at most, ms. */
export const TASK_RETRY_FIRST_MS = 1_000;
export const TASK_RETRY_MAX_MS = 15 * 60_000;
/** When something was announced so recently, the task runner looks again: it may not be written yet, ms. */
export const TASKS_LOOK_AGAIN_MS = 60_000;
/** How long a finished operation can be asked about, ms. */
export const OPERATION_KEPT_MS = 30 * 24 * 3_600_000;

/** Issuers that a deployment may have. */
export const ISSUERS = 20;
/** How long an issuer may take to answer, ms; beyond it 502. */
export const ISSUER_TIMEOUT_MS = 10_000;
/** How long somebody may take to sign in, or to approve a device, ms. */
export const SIGN_IN_MS = 15 * 60_000;
/** Sign-ins under way in the whole deployment; beyond it 429 `rate-limited`. */
export const SIGN_INS_OPEN = 20_000;
/** Seconds between two looks of a device whether its person has approved it; sooner is `slow_down`. */
export const DEVICE_POLL_SECONDS = 2;
/** How long a session of a device lasts, ms. */
export const SESSION_MS = 30 * 24 * 3_600_000;
/** How long a browser stays signed in, ms: it approves devices, nothing else. */
export const BROWSER_SESSION_MS = 12 * 3_600_000;
/** Sessions of one person; the oldest goes when there is one more. */
export const SESSIONS_PER_PERSON = 100;
/** Characters of a person's name, of a device's name and of an e-mail address. */
export const PERSON_NAME_LENGTH = 200;
export const DEVICE_NAME_LENGTH = 100;
export const EMAIL_LENGTH = 254;
/** Accounts that one person may be a member of. */
export const ACCOUNTS_PER_PERSON = 100;
/** Members of one account. */
export const MEMBERS_PER_ACCOUNT = 1_000;
/** Invitations of one account that wait to be accepted. */
export const INVITATIONS_PER_ACCOUNT = 500;
/** How long an invitation stands when nobody says how long, and at most, ms. */
export const INVITATION_MS = 7 * 24 * 3_600_000;
export const INVITATION_MAX_MS = 90 * 24 * 3_600_000;
/** Clusters that one step of an account's deletion destroys. */
export const CLUSTERS_PER_DELETION_STEP = 20;
/** How long the answer to a POST with an Idempotency-Key is kept, ms; and for how long one without an answer holds the key. */
export const IDEMPOTENCY_KEPT_MS = 24 * 3_600_000;
export const IDEMPOTENCY_PENDING_MS = 60_000;
/** Characters of an Idempotency-Key; beyond it 400. */
export const IDEMPOTENCY_KEY_LENGTH = 255;
/** Characters of an answer that is kept for its Idempotency-Key; a longer one is made again. */
export const ANSWER_KEPT_BYTES = 256 * 1024;
/** How long a deleted cluster can be restored when nobody says otherwise, and at most, seconds. */
export const GRACE_SECONDS = 24 * 3600;
export const GRACE_MAX_SECONDS = 30 * 24 * 3600;
/** Deleted clusters of an account that wait for their end; of more, those that were deleted first go at once. */
export const DELETED_CLUSTERS_PER_ACCOUNT = 1_000;
/** How long whoever changes a cluster has for telling its object before a task does it too, ms. */
export const NOTIFY_STANDBY_MS = 10_000;
/** How long a cluster may be in the making without a sign of life before a task takes it away, ms. */
export const PROVISIONING_MS = 60_000;
/** How long a fork works before whoever asked is answered "it is on its way", and one step of it, ms. */
export const FORK_INLINE_MS = 2_000;
export const FORK_STEP_MS = 250;
/** How long the task runner goes on with one fork before it looks at its other tasks, ms. */
export const FORK_TURN_MS = 2_000;
/** Characters of a label selector; beyond it 400. */
export const SELECTOR_LENGTH = 2_000;
/** Clusters that one part of a task is about. */
export const CLUSTERS_PER_TASK_STEP = 50;
/** When clusters that could not be told of a plan are told again, ms. */
export const PLAN_RETRY_MS = 30_000;
/** Requests a second of one person or token, and so many at once after a pause; beyond it 429 `rate-limited`. */
export const PRINCIPAL_PER_SECOND = 500;
export const PRINCIPAL_BURST = 5_000;
/** The same of one address from which somebody asks who is not known, and of all such together. */
export const ANONYMOUS_PER_SECOND = 50;
export const ANONYMOUS_BURST = 1_000;
export const ANONYMOUS_TOTAL_PER_SECOND = 200;
export const ANONYMOUS_TOTAL_BURST = 2_000;
/** Rates that an isolate keeps in memory. */
export const RATES_KEPT = 10_000;
/** Longest time that usage can be asked for at once, ms; beyond it 400. */
export const USAGE_RANGE_MS = 400 * 86_400_000;
