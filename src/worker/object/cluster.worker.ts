import packedDescriptions from '#packed-descriptions';
import { DurableObject } from 'cloudflare:workers';
import { isStream } from '../../apiserver/call.ts';
import { OpenApiFacts } from '../../apiserver/openapi-facts.ts';
import { Cluster } from '../../cluster/cluster.ts';
import { finishFork, type ForkChunk, type ForkStart, type Key } from '../../cluster/fork.ts';
import { credentialsAtRest } from '../../cluster/credentials.ts';
import { takeLimits } from '../../cluster/plan-limits.ts';
import type { ClusterOptions } from '../../cluster/options.ts';
import { Moulds } from '../../cluster/boot-snapshot.ts';
import { takeStanding } from '../../cluster/lifecycle.ts';
import { type ClusterLimits } from '../../tenancy/limits.ts';
import { DRAIN_BOOT_MS, DRAIN_RESCUE_MS, FORK_DRAIN_MS } from '../limits.ts';
import { DRAIN_FIRST_SLICE_MS, DRAIN_SLICE_MS } from '../../lib/limits.ts';
import type { ClusterUsage, ForkProgress, NewCredential, Revoked, Standing } from '../../management/clusters/port.ts';
import type { UsageHour } from '../../management/usage/port.ts';
import type { AuditPage, AuditPolicySet, AuditQuery } from '../../management/audit/port.ts';
import { insideOf } from '../edge/address.worker.ts';
import { Asker } from './ask.worker.ts';
import { AuditKeeper } from './audit.worker.ts';
import { Batch } from './batch.worker.ts';
import { bodyOf } from '../edge/body.worker.ts';
import { responseOf } from '../edge/compression.worker.ts';
import type { Answered } from '../../lib/ask.ts';
import type { Env } from '../platform/env.worker.ts';
import { log, nameOf } from '../edge/log.worker.ts';
import { count } from '../edge/metrics.worker.ts';
import { present } from './contention.worker.ts';
import { ForkTarget } from './fork.worker.ts';
import { budget, crypt, now, random } from '../platform/host.worker.ts';
import { noteAlarm } from './overdue.worker.ts';
import { Sockets } from './sockets.worker.ts';
import { type Meter, openStorage } from '../platform/sqlite.worker.ts';
import { Turns } from './turns.worker.ts';
import { UsageKeeper } from './usage.worker.ts';

const facts = new OpenApiFacts(packedDescriptions);
const moulds = new Moulds();

/**
 * One cluster. Hands requests, alarms and sockets to Cluster, flushes what they left behind and arms the alarm last; decides nothing.
 * Methods other than fetch, alarm and webSocket* are RPC from management: no address of the outside world leads to them.
 */
