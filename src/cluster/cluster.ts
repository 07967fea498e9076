import type { KindTable } from '../api/kinds.ts';
import { clusterKinds } from '../api/own-kinds.ts';
import type { Kind } from '../api/machinery/define-kind.ts';
import { isStream, type StreamAnswer } from '../apiserver/messages.ts';
import { type ApiRequest, type ApiResponse, ApiServer, type Pending } from '../apiserver/server.ts';
import { resumptions } from '../apiserver/streams/table.ts';
import { useMeter } from '../kubelet/meter.ts';
import { runtimesOf } from '../kubelet/runtime-class.ts';
import { TRUST, TRUST_KEY } from '../controllers/cluster-authentication-trust/reconcile.ts';
import { type Signer, tokenIssuer } from '../authn/issuer.ts';
import { USAGE_FLUSH_MS } from '../lib/limits.ts';
import type { Message, Session, StreamPort, StreamSpec } from '../lib/stream.ts';
import type { NewCredential, Revoked } from '../tenancy/credentials.ts';
import { type Answered, AttemptScope } from '../lib/ask.ts';
import type { Outgoing } from '../reconcile/outbox.ts';
import type { Controller, Key as ObjectKey } from '../reconcile/plan.ts';
import { Reconciler } from '../reconcile/reconciler.ts';
import type { Registry } from '../registry/registry.ts';
import type { MeterOf } from '../registry/view.ts';
import { runtimesFor } from '../runtimes/table.ts';
import { explainerOf } from '../scheduler/explanation.ts';
import { Retention } from '../store/retention.ts';
import { getMeta, isInitialised, migrate, setMeta } from '../store/schema.ts';
import { Store } from '../store/store.ts';
import { earliest } from '../time/alarm.ts';
import { type Clock, REAL_CLOCK } from '../time/clock.ts';
import { Timers } from '../time/timers.ts';
import { AuditLog } from './audit.ts';
import { ClusterAuthority } from './authority.ts';
import { Authentication } from './authentication.ts';
import { writeBootstrap } from './boot.ts';
import { storeClock, storedClock } from './clock.ts';
import { Credentials, isRevoked } from './credentials.ts';
import { actorsOf } from './controllers.ts';
import { BootSnapshots, capture, restore } from './boot-snapshot.ts';
import { EVENTS } from './event-expiry.ts';
import { Exports, type ForkChunk, type ForkStart, type Key, markResynced, mustResync } from './fork.ts';
import { createNodes } from './nodes.ts';
import { registryOf } from './registry.ts';
import { bindRole, ROLE_GROUPS } from './roles.ts';
import { Limits, storeLimits, WAIT_HEADER } from './plan-limits.ts';
import type { ClusterOptions } from '../tenancy/cluster.ts';
import { readLifecycle, SUSPENDED } from './lifecycle.ts';
import { type Platform, reporterOf } from './platform.ts';
import { limitToCredential, Sessions } from './sessions.ts';
import { Usage } from './usage.ts';
import { Work } from './work.ts';

/** Methods that do not write. */
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Status of unauthenticated requests; rate-limited ones are counted as such (MG70). */
const UNCOUNTED = 401;
const TOO_MANY = 429;

