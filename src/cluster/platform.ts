import type { OpenApiFacts } from '../apiserver/openapi-facts.ts';
import type { RuntimesFor } from '../kubelet/runtime.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { Random } from '../lib/random.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { BootSnapshots } from './boot-snapshot.ts';

/** Reports an error that stops nothing else: of which cluster, if it is known, and in which part. */
export type Failed = (cluster: string | undefined, part: string, error: unknown) => void;

/** What a shell gives: a database, chance and cryptography. Time comes with every call. */
export interface Platform {
  sql: Sqlite;
  random: Random;
  crypto: Crypto;
  /** Absent: what would be reported is thrown. */
  failed?: Failed;
  /** What OpenAPI documents contain besides structure; absent: they have structure only. */
  facts?: OpenApiFacts;
  /** Shared by all clusters of a process; absent: each is booted. */
  bootSnapshots?: BootSnapshots;
  /** Makes what executes pods; absent: the runtimes that every cluster has. */
  runtimesFor?: RuntimesFor;
}

/** What the parts of a cluster report errors to. */
export const reporterOf =
  ({ failed }: Platform, cluster: string) =>
  (part: string, error: unknown) => {
    if (!failed) throw error;
    failed(cluster, part, error);
  };
