import packedDescriptions from '#packed-descriptions';
import { DurableObject } from 'cloudflare:workers';
import { isStream } from '../../apiserver/messages.ts';
import { OpenApiFacts } from '../../apiserver/openapi-facts.ts';
import { BootSnapshots } from '../../cluster/boot-snapshot.ts';
import type { ForkChunk, ForkStart, Key } from '../../cluster/fork.ts';
import { ClusterHost } from '../../cluster/host.ts';
import type { ClusterOptions } from '../../tenancy/cluster.ts';
import { DRAIN_FIRST_SLICE_MS } from '../../lib/limits.ts';
import type { AuditPage, AuditPolicySet, AuditQuery } from '../../tenancy/audit.ts';
import type { AuthenticationSet } from '../../tenancy/authentication.ts';
import type { ClockCommand, ClockSet, ClockState } from '../../tenancy/clock.ts';
import type { ForkProgress, Lifecycle } from '../../tenancy/cluster.ts';
import type { NewCredential, Revoked } from '../../tenancy/credentials.ts';
import type { ClusterUsage } from '../../tenancy/usage.ts';
import type { UsageHour } from '../../tenancy/usage.ts';
import type { ClusterLimits } from '../../tenancy/limits.ts';
import { insideOf } from '../edge/address.worker.ts';
import { bodyOf } from '../edge/body.worker.ts';
import { responseOf } from '../edge/compression.worker.ts';
import type { Env } from '../platform/env.worker.ts';
import { now } from '../platform/host.worker.ts';
import type { Meter } from '../platform/sqlite.worker.ts';
import { egressRoutesOf } from '../platform/egress-routes.worker.ts';
import { Asker } from './ask.worker.ts';
import { Batch } from './batch.worker.ts';
import { recordActivity } from './contention.worker.ts';
import { recordAlarm } from './overdue.worker.ts';
import { portsOf } from './ports.worker.ts';
import { Sockets } from './sockets.worker.ts';

const facts = new OpenApiFacts(packedDescriptions);
const bootSnapshots = new BootSnapshots();

/**
 * Durable Object of one cluster. Forwards requests, alarms, sockets and commands to its ClusterHost. Methods other than fetch, alarm and
 * webSocket* are RPC from the Worker, management or another object, and cannot be reached from outside.
 */
