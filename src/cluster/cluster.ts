import { AdmissionChain } from '../admission/chain.ts';
import { escalationGuard } from '../authz/escalation.ts';
import { type KindTable, kindTable } from '../api/kinds.ts';
import type { Kind } from '../api/machinery/define-kind.ts';
import { isStream, type StreamAnswer } from '../apiserver/messages.ts';
import { type ApiRequest, type ApiResponse, ApiServer, type Pending } from '../apiserver/server.ts';
import { resumptions } from '../apiserver/streams/table.ts';
import { controllersFor } from '../controllers/table.ts';
import { kubelet } from '../kubelet/controller.ts';
import { virtualNodes } from '../kubelet/node.ts';
import { runtimesOf } from '../kubelet/runtime-class.ts';
import { tokenIssuer } from '../authn/issuer.ts';
import { CONTENDED_COMPACTION_REVISIONS } from './limits.ts';
import { USAGE_FLUSH_MS } from '../lib/limits.ts';
import type { Message, Session, StreamPort, StreamSpec } from '../lib/stream.ts';
import type { NewCredential, Revoked } from '../tenancy/credentials.ts';
import { serviceAllocator } from '../network/ipam.ts';
import { type Answered, AttemptScope } from '../lib/ask.ts';
import type { Outgoing } from '../reconcile/outbox.ts';
import type { Controller, Key as ObjectKey } from '../reconcile/plan.ts';
import { Reconciler } from '../reconcile/reconciler.ts';
import { Registry } from '../registry/registry.ts';
import { runtimesFor } from '../runtimes/table.ts';
import { scheduler } from '../scheduler/controller.ts';
import { Retention } from '../store/retention.ts';
import { getMeta, isInitialised, migrate, setMeta } from '../store/schema.ts';
import { Store } from '../store/store.ts';
import { earliest } from '../time/alarm.ts';
import { Timers } from '../time/timers.ts';
import { AuditLog } from './audit.ts';
import { Authentication } from './authentication.ts';
import { writeBootstrap } from './boot.ts';
import { Credentials, isRevoked } from './credentials.ts';
import { BootSnapshots, capture, restore } from './boot-snapshot.ts';
import { EVENTS, expireEvents } from './event-expiry.ts';
import { derived, Exports, type ForkChunk, type ForkStart, type Key, mustDerive } from './fork.ts';
import { bindRole, ROLE_GROUPS, SYSTEM } from './roles.ts';
import { Limits, takeLimits, WAIT_HEADER } from './plan-limits.ts';
import type { ClusterOptions } from '../tenancy/cluster.ts';
import { readLifecycle, SUSPENDED } from './lifecycle.ts';
import { type Platform, reporterOf } from './platform.ts';
import { boundStream, Sessions } from './sessions.ts';
import { Usage } from './usage.ts';

/** Methods of requests that change nothing. */
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** The status of requests that are nobody's, and stands for those that came too soon. */
const UNCOUNTED = 401;
const TOO_MANY = 429;

/** One cluster, composed of its parts. Synchronous; Turns calls the phases in their order, and sets the alarm last. */
export class Cluster {
  readonly options: ClusterOptions;
  readonly registry: Registry;
  readonly timers: Timers;
  readonly credentials: Credentials;
  readonly audit: AuditLog;
  readonly authentication: Authentication;
  readonly usage: Usage;
  readonly limits: Limits;
  readonly reconciler: Reconciler;
  readonly controllers: readonly Controller[];
  readonly runtimes: ReturnType<typeof runtimesOf>;
  readonly #store: Store;
  readonly #api: ApiServer;
  /** A value that is replaced, never changed. */
  #kinds: KindTable;
  readonly #retention: Retention;
  readonly #sessions: Sessions;
  readonly #exports: Exports;
  /** Nobody is served, and nothing goes on. */
  readonly #suspended: boolean;
  /** Everything has still to be looked at once. */
  #derive = false;
  #dirty = true;
  /** Set while the cluster is freshly booted and unused: once idle, it can be captured. */
  #fresh: { at: number; bootSnapshots: BootSnapshots } | undefined;

