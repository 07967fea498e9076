import { DRAIN_FIRST_SLICE_MS, DRAIN_SLICE_MS } from '../lib/limits.ts';
import type { AuditPage, AuditPolicySet, AuditQuery } from '../tenancy/audit.ts';
import type { ClockCommand, ClockSet, ClockState } from '../tenancy/clock.ts';
import type { AuthenticationSet } from '../tenancy/authentication.ts';
import type { ForkProgress, Lifecycle } from '../tenancy/cluster.ts';
import type { NewCredential, Revoked } from '../tenancy/credentials.ts';
import type { UsageHour } from '../tenancy/usage.ts';
import type { ClusterLimits } from '../tenancy/limits.ts';
import { Cluster } from './cluster.ts';
import type { Platform } from './platform.ts';
import { credentialsAtRest } from './credentials.ts';
import { beginFork, finishFork, type Fork, type ForkChunk, forkOf, type ForkStart, type Key, takeChunk } from './fork.ts';
import { storeLifecycle } from './lifecycle.ts';
import { DRAIN_BOOT_MS, DRAIN_RESCUE_MS, FORK_DRAIN_MS, FORK_UNPAUSED_MS } from './limits.ts';
import type { ClusterOptions } from '../tenancy/cluster.ts';
import { storeLimits } from './plan-limits.ts';
import { Turns, type TurnPorts } from './turn.ts';

/** RPC of a fork's source, called by the object of the fork. */
export interface ForkSource {
  exportStart(): Promise<ForkStart | undefined>;
  exportChunk(revision: number, after: Key | undefined): Promise<ForkChunk | undefined>;
}

/** Ports that the object provides to its cluster. */
export interface HostPorts extends TurnPorts {
  platform: Platform;
  streams: {
    /** Resumes the streams that were open when the object hibernated. */
    resume(cluster: Cluster): void;
    closeAll(): void;
  };
  source(id: string): ForkSource;
  /** Resolves after `ms`. */
  pause(ms: number): Promise<void>;
  /** Reports all usage of a cluster that is being deleted; resolves once the deployment's database has it. */
  reportLastUsage(cluster: Cluster): Promise<void>;
  /** Deletes the alarm and all storage. */
  erase(): Promise<void>;
}

const progressOf = ({ done, total }: Fork): ForkProgress => ({ done, total });

/** Host of one cluster in an object: opens it and handles every command beside requests. Each method is one input of a turn. */
export class ClusterHost {
  readonly #ports: HostPorts;
  readonly turns: Turns;
  #cluster: Cluster | undefined;
  /** Time at which this object began a copy, ms; 0 after an eviction. */
  #copyingSince = 0;

