import type { OpenApiFacts } from '../apiserver/openapi-facts.ts';
import type { RuntimesFor } from '../kubelet/runtime.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { Random } from '../lib/random.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { BootSnapshots } from './boot-snapshot.ts';

/** Reports an error that stops nothing else, with the cluster's id, if it is known, and the part that failed. */
export type Failed = (cluster: string | undefined, part: string, error: unknown) => void;

/** Ports that a shell provides: database, random numbers, cryptography. Time is an argument of every call. */
export interface Platform {
  sql: Sqlite;
  random: Random;
  crypto: Crypto;
  /** Reports errors; absent: they are thrown. */
  failed?: Failed;
  /** Descriptions and other facts of OpenAPI documents; absent: they have structure only. */
  facts?: OpenApiFacts;
  /** Boot snapshots, shared by all clusters of a process; absent: each cluster is booted. */
  bootSnapshots?: BootSnapshots;
  /** Makes the runtimes; absent: those of runtimes/table.ts. */
  runtimesFor?: RuntimesFor;
}

/** Error reporter of the parts of one cluster; throws where the platform has none. */
export const reporterOf =
  ({ failed }: Platform, cluster: string) =>
  (part: string, error: unknown) => {
    if (!failed) throw error;
    failed(cluster, part, error);
  };
