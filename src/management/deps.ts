import type { BatchItem, BatchResponse } from 'drizzle-orm/batch';
import type { BaseSQLiteDatabase } from 'drizzle-orm/sqlite-core';
import type { Crypto, Sealing } from '../lib/crypto-port.ts';
import type { Random } from '../lib/random.ts';
import type { TaskRunner } from './task-runner.ts';
import type { ClustersPort, ListenersPort } from './clusters/port.ts';
import type { Mac } from './clusters/id.ts';
import type { Rates } from './http/rates.ts';
import type { Issuer } from './people/issuers.ts';

/** Any asynchronous SQLite that drizzle speaks: D1 in the Worker, node:sqlite in tests. */
export type Database = BaseSQLiteDatabase<'async', unknown> & {
  /** Runs all statements in one round trip and one transaction. */
  batch<U extends BatchItem<'sqlite'>, T extends Readonly<[U, ...U[]]>>(batch: T): Promise<BatchResponse<T>>;
};

/** A request in the server's log: caller and operation by ids, no secret, nothing that a tenant wrote. */
export interface LogEntry {
  requestId: string;
  method: string;
  /** operationId; absent: no route was found. */
  action?: string;
  status: number;
  ms: number;
  account?: string;
  actor?: string;
  /** The unexpected error. */
  error?: unknown;
}

/** Dependencies of management: the only way to anything outside of it. */
export interface ManagementDeps {
  db: Database;
  clusters: ClustersPort;
  /** Absent: clusters have no ports of their own here. */
  listeners?: ListenersPort;
  taskRunner: TaskRunner;
  crypto: Pick<Crypto, 'sha256' | 'token'> & Sealing;
  random: Random;
  /** HTTP to the outside: the only way out of management. */
  fetch: (url: string, init?: RequestInit) => Promise<Response>;
  /** Issuers that people sign in with; empty: nobody can. */
  issuers: readonly Issuer[];
  mac: Mac;
  /** Absent: no rate limits. */
  rates?: Rates;
  now: () => number;
  /** Runs work after the answer was sent. */
  background: (work: PromiseLike<unknown>) => void;
  /** Writes one log line about a request, for the operator. */
  log: (entry: LogEntry) => void;
  /** Metrics in the text form of Prometheus. */
  metrics: () => string;
  /** SHA-256 of the operator's token; absent: there is no operator. */
  operatorSha256?: string;
  /** PEM of the server's CA, when clients do not trust it by themselves. */
  ca?: string;
  /** Public base address; else that of the request. */
  url?: string;
  /** The domain under which each cluster has a host name of its own: ID.DOMAIN; absent: none has. */
  clusterDomain?: string;
  /** Host names that browsers may use; absent: any. */
  hosts?: string[];
}