  constructor(ports: HostPorts) {
    this.#ports = ports;
    this.turns = new Turns(ports, () => this.#cluster);
  }

  /** The open cluster; undefined: it is not open. */
  get cluster(): Cluster | undefined {
    return this.#cluster;
  }

  /** Opens the cluster; undefined: none was created, or it is deleted. */
  open(): Cluster | undefined {
    if (this.#cluster) return this.#cluster;
    const cluster = Cluster.open(this.#ports.platform);
    if (!cluster) return undefined;
    this.#ports.streams.resume(cluster);
    this.#cluster = cluster;
    return cluster;
  }

  #turn(cluster: Cluster): void {
    this.turns.take(cluster, this.#ports.now(), DRAIN_FIRST_SLICE_MS);
  }

  /**
   * Does what is due. `scheduled`: time of the alarm that fired, ms; undefined: the alarm is overdue. [RC17] An error (an unreadable database) is
   * reported and tried again by another alarm, not thrown: workerd gives up an alarm after six failures in a row.
   */
  wake(scheduled?: number): void {
    const { now, report } = this.#ports;
    if (scheduled === undefined) this.turns.markDirty();
    else this.turns.fired(scheduled);
    try {
      const cluster = this.open();
      if (cluster) this.turns.take(cluster, now(), DRAIN_SLICE_MS);
    } catch (error) {
      this.turns.wakeBy(now() + DRAIN_RESCUE_MS);
      report.failed(this.#cluster?.options.id, 'alarm', error);
    }
  }

  /** Creates the cluster; returns the token of its first credential. */
  create(options: ClusterOptions, first: NewCredential): string {
    const { platform, now, budget, report } = this.#ports;
    const time = now();
    const cluster = Cluster.create(platform, options, time);
    this.#cluster = cluster;
    const token = cluster.issue(first, time);
    // The whole boot, if it fits: a second turn costs further disk syncs.
    try {
      cluster.drain(time, budget(DRAIN_BOOT_MS));
    } catch (error) {
      report.failed(options.id, 'drain', error);
    }
    this.turns.take(cluster, time, DRAIN_FIRST_SLICE_MS);
    return token;
  }

  /** Issues a credential; returns its token, undefined: there is no cluster. */
  issue(credential: NewCredential): string | undefined {
    const cluster = this.open();
    const token = cluster?.issue(credential, this.#ports.now());
    if (cluster) this.#turn(cluster);
    return token;
  }

  /** Revokes credentials and ends their streams: opening the cluster resumes those of a hibernated object. */
  revoke(which: Revoked): void {
    (this.open() ?? credentialsAtRest(this.#ports.platform))?.revoke(which);
  }

  /** Sets the expiry of credentials to `at` (ms) at the latest; the alarm ends their streams. */
  expire(credentials: readonly string[], at: number): void {
    const cluster = this.open();
    (cluster ?? credentialsAtRest(this.#ports.platform))?.expire(credentials, at);
    if (!cluster) return;
    this.turns.markDirty();
    this.#turn(cluster);
  }

  /** Usage by the hour, stored before it is returned: later answers are never lower, also after a crash (MG74). */
  hours(from: number, to: number): UsageHour[] | undefined {
    const cluster = this.open();
    const now = this.#ports.now();
    if (cluster) this.turns.store(cluster, now);
    return cluster?.usage.hours(from, to, now);
  }

  /** Sets the limits. Returns false if there is no cluster. */
  limit(limits: ClusterLimits): boolean {
    const stored = storeLimits(this.#ports.platform.sql, limits);
    if (stored) this.#cluster?.limits.set(limits);
    return stored;
  }

  /** What the clock of the cluster shows. */
  clock(): ClockState | undefined {
    return this.open()?.clock.state(this.#ports.now());
  }

  /** Tells a virtual clock to move or to stop. */
  setClock(command: ClockCommand): ClockSet | undefined {
    const cluster = this.open();
    if (!cluster) return undefined;
    const now = this.#ports.now();
    const refused = cluster.clock.command(command, now);
    if (refused !== undefined) return { refused };
    this.turns.markDirty();
    this.#turn(cluster);
    return { clock: cluster.clock.state(now) };
  }

  /** Audit policy in force; null: none; undefined: there is no cluster. */
  auditPolicy(): object | null | undefined {
    const cluster = this.open();
    return cluster && (cluster.audit.policy() ?? null);
  }

  /** Puts an audit policy (YAML or JSON) in force; undefined ends auditing. */
  setAuditPolicy(text: string | undefined): AuditPolicySet | undefined {
    return this.open()?.audit.setPolicy(text);
  }

  /** AuthenticationConfiguration in force; null: none; undefined: there is no cluster. */
  authentication(): object | null | undefined {
    const cluster = this.open();
    return cluster && (cluster.authentication.configuration() ?? null);
  }

  /** Puts an AuthenticationConfiguration (YAML or JSON) in force; undefined removes it. */
  setAuthentication(text: string | undefined): AuthenticationSet | undefined {
    return this.open()?.authentication.set(text);
  }

  /** Page of the audit log. */
  audit(query: AuditQuery): AuditPage | undefined {
    return this.open()?.audit.read(query, this.#ports.now());
  }

  /** Sets the lifecycle state, reopens the cluster with it and ends its streams. Returns false if there is no cluster. */
  async setLifecycle(lifecycle: Lifecycle): Promise<boolean> {
    const { platform, streams, reportLastUsage, now } = this.#ports;
    const ending = lifecycle.state === 'deleted' ? this.open() : undefined;
    if (ending) await reportLastUsage(ending);
    // Reopening drops what is buffered in memory.
    this.#cluster?.store(now());
    const result = storeLifecycle(platform.sql, lifecycle);
    if (result !== 'changed') return result !== 'none';
    // A clock that ran on would have the whole suspension to make up for.
    const clock = this.open()?.clock;
    if (clock?.state(now()).speed) clock.command({ stop: true }, now());
    this.#cluster = undefined;
    this.turns.markDirty();
    streams.closeAll();
    const cluster = this.open();
    if (cluster) this.#turn(cluster);
    return true;
  }

  /** Starts a copy of this cluster into another object. */
  exportStart(): ForkStart | undefined {
    const cluster = this.open();
    if (!cluster) return undefined;
    const start = cluster.exportStart(this.#ports.now(), this.#ports.budget(FORK_DRAIN_MS));
    this.#turn(cluster);
    return start;
  }

  /** Next batch of objects of a copy. */
  exportChunk(revision: number, after: Key | undefined): ForkChunk | undefined {
    return this.open()?.exportChunk(revision, after, this.#ports.now());
  }

  /** Starts a copy of another cluster into this object; the data goes from object to object. Undefined: there is no source. */
  async fork(
    { limits, ...own }: { id: string; name: string; limits?: ClusterLimits },
    source: string,
  ): Promise<ForkProgress | undefined> {
    const { platform, now } = this.#ports;
    this.#copyingSince = now();
    const start = await this.#ports.source(source).exportStart();
    if (!start) return undefined;
    const begun = beginFork(platform.sql, source, own, start);
    if (limits) storeLimits(platform.sql, limits);
    return progressOf(begun);
  }

  /** Continues the copy for about `ms`; undefined: it failed, or there is none. */
  async copy(ms: number): Promise<ForkProgress | undefined> {
    const begun = forkOf(this.#ports.platform.sql);
    if (begun) return this.#fetch(begun, ms);
    return this.open() && { done: 0, total: 0 };
  }

  /**
   * Fetches batches for about `ms`; each is committed when it arrives. It pauses between two batches, since on one machine all objects share a
   * thread, whose event loop reads no sockets while objects call each other. A long copy pauses half of the time while others share the thread.
   */
  async #fetch(fork: Fork, ms: number): Promise<ForkProgress | undefined> {
    const { now, pause, platform, slice } = this.#ports;
    const end = now() + ms;
    const source = this.#ports.source(fork.source);
    let at = fork;
    let next = source.exportChunk(at.revision, at.after);
    for (let from = now(); ; from = now()) {
      const chunk = await next;
      if (!chunk?.last) return undefined;
      const isLast = at.done + chunk.count >= at.total || now() >= end;
      // The next batch is read while this one is written to the disk.
      if (!isLast) next = source.exportChunk(at.revision, chunk.last);
      at = takeChunk(platform.sql, at, chunk);
      if (isLast) return progressOf(at);
      const isLong = now() - this.#copyingSince > FORK_UNPAUSED_MS;
      await pause(isLong && slice(now(), 0).pauses ? now() - from : 0);
    }
  }

  /** Turns a complete copy into a cluster; returns the token of its first credential. */
  finish(first: NewCredential | undefined): string | undefined {
    const { sql, crypto } = this.#ports.platform;
    if (forkOf(sql)) finishFork(sql, crypto);
    const cluster = this.open();
    const token = first && cluster?.issue(first, this.#ports.now());
    if (cluster) this.#turn(cluster);
    return token;
  }

  /** Reports the last usage, ends every stream and deletes all storage. */
  async destroy(): Promise<void> {
    const ending = this.open();
    if (ending) await this.#ports.reportLastUsage(ending);
    this.#cluster = undefined;
    this.#ports.streams.closeAll();
    await this.#ports.erase();
  }
}
