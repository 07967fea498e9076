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
  /** All of these in one round trip and one transaction, or none. */
  batch<U extends BatchItem<'sqlite'>, T extends Readonly<[U, ...U[]]>>(batch: T): Promise<BatchResponse<T>>;
};

/** A request as the server's log tells it: who and what by ids, no secret, and nothing that a tenant wrote. */
export interface LogEntry {
  requestId: string;
  method: string;
  /** operationId; absent: no route was found. */
  action?: string;
  status: number;
  ms: number;
  account?: string;
  actor?: string;
  /** What nobody foresaw. */
  error?: unknown;
}

/** What the shell hands to management; nothing else of the world is known here. */
export interface ManagementDeps {
  db: Database;
  clusters: ClustersPort;
  /** Absent: clusters have no ports of their own here. */
  listeners?: ListenersPort;
  taskRunner: TaskRunner;
  crypto: Pick<Crypto, 'sha256' | 'token'> & Sealing;
  random: Random;
  /** Calls to the world outside: everything that management asks of others goes through here. */
  fetch: (url: string, init?: RequestInit) => Promise<Response>;
  /** With whom people sign in; none: nobody can. */
  issuers: readonly Issuer[];
  mac: Mac;
  /** Absent: anybody may ask as often as they like. */
  rates?: Rates;
  now: () => number;
  /** Goes on with something after the answer was given. */
  background: (work: PromiseLike<unknown>) => void;
  /** One line about a request, for the operator. */
  log: (entry: LogEntry) => void;
  /** What is counted, in the text form of Prometheus. */
  metrics: () => string;
  /** SHA-256 of the operator's token; absent: nobody is. */
  operatorSha256?: string;
  /** PEM of the CA in front of us, when clients do not trust it by themselves. */
  ca?: string;
  /** Public base address; else that of the request. */
  url?: string;
  /** The domain under which each cluster has a host name of its own: ID.DOMAIN; absent: none has. */
  clusterDomain?: string;
  /** Host names under which a browser may have reached us; else any. */
  hosts?: string[];
}