export class ClusterDO extends DurableObject<Env> {
  readonly #meter: Meter = { rowsRead: 0, rowsWritten: 0 };
  readonly #platform = { sql: openStorage(this.ctx.storage, this.#meter), random, crypto: crypt, moulds, facts };
  readonly #sockets = new Sockets(this.ctx);
  readonly #fork = new ForkTarget(this.#platform.sql, this.env);
  #cluster?: Cluster;
  readonly #asker = new Asker(this.env);
  readonly #turns = new Turns(
    this.ctx,
    (cluster) => cluster === this.#cluster,
    (cluster) => this.#ask(cluster),
  );
  readonly #batch = new Batch();
  readonly #audit = new AuditKeeper();
  readonly #usage = new UsageKeeper(
    this.env,
    (cluster) => cluster === this.#cluster,
    (at) => this.#turns.armBy(at),
  );

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    void ctx.blockConcurrencyWhile(() => this.#turns.begin());
  }

  /** The cluster, if it was ever created. Asking writes nothing. */
  #open(): Cluster | undefined {
    if (this.#cluster) return this.#cluster;
    const cluster = Cluster.open(this.#platform);
    if (!cluster) return undefined;
    this.#sockets.resume(cluster);
    this.#cluster = cluster;
    return cluster;
  }

  override async fetch(request: Request): Promise<Response> {
    const body = await bodyOf(request).catch(() => undefined);
    if (request.method !== 'GET') await this.#batch.join();
    const time = now();
    const cluster = this.#open();
    const url = cluster && insideOf(request.url, cluster.options.id);
    // The Worker puts the same words in the place of this that the cluster has for strangers.
    if (!cluster || url === undefined) return new Response(null, { status: 401 });
    present(cluster, time);
    const { method, headers } = request;
    const [header, headerNames] = [(name: string) => headers.get(name), () => headers.keys()];
    const from = this.env.ATOLL_ADDRESS_HEADER;
    const remote = (from && headers.get(from)) || undefined;
    const isOpen = (one: Cluster) => one === this.#cluster;
    const first = cluster.handle({
      method,
      url,
      header,
      headerNames,
      body: body ?? '',
      broken: body === undefined,
      now: time,
      ...(remote && { remote }),
    });
    const answer = 'questions' in first ? await this.#asker.settle(cluster, first, isOpen) : first;
    if (!answer) return new Response(null, { status: 503 });
    const response = isStream(answer) ? this.#sockets.open(answer) : responseOf(answer);
    const ended = answer === first ? time : now();
    this.#turns.after(() => {
      if (this.#cluster !== cluster) return;
      this.#audit.keep(cluster.audit);
      this.#turns.take(cluster, ended, DRAIN_FIRST_SLICE_MS);
      this.#usage.keep(cluster);
    });
    return response;
  }

  /** Asks what reconciles want to know; they go on when it is answered. */
  #ask(cluster: Cluster): void {
    const questions = cluster.takeQuestions();
    if (!questions.length) return;
    const goOn = (answers: Answered[]) => {
      if (this.#cluster !== cluster) return;
      cluster.answered(answers);
      this.#turns.unsettle();
      this.#turns.take(cluster, now(), DRAIN_FIRST_SLICE_MS);
    };
    for (const question of questions) this.ctx.waitUntil(this.#asker.ask([question]).then(goOn));
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    const time = now();
    this.#turns.fired(info?.scheduledTime ?? time);
    try {
      this.#goOn(time);
    } catch (error) {
      // Six failures in a row, and workerd gives up an alarm.
      count('atoll_drain_errors_total');
      log('error', { type: 'alarm', object: this.ctx.id.toString(), ...nameOf(error) });
      this.#turns.armBy(now() + DRAIN_RESCUE_MS);
    }
  }

  /** RPC of the Worker: the alarm should have fired long ago. */
  async overdue(): Promise<void> {
    this.#goOn(now());
  }

  /** Does what is due. */
  #goOn(time: number): void {
    const cluster = this.#open();
    if (!cluster) return;
    cluster.wake(time);
    this.#usage.keep(cluster);
    this.#turns.take(cluster, time, DRAIN_SLICE_MS);
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const cluster = this.#open();
    const time = now();
    if (!cluster || !this.#sockets.receive(socket, message, cluster, time)) return;
    present(cluster, time);
    this.#turns.unsettle();
    this.#turns.take(cluster, time, DRAIN_FIRST_SLICE_MS);
    this.#usage.keep(cluster);
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    const cluster = this.#sockets.isAudited(socket) ? this.#open() : this.#cluster;
    this.#sockets.closed(socket, cluster, now());
    if (cluster) this.#audit.keep(cluster.audit);
  }

  override webSocketError(socket: WebSocket): Promise<void> {
    return this.webSocketClose(socket);
  }

  /** RPC: makes the cluster and returns its first credential. */
  async create(options: ClusterOptions, first: NewCredential): Promise<string> {
    const time = now();
    this.#cluster = Cluster.create(this.#platform, options, time);
    const token = this.#cluster.issue(first, time);
    // Whole, if it can be: what comes in a second turn costs syncs of the disk of its own.
    this.#turns.drain(this.#cluster, time, DRAIN_BOOT_MS);
    this.#turns.take(this.#cluster, time, DRAIN_FIRST_SLICE_MS);
    return token;
  }

  /** RPC: one more credential. */
  async issue(credential: NewCredential): Promise<string | undefined> {
    const cluster = this.#open();
    if (!cluster) return undefined;
    const time = now();
    const token = cluster.issue(credential, time);
    this.#turns.take(cluster, time, DRAIN_FIRST_SLICE_MS);
    return token;
  }

  /** RPC: these credentials are unknown from now on. Their watches are found though the object slept: opening it resumes every socket. */
  async revoke(which: Revoked): Promise<void> {
    (this.#open() ?? credentialsAtRest(this.#platform))?.revoke(which);
  }

  /** RPC: these credentials expire at the latest then; the alarm ends their watches. */
  async expire(credentials: string[], at: number): Promise<void> {
    const cluster = this.#open();
    (cluster ?? credentialsAtRest(this.#platform))?.expire(credentials, at);
    if (!cluster) return;
    this.#turns.unsettle();
    this.#turns.take(cluster, now(), DRAIN_FIRST_SLICE_MS);
  }

  /** RPC: what the cluster has cost since it woke. */
  async usage(): Promise<ClusterUsage | undefined> {
    const [awakeMs, databaseBytes] = [this.#turns.awakeMs, this.ctx.storage.sql.databaseSize];
    return this.#open() && { ...this.#meter, awakeMs, databaseBytes, watchers: this.#sockets.size };
  }

  /** RPC: what it was used for, by the hour. Written down first: figures that somebody has seen do not go back, whatever dies. */
  async hours(from: number, to: number): Promise<UsageHour[] | undefined> {
    const cluster = this.#open();
    if (cluster) this.#usage.write(cluster);
    return cluster?.usage.hours(from, to, now());
  }

  /** RPC: what it may use from now on. */
  async limit(limits: ClusterLimits): Promise<boolean> {
    this.#cluster?.limits.take(limits);
    return takeLimits(this.#platform.sql, limits);
  }

  /** RPC: the policy of the audit log. */
  async auditPolicy(): Promise<object | null | undefined> {
    const cluster = this.#open();
    return cluster && (cluster.audit.policy() ?? null);
  }

  /** RPC: another policy, or none. */
  async setAuditPolicy(text: string | undefined): Promise<AuditPolicySet | undefined> {
    return this.#open()?.audit.setPolicy(text);
  }

  /** RPC: a page of the audit log. */
  async audit(query: AuditQuery): Promise<AuditPage | undefined> {
    return this.#open()?.audit.read(query, now());
  }

  /** RPC: runs, rests or waits for its end from now on. */
  async stand(standing: Standing): Promise<boolean> {
    const going = standing.state === 'deleted' ? this.#open() : undefined;
    if (going) await this.#usage.last(going);
    // It is opened anew below: what it counted a moment ago is in its memory only.
    this.#cluster?.usage.flush(now());
    const taken = takeStanding(this.#platform.sql, standing);
    if (taken !== 'changed') return taken !== 'none';
    this.#cluster = undefined;
    this.#turns.unsettle();
    this.#sockets.closeAll();
    const cluster = this.#open();
    if (cluster) this.#turns.take(cluster, now(), DRAIN_FIRST_SLICE_MS);
    return true;
  }

  /** RPC of another object: a copy begins with this. */
  async exportStart(): Promise<ForkStart | undefined> {
    const cluster = this.#open();
    if (!cluster) return undefined;
    const time = now();
    const start = cluster.exportStart(time, budget(FORK_DRAIN_MS));
    this.#turns.take(cluster, time, DRAIN_FIRST_SLICE_MS);
    return start;
  }

  /** RPC of another object: some of the objects of a copy. */
  async exportChunk(revision: number, after: Key | undefined): Promise<ForkChunk | undefined> {
    return this.#open()?.exportChunk(revision, after, now());
  }

  /** RPC: begins to become a copy of another cluster. */
  async fork(
    { limits, ...own }: { id: string; name: string; limits?: ClusterLimits },
    source: string,
  ): Promise<ForkProgress | undefined> {
    const begun = await this.#fork.begin(own, source);
    if (begun && limits) takeLimits(this.#platform.sql, limits);
    return begun;
  }

  /** RPC: goes on with that for about so long. */
  async copy(ms: number): Promise<ForkProgress | undefined> {
    const { begun } = this.#fork;
    if (begun) return this.#fork.goOn(begun, ms);
    return this.#open() && { done: 0, total: 0 };
  }

  /** RPC: what has everything of its source becomes a cluster. */
  async finish(first: NewCredential | undefined): Promise<string | undefined> {
    if (this.#fork.begun) finishFork(this.#platform.sql, crypt);
    const cluster = this.#open();
    if (!cluster) return undefined;
    const time = now();
    const token = first && cluster.issue(first, time);
    this.#turns.take(cluster, time, DRAIN_FIRST_SLICE_MS);
    return token;
  }

  /** RPC: ends every watch and forgets everything. */
  async destroy(): Promise<void> {
    const going = this.#open();
    if (going) await this.#usage.last(going);
    this.#cluster = undefined;
    this.#sockets.closeAll();
    noteAlarm(this.ctx.id.toString(), undefined);
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
  }
}
