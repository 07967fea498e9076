import { DRAIN_FIRST_SLICE_MS, DRAIN_SLICE_MS } from '../lib/limits.ts';
import type { AuditPage, AuditPolicySet, AuditQuery } from '../tenancy/audit.ts';
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
import { takeLimits } from './plan-limits.ts';
import { Turns, type TurnPorts } from './turn.ts';

/** The object of another cluster, as one that becomes a copy of it sees it. */
export interface ForkSource {
  exportStart(): Promise<ForkStart | undefined>;
  exportChunk(revision: number, after: Key | undefined): Promise<ForkChunk | undefined>;
}

/** What an object gives to its cluster. */
export interface HostPorts extends TurnPorts {
  platform: Platform;
  streams: {
    /** Goes on with the streams that were open when the object fell asleep. */
    resume(cluster: Cluster): void;
    closeAll(): void;
  };
  source(id: string): ForkSource;
  /** Resolves after so long. */
  pause(ms: number): Promise<void>;
  /** Reports all of a cluster's usage to the deployment before it resolves: the cluster is about to be silent. */
  tellLast(cluster: Cluster): Promise<void>;
  /** Deletes the alarm, and everything that is stored. */
  erase(): Promise<void>;
}

const progressOf = ({ done, total }: Fork): ForkProgress => ({ done, total });

/** One object: the cluster in its database, and everything that is done to it beside requests. Every method is one input of a turn. */
export class ClusterHost {
  readonly #ports: HostPorts;
  readonly turns: Turns;
  #cluster: Cluster | undefined;
  /** When this object began to be a copy; after an eviction that is long ago. */
  #copiesSince = 0;

