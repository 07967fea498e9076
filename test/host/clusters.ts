import { seeded } from '../../src/lib/prng.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { ClustersPort, NewClusterOptions, NewCredential, Revoked } from '../../src/management/clusters/port.ts';
import type { AuditQuery } from '../../src/management/audit/port.ts';
import { nodeCrypto } from './crypto.ts';
import { openSqlite } from './sqlite.ts';

/** Real clusters in plain Node, one database each: what management is given in place of the objects. */
export class NodeClusters implements ClustersPort {
  readonly made = new Map<string, Cluster>();
  readonly #random = seeded(7);
  readonly #now: () => number;
  /** Thrown by every `create` and `revoke` while it stands. */
  fail: Error | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  async create({ caPem, ...options }: NewClusterOptions, first: NewCredential): Promise<string> {
    if (this.fail) throw this.fail;
    const platform = { sql: openSqlite(), random: this.#random, crypto: nodeCrypto(this.#random) };
    const cluster = Cluster.create(platform, { ...options, ...(caPem !== undefined && { caPem }) }, this.#now());
    this.made.set(options.id, cluster);
    return cluster.issue(first, this.#now());
  }

  async issue(id: string, credential: NewCredential): Promise<string | undefined> {
    return this.made.get(id)?.issue(credential, this.#now());
  }

  async revoke(id: string, which: Revoked): Promise<void> {
    if (this.fail) throw this.fail;
    this.made.get(id)?.revoke(which);
  }

  async expire(id: string, credentials: string[], at: number): Promise<void> {
    this.made.get(id)?.expire(credentials, at);
  }

  async usage(id: string) {
    const cluster = this.made.get(id);
    return cluster && { rowsRead: 0, rowsWritten: 0, awakeMs: 0, databaseBytes: 0, watchers: cluster.watchers };
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
    this.made.delete(id);
  }
}