/** Composition root of one cluster. Synchronous; Turns calls the phases in order and sets the alarm last. */
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
  readonly #authority: ClusterAuthority;
  readonly #store: Store;
  readonly #api: ApiServer;
  /** Immutable table, replaced as a whole by `define`. */
  #kinds: KindTable;
  readonly #work: Work;
  /** The cluster's time: that of the wall clock, unless it is virtual. */
  readonly clock: Clock;
  readonly #sessions: Sessions;
  readonly #exports: Exports;
  /** Whether requests get 503 and nothing is reconciled (MG24). */
  readonly #suspended: boolean;
  /** Whether the initial resync of a fork is incomplete. */
  #resyncing = false;
  #dirty = true;
  /** Set while the cluster is freshly booted and unused: it can be captured once idle. */
  #fresh: { at: number; bootSnapshots: BootSnapshots } | undefined;

  private constructor(platform: Platform, options: ClusterOptions) {
    const { sql, crypto } = platform;
    const random = new AttemptScope(platform.random);
    const failed = reporterOf(platform, options.id);
    this.options = options;
    this.#kinds = clusterKinds(options);
    const store = new Store(sql);
    this.#store = store;
    const signer = { privateKey: getMeta(sql, 'signing-key') ?? '', publicKey: getMeta(sql, 'signing-key.pub') ?? '' };
    const tokens = tokenIssuer({ crypto, signer, random });
    this.usage = new Usage(
      store,
      () => sql.size(),
      (error) => failed('usage', error),
    );
    this.limits = new Limits(store, () => this.#sessions.size);
    this.registry = registryOf({
      kinds: () => this.#kinds,
      store,
      random,
      tokens,
      verifyBytes: crypto.verifyBytes,
      limits: this.limits,
      authorizer: () => this.#api.authorizer,
    });
    const sent = (bytes: number, now: number) => this.limits.sent(bytes, now);
    const clock = (wall: number) => this.clock.now(wall);
    this.#sessions = new Sessions({
      resumptions: resumptions(this.registry),
      clock,
      sent,
      failed: (error) => failed('stream', error),
    });
    this.timers = new Timers(sql);
    this.clock = options.clock === 'virtual' ? storedClock(sql, () => this.#work.due()) : REAL_CLOCK;
    store.keepInStep(this.timers);
    this.credentials = new Credentials(sql, crypto);
    this.#authority = new ClusterAuthority(platform);
    this.audit = new AuditLog(sql, random);
    this.authentication = new Authentication(sql, () => this.#sessions.end((spec) => spec.issued === true));
    this.#exports = new Exports(store);
    this.#suspended = readLifecycle(sql).state === 'suspended';
    const runtimes = (platform.runtimesFor ?? runtimesFor)({ sql });
    const meterOf = options.apiOnly ? undefined : useMeter(runtimes);
    this.#api = this.#apiServer(platform, random, signer, meterOf);
    const authorizer = () => this.#api.authorizer;
    this.controllers = actorsOf({ options, crypto, tokens, authority: this.#authority, authorizer, runtimes, meterOf });
    this.reconciler = new Reconciler({
      registry: this.registry,
      view: this.registry.view,
      sql,
      timers: this.timers,
      controllers: this.controllers,
      scope: random,
    });
    this.#work = new Work(this, new Retention(store, EVENTS), this.#exports, this.#suspended);
    this.#work.resume();
    this.#resyncing = !this.#suspended && mustResync(sql);
    if (this.#resyncing) this.reconciler.resync();
    this.runtimes = this.#suspended || options.apiOnly ? [] : runtimesOf(runtimes);
    this.#subscribe();
  }

  #apiServer({ crypto, facts }: Platform, scope: AttemptScope, signer: Signer, meterOf: MeterOf | undefined): ApiServer {
    return new ApiServer({
      registry: this.registry,
      scope,
      crypto,
      clock: (wall) => this.clock.now(wall),
      credentials: this.credentials,
      issuers: this.authentication,
      authority: () => this.#authority.current,
      signer,
      audit: this.audit,
      limits: this.limits,
      ...(meterOf && { meterOf, explainerOf }),
      ...(this.#suspended && { unavailable: SUSPENDED }),
      ...(facts && { facts }),
    });
  }

  /** Signals are not stored: runtimes repeat those of pods that have news (RC16). */
  #subscribe(): void {
    for (const runtime of this.runtimes) {
      runtime.onChange?.((pod) => this.signal('kubelet', pod));
      for (const pod of runtime.news?.() ?? []) this.signal('kubelet', pod);
    }
  }

  /** Makes a key of a controller dirty because of an event outside the log. */
  signal(controller: string, key: ObjectKey): void {
    this.#dirty = true;
    this.reconciler.signal(controller, key);
  }

  /** Opens the cluster in this database; undefined: none was created, or it is deleted. Writes nothing but schema migrations. */
  static open(platform: Platform): Cluster | undefined {
    if (!isInitialised(platform.sql)) return undefined;
    const options = getMeta(platform.sql, 'options');
    if (options === undefined || readLifecycle(platform.sql).state === 'deleted') return undefined;
    migrate(platform.sql);
    return new Cluster(platform, JSON.parse(options));
  }

  /** Creates a cluster in an empty database. Throws if there is one. */
  static create(platform: Platform, options: ClusterOptions, now: number): Cluster {
    if (isInitialised(platform.sql)) throw new Error('there is a cluster already');
    return platform.sql.transaction(() => {
      migrate(platform.sql);
      const { limits, ...kept } = options;
      setMeta(platform.sql, 'options', JSON.stringify(kept));
      if (limits) storeLimits(platform.sql, limits);
      if (options.clock === 'virtual') storeClock(platform.sql, now);
      const key = platform.crypto.generateKey();
      setMeta(platform.sql, 'signing-key', key.privateKey);
      setMeta(platform.sql, 'signing-key.pub', key.publicKey);
      const clientCa = new ClusterAuthority(platform).ensure(now).pem;
      const snapshot = platform.bootSnapshots?.get(kept);
      const cursor = snapshot
        ? restore(platform.sql, snapshot, platform.random, { now, clientCa })
        : writeBootstrap(new Store(platform.sql), platform.random, now, { ...options, clientCa });
      setMeta(platform.sql, 'cursor', String(cursor));
      const cluster = new Cluster(platform, kept);
      cluster.usage.work(now);
      if (snapshot) return cluster as never;
      if (!options.apiOnly) createNodes(cluster.registry, options.nodes ?? 3, now);
      if (platform.bootSnapshots) cluster.#fresh = { at: now, bootSnapshots: platform.bootSnapshots };
      return cluster as never;
    });
  }

  /** Issues a credential; returns its bearer token. */
  issue({ id, username, role, groups = [], expires }: NewCredential, now: number): string {
    if ((role === 'view' || role === 'edit') && bindRole(this.registry, role, this.clock.now(now))) {
      this.#dirty = true;
      this.#fresh = undefined;
    }
    this.credentials.deleteExpired(now);
    const user = { username, groups: [...ROLE_GROUPS[role], ...groups, 'system:authenticated'] };
    return this.credentials.issue(id, { user, ...(expires !== undefined && { expires }) });
  }

  /** Revokes credentials and ends the streams that they opened. */
  revoke(which: Revoked): void {
    this.credentials.revoke(which);
    this.#sessions.end((spec) => isRevoked(which, spec.credential));
  }

  /** Sets the expiry of credentials, and of the streams that they opened, to `at` (ms) at the latest. */
  expire(ids: readonly string[], at: number): void {
    this.credentials.expire(ids, at);
    this.#sessions.expire((spec) => this.credentials.expiryOf(spec.credential) ?? spec.expires);
  }

  /** Replaces the kinds that are served beside the built-in ones. */
  define(extra: readonly Kind[]): void {
    this.#kinds = clusterKinds(this.options, extra);
  }

  /** Handles one request; Pending: its questions must be answered first. Keys that it made dirty are left to `drain`. */
  handle(request: ApiRequest): ApiResponse | Pending {
    this.#dirty = true;
    this.#fresh = undefined;
    this.usage.request(request.now, !READS.has(request.method));
    return this.#counted(request, () => this.#api.handle(request));
  }

  /** Runs a pending request again with answers. */
  answer(pending: Pending, answers: readonly Answered[], now: number): ApiResponse | Pending {
    this.#dirty = true;
    return this.#counted(pending.attempt.call.request, () => this.#api.answer(pending, answers, now));
  }

  /** Registers the stream with the sessions when it is opened, and ends it with its credential. */
  #streamed(answer: StreamAnswer, now: number): StreamAnswer {
    limitToCredential(answer.spec, this.credentials.expiryOf(answer.spec.credential), now);
    return { ...answer, open: (port) => this.#sessions.open(answer.open, port, now) };
  }

  /** Runs a request, limits its egress, and takes back counts of the usage that its status does not deserve (MG70). */
  #counted(request: ApiRequest, run: () => ApiResponse | Pending): ApiResponse | Pending {
    const mutates = !READS.has(request.method);
    let status = 500;
    try {
      const answer = run();
      if ('questions' in answer) {
        status = 0;
        return answer;
      }
      status = answer.status === TOO_MANY && answer.headers[WAIT_HEADER] ? UNCOUNTED : answer.status;
      if (isStream(answer)) return this.#streamed(answer, request.now);
      if (answer.status !== TOO_MANY) this.limits.sent(answer.bytes?.length ?? answer.body.length, request.now);
      return answer;
    } finally {
      if (status === UNCOUNTED) this.usage.refused(mutates);
      else if (mutates && status >= 300) this.usage.failed();
    }
  }

  /** Recreates the session of a stream after hibernation, from the spec that its port saved; undefined: unknown type. */
  resume(spec: StreamSpec, port: StreamPort): Session | undefined {
    return this.#sessions.resume(spec, port);
  }

  /** Takes a message of a stream's client. */
  receive(session: Session, message: Message, now: number): void {
    this.#dirty = true;
    this.#sessions.receive(session, message, now);
  }

  /** Removes a stream that either side ended, and logs its end. */
  closed(session: Session, now: number): void {
    this.#sessions.remove(session);
    if (session.spec.audit !== undefined) this.audit.ended(session.spec.audit, now);
  }

  /** Number of open streams. */
  get watchers(): number {
    return this.#sessions.size;
  }

  /** Reconciles until no key is dirty (true) or `more()` returns false (false). `maxWrites`: objects per plan, set while others share the thread. */
  drain(now: number, more?: () => boolean, maxWrites?: number): boolean {
    this.usage.work(now);
    if (this.controllers.length && this.#authority.isMadeNow(this.clock.now(now))) this.signal(TRUST, TRUST_KEY);
    const isIdle = this.#work.drain(now, more, maxWrites);
    if (isIdle && this.#resyncing) {
      markResynced(this.#store.sql);
      this.#resyncing = false;
    }
    this.#capture(isIdle, this.clock.now(now));
    this.#dirty = !isIdle;
    return isIdle;
  }

  /** Captures the boot snapshot of a fresh cluster once it is idle. */
  #capture(isIdle: boolean, now: number): void {
    const fresh = this.#fresh;
    if (!fresh) return;
    this.#fresh = undefined;
    const snapshot = isIdle && fresh.at === now ? capture(this.#store.sql, now, this.#authority.ensure(now).pem) : undefined;
    if (snapshot) fresh.bootSnapshots.set(this.options, snapshot);
  }

  /** Takes questions and due effects; the shell asks and sends, and returns the results with `incoming`. */
  outgoing(now: number): Outgoing | undefined {
    return this.#suspended ? undefined : this.reconciler.outgoing(now);
  }

  /** Hands answers and results of sends to the reconciler. Those that no key waits for change nothing. */
  incoming(hand: (reconciler: Reconciler) => void): void {
    this.#dirty = true;
    hand(this.reconciler);
  }

  /** Starts a copy of the current revision. */
  exportStart(now: number, more?: () => boolean): ForkStart {
    this.drain(now, more);
    return this.#exports.start(this.options, this.reconciler.isIdle, now, this.clock);
  }

  /** Next batch of objects of a copy; undefined: its revision is compacted. */
  exportChunk(revision: number, after: Key | undefined, now: number): ForkChunk | undefined {
    return this.#exports.chunk(revision, after, now);
  }

  /** Sends changes since the last flush to every watcher; false: stopped after `maxMessages` messages with more to send. */
  flush(now: number, maxMessages = Number.POSITIVE_INFINITY): boolean {
    return this.#sessions.flush(now, this.registry.revision, maxMessages);
  }

  /** Ends streams of expired credentials and removes Events that outlived their TTL. Returns false if there are more. */
  removeExpired(now: number): boolean {
    if (this.#suspended) return true;
    this.#sessions.endExpired(now);
    return this.#work.expire(now);
  }

  /** Time of the alarm at the end of a turn, ms: nextAlarm, or the next report of the usage. */
  alarmAt(now: number): number | undefined {
    const { usage } = this;
    const report = this.#suspended || usage.isReportDue(now) ? undefined : usage.reportAt;
    return earliest(this.nextAlarm(), report, this.#work.waitsUntil(now));
  }

  /** Time at which buffered audit events and counts must be stored, ms; undefined: none. A due report waits USAGE_FLUSH_MS for more counts. */
  flushAt(now: number): number | undefined {
    const { audit, usage } = this;
    return earliest(audit.due, usage.due, usage.isReportDue(now) ? now + USAGE_FLUSH_MS : undefined);
  }

  /** Stores buffered audit events and counts of the usage: those due by `due` (ms), by default all. */
  store(now: number, due = Number.POSITIVE_INFINITY): void {
    const { audit, usage } = this;
    try {
      if (audit.due !== undefined && audit.due <= due) audit.store(now);
    } finally {
      if (usage.due !== undefined && usage.due <= due) usage.flush(now);
    }
  }

  /** Time of the next work, ms; 0: a key may be dirty; undefined: never. */
  nextAlarm(): number | undefined {
    if (this.#suspended) return undefined;
    if (this.#dirty) return 0;
    return earliest(this.#work.wakeAt(), this.reconciler.outbox.next(), this.#sessions.nextExpiry());
  }
}
