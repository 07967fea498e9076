import { seeded } from '../fixtures/prng.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { Platform } from '../../src/cluster/platform.ts';
import { ClusterHost, type HostPorts } from '../../src/cluster/host.ts';
import type { ClusterLimits } from '../../src/tenancy/limits.ts';
import type { ClustersPort } from '../../src/management/clusters/port.ts';
import type { ClusterOptions, Lifecycle } from '../../src/tenancy/cluster.ts';
import type { NewCredential, Revoked } from '../../src/tenancy/credentials.ts';
import type { ClockCommand } from '../../src/tenancy/clock.ts';
import type { AuditQuery } from '../../src/tenancy/audit.ts';
import { nodeCrypto } from './crypto.ts';
import { openSqlite } from './sqlite.ts';

const nothing = (): void => undefined;

/** Real clusters in plain Node, one database each: what management is given in place of the objects. */
export class NodeClusters implements ClustersPort {
  /** The databases of everything that takes up room, deleted and half-made ones too. */
  readonly databases = new Map<string, Platform>();
  readonly #hosts = new Map<string, ClusterHost>();
  readonly #random = seeded(7);
  readonly #now: () => number;
  /** Thrown by what is asked of an object while it stands. */
  fail: Error | undefined;
  failDestroy: Error | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Those that answer. */
  get made(): Map<string, Cluster> {
    const open = [...this.#hosts].map(([id, host]) => [id, host.open()] as const);
    return new Map(open.filter((one): one is readonly [string, Cluster] => one[1] !== undefined));
  }

  #host(id: string, failure = this.fail): ClusterHost {
    if (failure) throw failure;
    const platform = this.databases.get(id) ?? { sql: openSqlite(), random: this.#random, crypto: nodeCrypto(this.#random) };
    this.databases.set(id, platform);
    const host = this.#hosts.get(id) ?? new ClusterHost(this.#ports(id, platform));
    this.#hosts.set(id, host);
    return host;
  }

  /** A platform where nothing happens by itself. */
  #ports(id: string, platform: Platform): HostPorts {
    return {
      platform,
      alarm: { set: nothing },
      now: this.#now,
      after: nothing,
      pause: async () => nothing(),
      budget: () => () => false,
      slice: (_, workMs) => ({ workMs, pauses: false }),
      pauseAfter: () => 0,
      ask: nothing,
      send: () => {},
      reportUsage: nothing,
      reportLastUsage: async () => nothing(),
      streams: { resume: nothing, closeAll: nothing },
      source: (source) => ({
        exportStart: async () => this.#known(source)?.exportStart(),
        exportChunk: async (revision, after) => this.#known(source)?.exportChunk(revision, after),
      }),
      erase: async () => this.forget(id),
      report: {
        turn: nothing,
        failed: (_cluster, _phase, error) => {
          throw error;
        },
        alarmLost: nothing,
      },
    };
  }

  /** Takes a cluster away as if it had never been. */
  forget(id: string): void {
    this.databases.delete(id);
    this.#hosts.delete(id);
  }

  /** An object of which nothing is stored is not made by being asked. */
  #known(id: string, failure?: Error): ClusterHost | undefined {
    if (failure) throw failure;
    return this.databases.has(id) ? this.#host(id, undefined) : undefined;
  }

  create = async (options: ClusterOptions, first: NewCredential) => this.#host(options.id).create(options, first);
  issue = async (id: string, credential: NewCredential) => this.#known(id)?.issue(credential);
  revoke = async (id: string, which: Revoked) => this.#known(id, this.fail)?.revoke(which);
  expire = async (id: string, credentials: string[], at: number) => this.#known(id)?.expire(credentials, at);
  hours = async (id: string, from: number, to: number) => this.#known(id)?.hours(from, to);
  limit = async (id: string, limits: ClusterLimits) => this.#known(id)?.limit(limits) ?? false;
  auditPolicy = async (id: string) => this.#known(id)?.auditPolicy();
  setAuditPolicy = async (id: string, text: string | undefined) => this.#known(id)?.setAuditPolicy(text);
  authentication = async (id: string) => this.#known(id)?.authentication();
  setAuthentication = async (id: string, text: string | undefined) => this.#known(id)?.setAuthentication(text);
  clock = async (id: string) => this.#known(id)?.clock();
  setClock = async (id: string, command: ClockCommand) => this.#known(id)?.setClock(command);
  audit = async (id: string, query: AuditQuery) => this.#known(id)?.audit(query);
  setLifecycle = async (id: string, lifecycle: Lifecycle) => (await this.#known(id, this.fail)?.setLifecycle(lifecycle)) ?? false;
  finish = async (id: string, first: NewCredential | undefined) => this.#host(id).finish(first);
  fork = async (own: { id: string; name: string; limits?: ClusterLimits }, source: string) =>
    this.#host(own.id).fork(own, source);
  /** One chunk each time, so that a test can look in between. */
  copy = async (id: string) => this.#host(id).copy(0);
  usage = async (id: string) => {
    const cluster = this.#known(id)?.open();
    return cluster && { rowsRead: 0, rowsWritten: 0, awakeMs: 0, databaseBytes: 0, watchers: cluster.watchers };
  };
  destroy = async (id: string) => {
    if (this.failDestroy) throw this.failDestroy;
    const host = this.#known(id);
    if (host) await host.destroy();
  };
}