  private constructor(platform: Platform, options: ClusterOptions) {
    const { sql, crypto, facts } = platform;
    const random = new AttemptScope(platform.random);
    const failed = reporterOf(platform, options.id);
    this.options = options;
    this.#kinds = kindTable(options.legacyApis ?? false);
    const store = new Store(sql);
    this.#store = store;
    const signer = { privateKey: getMeta(sql, 'signing-key') ?? '', publicKey: getMeta(sql, 'signing-key.pub') ?? '' };
    this.usage = new Usage(
      store,
      () => sql.size(),
      (error) => failed('usage', error),
    );
    this.limits = new Limits(store, () => this.#sessions.size);
    this.registry = new Registry({
      kinds: () => this.#kinds,
      store,
      random,
      // What the plan allows is asked last: only what everybody else lets pass counts.
      admission: [
        escalationGuard,
        new AdmissionChain({ authorize: (...asked) => this.#api.authorizer.allows(...asked) }),
        this.limits,
      ],
      allocators: { services: serviceAllocator },
      tokens: tokenIssuer({ crypto, signer, random }),
    });
    const sent = (bytes: number, now: number) => this.limits.sent(bytes, now);
    const streams = resumptions(this.registry);
    this.#sessions = new Sessions({ resumptions: streams, sent, failed: (error) => failed('stream', error) });
    this.timers = new Timers(sql);
    store.keepInStep(this.timers);
    this.credentials = new Credentials(sql, crypto);
    this.audit = new AuditLog(sql, random);
    this.authentication = new Authentication(sql, () => this.#sessions.end((spec) => spec.issued === true));
    this.#retention = new Retention(store, EVENTS);
    this.#exports = new Exports(store);
    this.#suspended = readLifecycle(sql).state === 'suspended';
    this.#api = new ApiServer({
      registry: this.registry,
      scope: random,
      crypto,
      credentials: this.credentials,
      issuers: this.authentication,
      signer,
      audit: this.audit,
      limits: this.limits,
      ...(this.#suspended && { unavailable: SUSPENDED }),
      ...(facts && { facts }),
    });
    const runtimes = (platform.runtimesFor ?? runtimesFor)({ sql });
    this.controllers = options.apiOnly ? [] : [...controllersFor({ caPem: options.caPem }), scheduler, kubelet(runtimes)];
    this.reconciler = new Reconciler({
      registry: this.registry,
      view: this.registry.view,
      sql,
      timers: this.timers,
      controllers: this.controllers,
      scope: random,
    });
    this.#derive = !this.#suspended && mustDerive(sql);
    if (this.#derive) this.reconciler.resync();
    // Signals are not kept: a cluster that opens asks every runtime which pods it has news of.
    this.runtimes = this.#suspended || options.apiOnly ? [] : runtimesOf(runtimes);
    for (const runtime of this.runtimes) {
      runtime.onChange?.((pod) => this.signal('kubelet', pod));
      for (const pod of runtime.news?.() ?? []) this.signal('kubelet', pod);
    }
  }

  /** Makes a key of a controller dirty: something outside of the log happened that it is to look at. */
  signal(controller: string, key: ObjectKey): void {
    this.#dirty = true;
    this.reconciler.signal(controller, key);
  }

  /** The cluster in this database, or undefined: none was ever created there, or it is deleted. Writes nothing. */
  static open(platform: Platform): Cluster | undefined {
    if (!isInitialised(platform.sql)) return undefined;
    const options = getMeta(platform.sql, 'options');
    if (options === undefined || readLifecycle(platform.sql).state === 'deleted') return undefined;
    migrate(platform.sql);
    return new Cluster(platform, JSON.parse(options));
  }

  /** Makes a cluster in an empty database. Throws when there is one. */
  static create(platform: Platform, options: ClusterOptions, now: number): Cluster {
    if (isInitialised(platform.sql)) throw new Error('there is a cluster already');
    return platform.sql.transaction(() => {
      migrate(platform.sql);
      const { limits, ...kept } = options;
      setMeta(platform.sql, 'options', JSON.stringify(kept));
      if (limits) takeLimits(platform.sql, limits);
      const key = platform.crypto.generateKey();
      setMeta(platform.sql, 'signing-key', key.privateKey);
      setMeta(platform.sql, 'signing-key.pub', key.publicKey);
      const snapshot = platform.bootSnapshots?.of(kept);
      const settled = snapshot
        ? restore(platform.sql, snapshot, platform.random, now)
        : writeBootstrap(new Store(platform.sql), platform.random, now, options.caPem);
      setMeta(platform.sql, 'cursor', String(settled));
      const cluster = new Cluster(platform, kept);
      cluster.usage.work(now);
      if (snapshot) return cluster as never;
      if (!options.apiOnly) cluster.#addNodes(options.nodes ?? 3, now);
      if (platform.bootSnapshots) cluster.#fresh = { at: now, bootSnapshots: platform.bootSnapshots };
      return cluster as never;
    });
  }

  #addNodes(count: number, now: number): void {
    const kind = this.registry.kinds.byResource('nodes');
    for (const node of kind ? virtualNodes(count, now) : [])
      this.registry.create(kind as Kind, node, { namespace: '', user: SYSTEM, now, fieldManager: 'atoll' });
  }

  /** A bearer token of this cluster; shown once. */
  issue({ id, username, role, groups = [], expires }: NewCredential, now: number): string {
    if ((role === 'view' || role === 'edit') && bindRole(this.registry, role, now)) {
      this.#dirty = true;
      this.#fresh = undefined;
    }
    this.credentials.forget(now);
    const user = { username, groups: [...ROLE_GROUPS[role], ...groups, 'system:authenticated'] };
    return this.credentials.issue(id, { user, ...(expires !== undefined && { expires }) });
  }

  /** Their tokens are unknown from now on, and the watches that they opened end. */
  revoke(which: Revoked): void {
    this.credentials.revoke(which);
    this.#sessions.end((spec) => isRevoked(which, spec.credential));
  }

  /** They expire at the latest then, and with them the watches that they opened. */
  expire(ids: readonly string[], at: number): void {
    this.credentials.expire(ids, at);
    this.#sessions.expire((spec) => this.credentials.expiryOf(spec.credential) ?? spec.expires);
  }

  /** Serves these kinds beside the built-in ones from now on, and no others. */
  define(extra: readonly Kind[]): void {
    this.#kinds = kindTable(this.options.legacyApis ?? false, extra);
  }

  /** Answers one request, or says what must be asked first. What it made dirty is left to drain. */
  handle(request: ApiRequest): ApiResponse | Pending {
    this.#dirty = true;
    this.#fresh = undefined;
    this.usage.request(request.now, !READS.has(request.method));
    return this.#counted(request, () => this.#api.handle(request));
  }

  /** Goes on with a request whose questions were answered. */
  answer(pending: Pending, answers: readonly Answered[], now: number): ApiResponse | Pending {
    this.#dirty = true;
    return this.#counted(pending.attempt.call.request, () => this.#api.answer(pending, answers, now));
  }

  /** Opening the answer makes the stream one of the cluster's. */
  #streamed(answer: StreamAnswer, now: number): StreamAnswer {
    boundStream(answer.spec, this.credentials.expiryOf(answer.spec.credential), now);
    return { ...answer, open: (port) => this.#sessions.open(answer.open, port, now) };
  }

  /** Counted before it is answered: what it writes carries the count. */
  #counted(request: ApiRequest, run: () => ApiResponse | Pending): ApiResponse | Pending {
    const mutates = !READS.has(request.method);
    let status = 500;
    try {
      const answer = run();
      if ('questions' in answer) status = 0;
      if ('questions' in answer) return answer;
      status = answer.status === TOO_MANY && answer.headers[WAIT_HEADER] ? UNCOUNTED : answer.status;
      if (isStream(answer)) return this.#streamed(answer, request.now);
      if (answer.status !== TOO_MANY) this.limits.sent(answer.bytes?.length ?? answer.body.length, request.now);
      return answer;
    } finally {
      if (status === UNCOUNTED) this.usage.refused(mutates);
      else if (mutates && status >= 300) this.usage.failed();
    }
  }

  /** The session of a stream that slept, from what its port kept; undefined when there is no such stream any more. */
  resume(spec: StreamSpec, port: StreamPort): Session | undefined {
    return this.#sessions.resume(spec, port);
  }

  /** Takes a message of a stream's client. */
  receive(session: Session, message: Message, now: number): void {
    this.#dirty = true;
    this.#sessions.receive(session, message, now);
  }

  /** A stream is over, whoever ended it. */
  closed(session: Session, now: number): void {
    this.#sessions.remove(session);
    if (session.spec.audit !== undefined) this.audit.ended(session.spec.audit, now);
  }

  /** How many streams are open. */
  get watchers(): number {
    return this.#sessions.size;
  }

  /** Works until nothing is dirty (true) or `more()` says stop (false). `maxWrites`: objects that one plan may write, where others share the thread. */
  drain(now: number, more?: () => boolean, maxWrites?: number): boolean {
    this.usage.work(now);
    const reconciled = this.reconciler.drain(now, more, maxWrites);
    this.#capture(reconciled, now);
    const quiet = reconciled && (this.#suspended || this.#rest(now, maxWrites !== undefined));
    this.#dirty = !quiet;
    return quiet;
  }

  /** Those that follow shall be as this one has become. */
  #capture(quiet: boolean, now: number): void {
    const fresh = this.#fresh;
    if (!fresh) return;
    this.#fresh = undefined;
    const snapshot = quiet && fresh.at === now ? capture(this.#store.sql, now) : undefined;
    if (snapshot) fresh.bootSnapshots.keep(this.options, snapshot);
  }

  /** What is left to do once all is quiet. False: there is more of it. */
  #rest(now: number, isContended: boolean): boolean {
    if (this.#derive) derived(this.#store.sql);
    this.#derive = false;
    this.#retention.checkpoint(now);
    const keep = this.limits.history(now);
    // What was dispatched is needed until that is written down, which is done now and then only.
    if (keep !== undefined) this.reconciler.persist();
    const needed = this.controllers.length ? this.reconciler.cursor : this.registry.revision;
    const until = Math.min(needed, this.#exports.floor(now));
    return this.#retention.compact(until, keep, isContended ? CONTENDED_COMPACTION_REVISIONS : undefined);
  }

  /** Takes what reconciles want to know and the effects that are due: the shell asks and sends, and comes back with `incoming`. */
  outgoing(now: number): Outgoing | undefined {
    return this.#suspended ? undefined : this.reconciler.outgoing(now);
  }

  /** Hands the reconciler what came from outside. What nobody waits for changes nothing. */
  incoming(hand: (reconciler: Reconciler) => void): void {
    this.#dirty = true;
    hand(this.reconciler);
  }

  /** Begins a copy of the cluster as it is now; it goes on meanwhile. */
  exportStart(now: number, more?: () => boolean): ForkStart {
    this.drain(now, more);
    return this.#exports.start(this.options, this.reconciler.settled, now);
  }

  /** The objects of a copy, some at a time; undefined: their revision is gone. */
  exportChunk(revision: number, after: Key | undefined, now: number): ForkChunk | undefined {
    return this.#exports.chunk(revision, after, now);
  }

  /** Sends every watcher what was committed since the last flush; false: `maxMessages` messages are sent, and there are more. */
  flush(now: number, maxMessages = Number.POSITIVE_INFINITY): boolean {
    return this.#sessions.flush(now, this.registry.revision, maxMessages);
  }

  /** Ends streams of expired credentials, and removes Events that outlived their TTL. False: there are more of them. Harmless at any time. */
  removeExpired(now: number): boolean {
    if (this.#suspended) return true;
    this.#sessions.endExpired(now);
    return expireEvents(this.registry, this.#retention, now);
  }

  /** When the alarm is wanted at the end of a turn: by nextAlarm, or for the next report of the usage. */
  alarmAt(now: number): number | undefined {
    const { usage } = this;
    return earliest(this.nextAlarm(), this.#suspended || usage.isReportDue(now) ? undefined : usage.reportAt);
  }

  /** When the rest of what the cluster holds in memory is to be stored. A report that is due waits for what is counted in the same moment. */
  flushAt(now: number): number | undefined {
    const { audit, usage } = this;
    return earliest(audit.due, usage.due, usage.isReportDue(now) ? now + USAGE_FLUSH_MS : undefined);
  }

  /** Stores what the cluster holds in memory: events of reads, and their count. `due`: what need not wait longer, only. */
  store(now: number, due = Number.POSITIVE_INFINITY): void {
    const { audit, usage } = this;
    try {
      if (audit.due !== undefined && audit.due <= due) audit.store(now);
    } finally {
      if (usage.due !== undefined && usage.due <= due) usage.flush(now);
    }
  }

  /** drain and flush until quiet: for tests and for shells without slices. */
  settle(now: number): void {
    this.drain(now);
    this.flush(now);
    this.audit.store(now);
  }

  /** When the cluster wants to be woken (ms): at once while something is dirty; undefined: never. */
  nextAlarm(): number | undefined {
    if (this.#suspended) return undefined;
    if (this.#dirty) return 0;
    const { timers, reconciler } = this;
    return earliest(
      timers.next(),
      reconciler.next(),
      reconciler.outbox.next(),
      this.#retention.next(),
      this.#sessions.nextExpiry(),
    );
  }
}
