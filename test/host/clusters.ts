import { seeded } from '../../src/lib/prng.ts';
import { Cluster, type Platform } from '../../src/cluster/cluster.ts';
import { credentialsAtRest } from '../../src/cluster/credentials.ts';
import { beginFork, finishFork, forkOf, takeChunk } from '../../src/cluster/fork.ts';
import { takeLimits } from '../../src/cluster/plan-limits.ts';
import type { ClusterLimits } from '../../src/tenancy/limits.ts';
import { takeStanding } from '../../src/cluster/lifecycle.ts';
import type {
  ClustersPort,
  ForkProgress,
  NewClusterOptions,
  NewCredential,
  Revoked,
  Standing,
} from '../../src/management/clusters/port.ts';
import type { AuditQuery } from '../../src/management/audit/port.ts';
import { nodeCrypto } from './crypto.ts';
import { openSqlite } from './sqlite.ts';

/** Real clusters in plain Node, one database each: what management is given in place of the objects. */
export class NodeClusters implements ClustersPort {
  /** Those that answer. */
  readonly made = new Map<string, Cluster>();
  /** Everything that takes up room, deleted and half-made ones too. */
  readonly databases = new Map<string, Platform>();
  readonly #random = seeded(7);
  readonly #now: () => number;
  /** Thrown by what is asked of an object while it stands. */
  fail: Error | undefined;
  failDestroy: Error | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  async create({ caPem, ...options }: NewClusterOptions, first: NewCredential): Promise<string> {
    if (this.fail) throw this.fail;
    const platform = this.#platform(options.id);
    const cluster = Cluster.create(platform, { ...options, ...(caPem !== undefined && { caPem }) }, this.#now());
    this.made.set(options.id, cluster);
    return cluster.issue(first, this.#now());
  }

  #platform(id: string): Platform {
    const platform = this.databases.get(id) ?? { sql: openSqlite(), random: this.#random, crypto: nodeCrypto(this.#random) };
    this.databases.set(id, platform);
    return platform;
  }

  /** What waking does: only what lies in the database counts. */
  #wake(id: string): Cluster | undefined {
    const cluster = Cluster.open(this.#platform(id));
    if (cluster) this.made.set(id, cluster);
    else this.made.delete(id);
    cluster?.settle(this.#now());
    return cluster;
  }

  async issue(id: string, credential: NewCredential): Promise<string | undefined> {
    return this.made.get(id)?.issue(credential, this.#now());
  }

  #credentials(id: string) {
    const platform = this.databases.get(id);
    return this.made.get(id) ?? (platform && credentialsAtRest(platform));
  }

  async revoke(id: string, which: Revoked): Promise<void> {
    if (this.fail) throw this.fail;
    this.#credentials(id)?.revoke(which);
  }

  async expire(id: string, credentials: string[], at: number): Promise<void> {
    this.#credentials(id)?.expire(credentials, at);
  }

  async usage(id: string) {
    const cluster = this.made.get(id);
    return cluster && { rowsRead: 0, rowsWritten: 0, awakeMs: 0, databaseBytes: 0, watchers: cluster.watchers };
  }

  async hours(id: string, from: number, to: number) {
    return this.made.get(id)?.usage.hours(from, to, this.#now());
  }

  async limit(id: string, limits: ClusterLimits): Promise<boolean> {
    const platform = this.databases.get(id);
    this.made.get(id)?.limits.take(limits);
    return platform !== undefined && takeLimits(platform.sql, limits);
  }

  async auditPolicy(id: string) {
    const cluster = this.made.get(id);
    return cluster && (cluster.audit.policy() ?? null);
  }

  async setAuditPolicy(id: string, text: string | undefined) {
    return this.made.get(id)?.audit.setPolicy(text);
  }

  async audit(id: string, query: AuditQuery) {
    return this.made.get(id)?.audit.read(query, this.#now());
  }

  async destroy(id: string): Promise<void> {
    if (this.failDestroy) throw this.failDestroy;
    this.made.delete(id);
    this.databases.delete(id);
  }

  async stand(id: string, standing: Standing): Promise<boolean> {
    if (this.fail) throw this.fail;
    const platform = this.databases.get(id);
    if (!platform) return false;
    const taken = takeStanding(platform.sql, standing);
    if (taken === 'changed') this.#wake(id);
    return taken !== 'none';
  }

  async fork(
    { limits, ...own }: { id: string; name: string; limits?: ClusterLimits },
    source: string,
  ): Promise<ForkProgress | undefined> {
    if (this.fail) throw this.fail;
    const start = this.made.get(source)?.exportStart(this.#now());
    if (!start) return undefined;
    const { sql } = this.#platform(own.id);
    const begun = beginFork(sql, source, own, start);
    if (limits) takeLimits(sql, limits);
    return begun;
  }

  /** One chunk each time, so that a test can look in between. */
  async copy(id: string): Promise<ForkProgress | undefined> {
    if (this.fail) throw this.fail;
    const { sql } = this.#platform(id);
    const fork = forkOf(sql);
    if (!fork) return this.made.has(id) ? { done: 0, total: 0 } : undefined;
    const chunk = this.made.get(fork.source)?.exportChunk(fork.revision, fork.after, this.#now());
    return chunk && takeChunk(sql, fork, chunk);
  }

  async finish(id: string, first: NewCredential | undefined): Promise<string | undefined> {
    if (this.fail) throw this.fail;
    const { sql, crypto } = this.#platform(id);
    if (forkOf(sql)) finishFork(sql, crypto);
    const cluster = this.#wake(id);
    return first && cluster?.issue(first, this.#now());
  }
}
