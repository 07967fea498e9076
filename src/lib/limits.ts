/** Every bound of a cluster, named with its unit, and what happens there. A value without an entry here is not a bound, it is a bug. */

/** Bytes of a request body; beyond it 413 RequestEntityTooLarge (upstream: 3 MiB). */
export const REQUEST_BODY_BYTES = 3 * 1024 * 1024;
/** Bytes of a too large body that are read and thrown away, so that the client comes to read the refusal; beyond it is cut off. */
export const REQUEST_DISCARD_BYTES = 16 * 1024 * 1024;
/** For how long, ms. */
export const REQUEST_DISCARD_MS = 500;
/** Levels of objects and lists in a request body; beyond it 400. */
export const JSON_DEPTH = 1_000;
/** Bytes of one stored object; beyond it 413 (a Durable Object's row holds 2 MB; etcd's limit is 1.5 MiB). */
export const OBJECT_BYTES = 1_572_864;
/** Decoded objects kept in memory, in bytes of their stored text; the least recently used go first. */
export const DECODED_MEMO_BYTES = 24 * 1024 * 1024;
/** Live states kept in memory as text, in bytes; the least recently used go first. */
export const ROW_MEMO_BYTES = 12 * 1024 * 1024;
/** The newest log rows kept in memory: what watchers and the reconciler read right after a write. Rows, and bytes of their text. */
export const RECENT_LOG_ROWS = 2_048;
export const RECENT_LOG_BYTES = 8 * 1024 * 1024;
/** Lists kept as they were put together, in bytes, until their resource changes. */
export const LIST_MEMO_BYTES = 8 * 1024 * 1024;
/** Resources, and resources in namespaces, of which the last change is known, so that lists of others are not put together anew. */
export const CHANGES_KEPT = 4096;
/** Bytes of a list's items put together by one statement (a value in a Durable Object's SQLite holds 2 MB). */
export const LIST_CHUNK_BYTES = 1_500_000;
/** Credentials of a cluster remembered after they were looked up. */
export const CREDENTIAL_MEMO_ENTRIES = 1_000;
/** Revisions of history kept at least; a watch or list from before them gets 410 Expired. */
export const HISTORY_REVISIONS = 10_000;
/** Revisions beyond HISTORY_REVISIONS that may pile up before a compaction runs. */
export const COMPACTION_SLACK_REVISIONS = 2_000;
/** Age of a list's first page beyond which its continue tokens are 410 Expired, ms (upstream compacts etcd every 5 min). */
export const CONTINUE_TTL_MS = 300_000;
/** How far, in revisions, the persisted dispatch cursor may lag behind what was dispatched; so many rows are mapped again after a crash. */
export const CURSOR_LAG_REVISIONS = 64;
/** Due timers taken in one step of a drain; the rest follow in the next. */
export const DUE_TIMERS_BATCH = 500;
/** Keys of patient controllers are taken one by one up to so many; of more, this share at a time. */
export const PATIENT_SINGLE_KEYS = 8;
export const PATIENT_SHARE = 1 / 4;
/** Back-off of a key whose reconcile was refused: first and longest, ms (upstream workqueue: 5 ms doubling to 1,000 s). */
export const RETRY_FIRST_MS = 5;
export const RETRY_MAX_MS = 1_000_000;
/** Rounds one key may be reconciled again at once (conflicts with its own plan) before it backs off. */
export const IMMEDIATE_RETRIES = 5;
/** Life of an Event after its last write, ms (upstream --event-ttl 1h). */
export const EVENT_TTL_MS = 3_600_000;
/** Spacing of the revision marks that date the history, ms. */
export const MARK_SPACING_MS = 600_000;
/** Events of one source about one object: burst, then one per refill (client-go's EventSourceObjectSpamFilter). */
export const EVENT_BURST = 25;
export const EVENT_REFILL_MS = 300_000;
/** Similar events (all but the message equal) before they are combined, and the window, ms (client-go's EventAggregator). */
export const EVENT_SIMILAR_MAX = 10;
export const EVENT_SIMILAR_WINDOW_MS = 600_000;
/** Entries the event correlator remembers. */
export const EVENT_MEMO_ENTRIES = 4096;
/** Pods that one plan of the scheduler decides on at most: a plan is one transaction, and others want their turn; the rest follow. */
export const SCHEDULER_BATCH_PODS = 100;
/** Selectors whose matching pods are counted on a node; beyond it the counts are forgotten and made anew when asked for. */
export const SELECTOR_COUNTERS_PER_NODE = 64;
/** How long a pod on a node without a free address waits before it asks again, ms. */
export const POD_ADDRESS_RETRY_MS = 10_000;
/** How long a node must be missing before its pods are collected, ms (podgc quarantineTime). */
export const MISSING_NODE_QUARANTINE_MS = 40_000;
/** How long the containers of a pod take to stop, ms: so long, at least, a deleted pod is seen as terminating. */
export const CONTAINERS_STOP_MS = 150;
/** Longest delay that the simulate annotation may ask for, seconds; longer ones are cut to it. */
export const SIMULATED_DELAY_MAX_SECONDS = 86_400;
/** Longest message of an Event, characters; longer ones are cut (apimachinery NoteLengthLimit). */
export const EVENT_NOTE_CHARACTERS = 1024;
/** Draining that may delay the answer of the request that caused it, ms; what is left follows in slices, other requests in between. */
export const DRAIN_FIRST_SLICE_MS = 4;
export const DRAIN_SLICE_MS = 50;
/** The drain of a new cluster, before it is answered. */
export const DRAIN_BOOT_MS = 20;
/** Messages to watchers in one turn; the rest follows at once, what is sent and other requests in between. */
export const FLUSH_SLICE_MESSAGES = 100;
/** When a drain goes on after its turn, the alarm stands by at most so far ahead, ms: it does the rest if the object dies before. */
export const DRAIN_RESCUE_MS = 1000;
/** Entries of all lists of an audit policy; beyond it 400. */
export const AUDIT_POLICY_ENTRIES = 10_000;
/** Bytes of an audit event; a longer one loses its bodies, and says so (upstream's truncating backend: 100 KiB). */
export const AUDIT_EVENT_BYTES = 100 * 1024;
/** Bytes of events that wait to be written together; at the bound they are written at once. */
export const AUDIT_BATCH_BYTES = 256 * 1024;
/** How long events of reads may wait in memory, ms: so much of them a crash may cost. Events of writes never wait. */
export const AUDIT_WAIT_MS = 250;
/** Bytes of a cluster's audit log, and how old its events may become, ms; beyond either the oldest go. */
export const AUDIT_LOG_BYTES = 64 * 1024 * 1024;
export const AUDIT_LOG_MS = 30 * 86_400_000;
/** Bytes of one page of the audit log. */
export const AUDIT_PAGE_BYTES = 1_000_000;
/** Characters of an Audit-ID that a client may choose; a longer one is replaced. */
export const AUDIT_ID_CHARACTERS = 256;
/** Clients of another cluster were in the same isolate less than so long ago: draining then goes in slices so short, ms. */
export const CROWD_MS = 3000;
export const CROWDED_SLICE_MS = 1;
/** How often as long as a slice took it then rests, and at most, ms. */
export const CROWDED_REST = 3;
export const CROWDED_REST_MS = 200;
/** Objects that one plan of a controller then writes at most; alone it is hundreds. */
export const CROWDED_PLAN_OBJECTS = 2;
/** Revisions that are then compacted in one go; alone it is all that there are. */
export const CROWDED_COMPACTION_REVISIONS = 200;
/** The local server: requests of one tenant that may be under way at once, and of one who takes much while others are there. */
export const FAIR_MOST = 32;
export const FAIR_GREEDY = 1;
/** Of the thread's time, how much a tenant gets while others are there: so many ms saved up, and this share from then on. */
export const FAIR_SAVED_MS = 30;
export const FAIR_SHARE = 1 / 3;
/** More than so much is not owed, ms. */
export const FAIR_DEBT_MS = 30;
/**
 * What requests are taken to take of the thread, ms: a read, a write (with its sync of the disk, which stops the thread), and a KiB of an
 * answer. Measured on an idle machine and not while they go, for a request that stands in line because of others would seem to be long.
 */
