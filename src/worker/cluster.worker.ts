import packedDescriptions from '#packed-descriptions';
import { DurableObject } from 'cloudflare:workers';
import { provideFacts } from '../apiserver/openapi-facts.ts';
import type { WatchSession, WatchSpec } from '../apiserver/streams/watch.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { ClusterOptions } from '../cluster/options.ts';
import { DRAIN_FIRST_SLICE_MS, DRAIN_RESCUE_MS, DRAIN_SLICE_MS } from '../lib/limits.ts';
import type { ClusterUsage } from '../management/clusters/service.ts';
import { CLUSTER_PREFIX, noCluster, TIMEOUT_HEADER } from './address.worker.ts';
import { bodyOf } from './body.worker.ts';
import type { Env } from './env.worker.ts';
import { budget, crypt, now, random } from './host.worker.ts';
import { socketPort, specOf } from './sockets.worker.ts';
import { type Meter, openStorage } from './sqlite.worker.ts';

provideFacts(packedDescriptions);

/**
 * One cluster. Hands requests, alarms and sockets to Cluster, flushes what they left behind and arms the alarm last; decides nothing.
 * Methods other than fetch, alarm and webSocket* are RPC from management: no address of the outside world leads to them.
 */
export class ClusterDO extends DurableObject<Env> {
  readonly #meter: Meter = { rowsRead: 0, rowsWritten: 0 };
  readonly #platform = { sql: openStorage(this.ctx.storage, this.#meter), random, crypto: crypt };
  readonly #sessions = new Map<WebSocket, WatchSession>();
  #cluster?: Cluster;
  /** The revision at the end of the last turn that came to rest: nothing is to be done while it stands. */
  #settled: number | undefined;
  /** When the alarm will fire, as far as this object knows. */
  #armed: number | undefined;
  #continues = false;
  #awakeMs = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    void ctx.blockConcurrencyWhile(async () => {
      this.#armed = (await ctx.storage.getAlarm()) ?? undefined;
    });
  }

  /** The cluster, if it was ever created. Asking writes nothing. */
  #open(): Cluster | undefined {
    if (this.#cluster) return this.#cluster;
    const cluster = Cluster.open(this.#platform);
    if (!cluster) return undefined;
    for (const socket of this.ctx.getWebSockets()) this.#sessions.set(socket, cluster.resume(specOf(socket), socketPort(socket)));
    this.#cluster = cluster;
    return cluster;
  }

  override async fetch(request: Request): Promise<Response> {
    const body = await bodyOf(request);
    const time = now();
    const cluster = this.#open();
    if (!cluster) return noCluster();
    const url = request.url.slice(request.url.indexOf('/', 8) + CLUSTER_PREFIX);
    const answer = cluster.handle({ method: request.method, url, header: (name) => request.headers.get(name), body, now: time });
    const response =
      'watch' in answer ? this.#watch(cluster, answer.watch, answer.headers, time) : new Response(answer.body, answer);
    this.#turn(cluster, time, DRAIN_FIRST_SLICE_MS);
    return response;
  }

  /** The client's stream is held by the Worker; the object keeps a socket that outlives its sleep. */
  #watch(cluster: Cluster, spec: WatchSpec, headers: Record<string, string>, time: number): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    this.#sessions.set(server, cluster.watch(spec, socketPort(server), time));
    return new Response(null, {
      status: 101,
      webSocket: client,
      headers: { ...headers, [TIMEOUT_HEADER]: `${spec.timeoutSeconds ?? 0}` },
    });
  }

  /** Drains for a while, flushes the watches, and arms the alarm last. */
  #turn(cluster: Cluster, time: number, budgetMs: number): void {
    if (cluster.registry.store.revision() === this.#settled) return;
    const quiet = cluster.drain(time, budget(budgetMs));
    cluster.flush(time);
    this.#settled = quiet ? cluster.registry.store.revision() : undefined;
    if (!quiet) this.#goOn(cluster);
    this.#arm(quiet ? cluster.nextAlarm() : Math.min(this.#armed ?? Number.POSITIVE_INFINITY, time + DRAIN_RESCUE_MS));
    this.#awakeMs += now() - time;
  }

  #goOn(cluster: Cluster): void {
    if (this.#continues) return;
    this.#continues = true;
    setTimeout(() => {
      this.#continues = false;
      if (this.#cluster === cluster) this.#turn(cluster, now(), DRAIN_SLICE_MS);
    }, 0);
  }

  #arm(at: number | undefined): void {
    if (at === this.#armed) return;
    this.#armed = at;
    void (at === undefined ? this.ctx.storage.deleteAlarm() : this.ctx.storage.setAlarm(at));
  }

  override async alarm(): Promise<void> {
    const cluster = this.#open();
    this.#armed = undefined;
    this.#settled = undefined;
    if (!cluster) return;
    const time = now();
    cluster.wake(time);
    this.#turn(cluster, time, DRAIN_SLICE_MS);
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    const session = this.#sessions.get(socket);
    if (session) this.#cluster?.unwatch(session);
    this.#sessions.delete(socket);
  }

  override webSocketError(socket: WebSocket): Promise<void> {
    return this.webSocketClose(socket);
  }

  /** RPC: makes the cluster and returns its first credential. */
  async create(options: ClusterOptions): Promise<string> {
    const time = now();
    this.#cluster = Cluster.create(this.#platform, options, time);
    const token = this.#cluster.issueToken();
    this.#turn(this.#cluster, time, DRAIN_FIRST_SLICE_MS);
    return token;
  }

  /** RPC: one more administrator's credential. */
  async credential(): Promise<string | undefined> {
    return this.#open()?.issueToken();
  }

  /** RPC: what the cluster has cost since it woke. */
  async usage(): Promise<ClusterUsage | undefined> {
    const [awakeMs, databaseBytes] = [this.#awakeMs, this.ctx.storage.sql.databaseSize];
    return this.#open() && { ...this.#meter, awakeMs, databaseBytes, watchers: this.#sessions.size };
  }

  /** RPC: ends every watch and forgets everything. */
  async destroy(): Promise<void> {
    this.#cluster = undefined;
    for (const socket of this.ctx.getWebSockets()) socket.close();
    this.#sessions.clear();
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
  }
}