export class ClusterDO extends DurableObject<Env> {
  readonly #meter: Meter = { rowsRead: 0, rowsWritten: 0 };
  readonly #sockets = new Sockets(this.ctx);
  readonly #asker = new Asker(egressRoutesOf(this.env));
  readonly #batch = new Batch();
  readonly #host = new ClusterHost(
    portsOf(this.ctx, this.env, { bootSnapshots, facts, meter: this.#meter, sockets: this.#sockets, asker: this.#asker }),
  );
  readonly #id = this.ctx.id.toString();
  /** Whether the turn of the current batch is queued. */
  #queued = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    void ctx.blockConcurrencyWhile(async () => {
      const stored = (await ctx.storage.getAlarm()) ?? undefined;
      this.#host.turns.adopt(stored);
      recordAlarm(this.#id, stored);
    });
  }

  override async fetch(request: Request): Promise<Response> {
    const body = await bodyOf(request).catch(() => undefined);
    if (request.method !== 'GET') await this.#batch.join();
    const time = now();
    const cluster = this.#host.open();
    const url = cluster && insideOf(request.url, cluster.options.id);
    // The Worker replaces this with the 401 of unauthenticated clients.
    if (!cluster || url === undefined) return new Response(null, { status: 401 });
    recordActivity(this.#id, time);
    const { method, headers } = request;
    const [header, headerNames] = [(name: string) => headers.get(name), () => headers.keys()];
    const from = this.env.ATOLL_ADDRESS_HEADER;
    const remote = (from && headers.get(from)) || undefined;
    const shown = this.env.ATOLL_CERTIFICATE_HEADER;
    const certificate = (shown && headers.get(shown)) || undefined;
    const first = cluster.handle({
      method,
      url,
      header,
      headerNames,
      body: body ?? '',
      broken: body === undefined,
      now: time,
      ...(remote && { remote }),
      ...(certificate && { certificate }),
    });
    const answer =
      'questions' in first ? await this.#asker.answerRequest(cluster, first, (one) => one === this.#host.cluster) : first;
    if (!answer) return new Response(null, { status: 503 });
    const response = isStream(answer)
      ? this.#sockets.open(answer)
      : responseOf(answer, this.env.ATOLL_PROXY_SECRET === undefined);
    const ended = answer === first ? time : now();
    this.#after(() => {
      if (this.#host.cluster === cluster) this.#host.turns.take(cluster, ended, DRAIN_FIRST_SLICE_MS);
    });
    return response;
  }

  /** Runs one turn for all requests of a batch, in a microtask after theirs. */
  #after(turn: () => void): void {
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      turn();
    });
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    recordAlarm(this.#id, undefined);
    this.#host.wake(info?.scheduledTime ?? now());
  }

  /** RPC: wakes the object because its alarm is overdue. */
  async overdue(): Promise<void> {
    this.#host.wake();
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const cluster = this.#host.open();
    const time = now();
    if (!cluster || !this.#sockets.receive(socket, message, cluster, time)) return;
    recordActivity(this.#id, time);
    this.#host.turns.markDirty();
    this.#host.turns.take(cluster, time, DRAIN_FIRST_SLICE_MS);
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    const cluster = this.#sockets.isAudited(socket) ? this.#host.open() : this.#host.cluster;
    this.#sockets.closed(socket, cluster, now());
    cluster?.store(now(), now());
  }

  override webSocketError(socket: WebSocket): Promise<void> {
    return this.webSocketClose(socket);
  }

  async create(options: ClusterOptions, first: NewCredential): Promise<string> {
    return this.#host.create(options, first);
  }

  async issue(credential: NewCredential): Promise<string | undefined> {
    return this.#host.issue(credential);
  }

  async revoke(which: Revoked): Promise<void> {
    this.#host.revoke(which);
  }

  async expire(credentials: string[], at: number): Promise<void> {
    this.#host.expire(credentials, at);
  }

  /** RPC: platform cost of the object since it was constructed. */
  async usage(): Promise<ClusterUsage | undefined> {
    const [awakeMs, databaseBytes] = [this.#host.turns.awakeMs, this.ctx.storage.sql.databaseSize];
    return this.#host.open() && { ...this.#meter, awakeMs, databaseBytes, watchers: this.#sockets.size };
  }

  async hours(from: number, to: number): Promise<UsageHour[] | undefined> {
    return this.#host.hours(from, to);
  }

  async limit(limits: ClusterLimits): Promise<boolean> {
    return this.#host.limit(limits);
  }

  async auditPolicy(): Promise<object | null | undefined> {
    return this.#host.auditPolicy();
  }

  async setAuditPolicy(text: string | undefined): Promise<AuditPolicySet | undefined> {
    return this.#host.setAuditPolicy(text);
  }

  async authentication(): Promise<object | null | undefined> {
    return this.#host.authentication();
  }

  async setAuthentication(text: string | undefined): Promise<AuthenticationSet | undefined> {
    return this.#host.setAuthentication(text);
  }

  async clock(): Promise<ClockState | undefined> {
    return this.#host.clock();
  }

  async setClock(command: ClockCommand): Promise<ClockSet | undefined> {
    return this.#host.setClock(command);
  }

  async audit(query: AuditQuery): Promise<AuditPage | undefined> {
    return this.#host.audit(query);
  }

  async setLifecycle(lifecycle: Lifecycle): Promise<boolean> {
    return this.#host.setLifecycle(lifecycle);
  }

  async exportStart(): Promise<ForkStart | undefined> {
    return this.#host.exportStart();
  }

  async exportChunk(revision: number, after: Key | undefined): Promise<ForkChunk | undefined> {
    return this.#host.exportChunk(revision, after);
  }

  async fork(own: { id: string; name: string; limits?: ClusterLimits }, source: string): Promise<ForkProgress | undefined> {
    return this.#host.fork(own, source);
  }

  async copy(ms: number): Promise<ForkProgress | undefined> {
    return this.#host.copy(ms);
  }

  async finish(first: NewCredential | undefined): Promise<string | undefined> {
    return this.#host.finish(first);
  }

  async destroy(): Promise<void> {
    await this.#host.destroy();
  }
}