export const FAIR_READ_MS = 0.2;
export const FAIR_WRITE_MS = 2;
export const FAIR_KIB_MS = 0.006;
/** The same of the management API, which asks its database, makes clusters and tells them. */
export const FAIR_MANAGE_READ_MS = 1;
export const FAIR_MANAGE_WRITE_MS = 10;
/** Requests to the management API of one bearer under way at once while clusters are in use. */
export const FAIR_MANAGING = 2;
/** How long after its last request a tenant counts as there, and how often it is looked who has gone, ms. */
export const FAIR_PRESENT_MS = 3_000;
export const FAIR_SWEEP_MS = 250;
/** Sorts of new clusters that are remembered, each by what its first had when it came to rest: some 250 KB. */
export const MOULDS = 8;
/** Characters of the objects of one that is remembered; a cluster that begins with more is booted each time. */
export const MOULD_BYTES = 2 * 1024 * 1024;
/**
 * Objects of a fork that go at a time: rows, and bytes (as JSON in JSON at most twice as many; a value holds 2 MB). Reading and writing
 * them takes some ms, in which one local server does nothing else.
 */
export const FORK_CHUNK_ROWS = 300;
export const FORK_CHUNK_BYTES = 300_000;
/** How long a fork makes haste, ms; then it rests half of the time beside others on one machine. */
export const FORK_HASTE_MS = 1_000;
/** How long a revision that is copied is kept from compaction after the last read, ms; a slower copy fails. */
export const FORK_PIN_MS = 60_000;
/** Timers that a fork takes along; of a cluster with more, the fork derives them. */
export const FORK_TIMERS = 10_000;
/** How long the source of a fork may drain first, ms, so that nothing is dirty when it is copied. */
export const FORK_DRAIN_MS = 100;
/** A call to the world outside: characters of its address, redirects followed, bytes of its answer and ms until that is there; beyond, it fails. */
export const EGRESS_URL_CHARACTERS = 8192;
export const EGRESS_REDIRECTS = 5;
export const EGRESS_BYTES = 4 * 1024 * 1024;
export const EGRESS_MS = 15_000;
/** How long what reads were counted may wait in memory, ms: so much of it a crash may cost. Writes carry theirs. */
export const USAGE_FLUSH_MS = 200;
/** How often the deployment's database is told of a cluster's usage while that changes, ms. */
export const USAGE_PUSH_MS = 15_000;
/** How long the usage of many clusters is gathered to be told together, ms. */
export const USAGE_GATHER_MS = 1000;
/** Hours of usage that a cluster keeps by itself; older ones are in the deployment's database. */
export const USAGE_HOURS = 24 * 35;
/** Of a cluster that holds this share of the bytes that it may, only so many revisions of history are kept, so that deleting makes room. */
export const HISTORY_OF_FULLNESS = [
  { share: 0.95, revisions: 0 },
  { share: 0.8, revisions: 100 },
] as const;

/** What the plan of an account allows each of its clusters. Absent, or without an entry: no such bound. */
export interface ClusterLimits {
  /** Name of the plan, for refusals to say. */
  plan: string;
  /** Objects of all kinds; beyond it creations get 403 "exceeded quota". */
  objects?: number;
  /** Bytes of the database; beyond it creations, and updates by clients that make an object larger, get 403 "exceeded quota". */
  bytes?: number;
  /** Bytes of one object as it is stored; creations beyond it, and updates by clients that make it larger, get 413. */
  objectBytes?: number;
  /** Requests a second, and so many at once after a pause; beyond it 429 with Retry-After. */
  requestsPerSecond?: number;
  requestBurst?: number;
  /** Bytes a second of answers and events, and so many at once after a pause; beyond it the next requests get 429 with Retry-After. */
  egressPerSecond?: number;
  egressBurst?: number;
  /** Watches open at once; beyond it 429 with Retry-After. */
  watches?: number;
  /** How long a turn may work before requests come in between, ms. */
  turnMs?: number;
}
/** Requirements of a selector of a list or a watch, label and field together; beyond it 400 (SQLite's expressions and parameters are bounded). */
export const SELECTOR_TERMS = 16;