  constructor(ports: HostPorts) {
    this.#ports = ports;
    this.turns = new Turns(ports, () => this.#cluster);
  }

  /** The cluster, if it is open. */
  get cluster(): Cluster | undefined {
    return this.#cluster;
  }

  /** The cluster, if one was ever created and not deleted. Asking writes nothing. */
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
   * Does what is due: the alarm has fired that was set for this time; undefined: it should have. [RC17] Where nothing can be done now, as when the
   * database cannot be read, that is reported and tried again: six failures in a row, and workerd gives up an alarm.
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

  /** Makes the cluster; returns the token of its first credential. */
  create(options: ClusterOptions, first: NewCredential): string {
    const { platform, now, budget, report } = this.#ports;
    const time = now();
    const cluster = Cluster.create(platform, options, time);
    this.#cluster = cluster;
    const token = cluster.issue(first, time);
    // Whole, if it can be: what comes in a second turn costs syncs of the disk of its own.
    try {
      cluster.drain(time, budget(DRAIN_BOOT_MS));
    } catch (error) {
      report.failed(options.id, 'drain', error);
    }
    this.turns.take(cluster, time, DRAIN_FIRST_SLICE_MS);
    return token;
  }

  /** Makes one more credential; returns its token. */
  issue(credential: NewCredential): string | undefined {
    const cluster = this.open();
    const token = cluster?.issue(credential, this.#ports.now());
    if (cluster) this.#turn(cluster);
    return token;
  }

  /** Revokes credentials. Their streams are found though the object slept: opening it resumes every socket. */
  revoke(which: Revoked): void {
    (this.open() ?? credentialsAtRest(this.#ports.platform))?.revoke(which);
  }

  /** Lets credentials expire at a time at the latest; the alarm ends their streams. */
  expire(credentials: readonly string[], at: number): void {
    const cluster = this.open();
    (cluster ?? credentialsAtRest(this.#ports.platform))?.expire(credentials, at);
    if (!cluster) return;
    this.turns.markDirty();
    this.#turn(cluster);
  }

  /** Usage by the hour. Stored first: figures that somebody has seen do not go back, whatever dies. */
  hours(from: number, to: number): UsageHour[] | undefined {
    const cluster = this.open();
    const now = this.#ports.now();
    if (cluster) this.turns.store(cluster, now);
    return cluster?.usage.hours(from, to, now);
  }

  /** Sets what the cluster may use. False: there is none. */
  limit(limits: ClusterLimits): boolean {
    const taken = takeLimits(this.#ports.platform.sql, limits);
    if (taken) this.#cluster?.limits.take(limits);
    return taken;
  }

  /** The policy of the audit log; null: none is in force. */
  auditPolicy(): object | null | undefined {
    const cluster = this.open();
    return cluster && (cluster.audit.policy() ?? null);
  }

  /** Puts another policy in force, or none. */
  setAuditPolicy(text: string | undefined): AuditPolicySet | undefined {
    return this.open()?.audit.setPolicy(text);
  }

  /** Which issuers are trusted; null: none was ever named. */
  authentication(): object | null | undefined {
    const cluster = this.open();
    return cluster && (cluster.authentication.configuration() ?? null);
  }

  /** Trusts other issuers, or none. */
  setAuthentication(text: string | undefined): AuthenticationSet | undefined {
    return this.open()?.authentication.set(text);
  }

  /** A page of the audit log. */
  audit(query: AuditQuery): AuditPage | undefined {
    return this.open()?.audit.read(query, this.#ports.now());
  }

  /** Sets the lifecycle state. The cluster is opened anew with it; streams end. False: there is no cluster. */
  async setLifecycle(lifecycle: Lifecycle): Promise<boolean> {
    const { platform, streams, tellLast, now } = this.#ports;
    const ending = lifecycle.state === 'deleted' ? this.open() : undefined;
    if (ending) await tellLast(ending);
    // What it holds in memory would be forgotten.
    this.#cluster?.store(now());
    const taken = storeLifecycle(platform.sql, lifecycle);
    if (taken !== 'changed') return taken !== 'none';
    this.#cluster = undefined;
    this.turns.markDirty();
    streams.closeAll();
    const cluster = this.open();
    if (cluster) this.#turn(cluster);
    return true;
  }

  /** Begins a copy of this cluster in another object. */
  exportStart(): ForkStart | undefined {
    const cluster = this.open();
    if (!cluster) return undefined;
    const start = cluster.exportStart(this.#ports.now(), this.#ports.budget(FORK_DRAIN_MS));
    this.#turn(cluster);
    return start;
  }

  /** Some of the objects of a copy. */
  exportChunk(revision: number, after: Key | undefined): ForkChunk | undefined {
    return this.open()?.exportChunk(revision, after, this.#ports.now());
  }

  /** Begins to become a copy of another cluster, so that nothing of it passes anybody else. */
  async fork(
    { limits, ...own }: { id: string; name: string; limits?: ClusterLimits },
    source: string,
  ): Promise<ForkProgress | undefined> {
    const { platform, now } = this.#ports;
    this.#copiesSince = now();
    const start = await this.#ports.source(source).exportStart();
    if (!start) return undefined;
    const begun = beginFork(platform.sql, source, own, start);
    if (limits) takeLimits(platform.sql, limits);
    return progressOf(begun);
  }

  /** Goes on with that for about so long. */
  async copy(ms: number): Promise<ForkProgress | undefined> {
    const begun = forkOf(this.#ports.platform.sql);
    if (begun) return this.#fetch(begun, ms);
    return this.open() && { done: 0, total: 0 };
  }

  /**
   * Fetches objects for about so long; what has come stays, whatever happens. Between two chunks others have their turn: on one machine all
   * objects share a thread, whose loop takes nothing from outside while objects have something for each other. A copy that takes long pauses
   * half of the time while others are there.
   */
  async #fetch(fork: Fork, ms: number): Promise<ForkProgress | undefined> {
    const { now, pause, platform, slice } = this.#ports;
    const end = now() + ms;
    const source = this.#ports.source(fork.source);
    let at = fork;
    let coming = source.exportChunk(at.revision, at.after);
    for (let from = now(); ; from = now()) {
      const chunk = await coming;
      if (!chunk?.last) return undefined;
      const isLast = at.done + chunk.count >= at.total || now() >= end;
      // The next is read while this one is written to the disk.
      if (!isLast) coming = source.exportChunk(at.revision, chunk.last);
      at = takeChunk(platform.sql, at, chunk);
      if (isLast) return progressOf(at);
      const isLong = now() - this.#copiesSince > FORK_UNPAUSED_MS;
      await pause(isLong && slice(now(), 0).rests ? now() - from : 0);
    }
  }

  /** Makes a cluster of a copy that has everything; returns the token of its first credential. */
  finish(first: NewCredential | undefined): string | undefined {
    const { sql, crypto } = this.#ports.platform;
    if (forkOf(sql)) finishFork(sql, crypto);
    const cluster = this.open();
    const token = first && cluster?.issue(first, this.#ports.now());
    if (cluster) this.#turn(cluster);
    return token;
  }

  /** Ends every stream and forgets everything. */
  async destroy(): Promise<void> {
    const ending = this.open();
    if (ending) await this.#ports.tellLast(ending);
    this.#cluster = undefined;
    this.#ports.streams.closeAll();
    await this.#ports.erase();
  }
}
