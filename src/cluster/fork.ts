import { FORK_CHUNK_BYTES, FORK_CHUNK_ROWS, FORK_PIN_MS, FORK_TIMERS } from './limits.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import {
  countLive,
  keysAt,
  type ObjectKey,
  packCheckpoints,
  packStates,
  takeCheckpoints,
  takeState,
  takeStates,
  textAt,
} from '../store/export.ts';
import { deleteMeta, getMeta, isInitialised, migrate, setMeta } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { ClusterOptions } from '../tenancy/cluster.ts';
import { packTimers, takeTimers } from '../time/timers.ts';

/** Where a copy stands: the last key that it has, in the order of keys. */
export type Key = ObjectKey;

/** What a fork begins with: everything but the objects, as of one revision. */
export interface ForkStart {
  revision: number;
  /** Objects that follow. */
  total: number;
  options: ClusterOptions;
  /** Rows as JSON; absent: too many, or not all of them true. They are then derived again. */
  timers?: string;
  checkpoints: string;
}

/** Some of the objects: rows as JSON, or one that is too large to be packed. */
export interface ForkChunk {
  count: number;
  last: Key | undefined;
  packed?: string;
  single?: Key & { rev: number; json: string };
}

/** How far a copy is; kept in the new database while it grows. */
export interface Fork {
  source: string;
  options: ClusterOptions;
  revision: number;
  derive: boolean;
  done: number;
  total: number;
  after?: Key;
}

const FIRST: Key = { resource: '', namespace: '', name: '' };

/** The source's side of forks: reads of its state at one revision, while it goes on. */
export class Exports {
  readonly #store: Store;
  /** Revisions that copies read at, and until when they are kept from compaction without a further read. */
  readonly #pins = new Map<number, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** The present revision becomes the one that is copied. `settled`: nothing was dirty, so the timers are all that is due. */
  start(options: ClusterOptions, settled: boolean, now: number): ForkStart {
    const { sql } = this.#store;
    const revision = this.#store.revision();
    this.#pins.set(revision, now + FORK_PIN_MS);
    const timers = settled ? packTimers(sql, FORK_TIMERS) : undefined;
    return {
      revision,
      total: countLive(sql),
      options,
      checkpoints: packCheckpoints(sql),
      ...(timers !== undefined && { timers }),
    };
  }

  /** The next objects as of a revision; undefined: its history is gone, for nobody read for long. */
  chunk(revision: number, after: Key | undefined, now: number): ForkChunk | undefined {
    const { sql } = this.#store;
    if (this.#store.compacted() > revision) return undefined;
    this.#pins.set(revision, now + FORK_PIN_MS);
    const page = keysAt(sql, revision, after ?? FIRST, FORK_CHUNK_ROWS);
    if (page.length === 0) {
      this.#pins.delete(revision);
      return { count: 0, last: undefined };
    }
    let bytes = 0;
    const fits = page.findIndex((row) => (bytes += row.bytes) > FORK_CHUNK_BYTES);
    const taken = fits < 0 ? page : page.slice(0, fits);
    if (taken.length === 0) {
      const [{ resource, namespace, name, rev }] = page;
      return {
        count: 1,
        last: { resource, namespace, name },
        single: { resource, namespace, name, rev, json: textAt(sql, rev) },
      };
    }
    const { resource, namespace, name } = taken[taken.length - 1];
    const packed = packStates(
      sql,
      taken.map((row) => row.rev),
    );
    return { count: taken.length, last: { resource, namespace, name }, packed };
  }

  /** What compaction must not pass. */
  floor(now: number): number {
    let floor = Number.POSITIVE_INFINITY;
    for (const [revision, until] of this.#pins) {
      if (until <= now) this.#pins.delete(revision);
      else floor = Math.min(floor, revision);
    }
    return floor;
  }
}

const FORK = 'fork';

/** A copy that has begun in this database and is not done; undefined: none. */
export function forkOf(sql: Sqlite): Fork | undefined {
  if (!isInitialised(sql)) return undefined;
  const text = getMeta(sql, FORK);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Begins a copy in an empty database. Until `finishFork` there is no cluster in it. */
export function beginFork(sql: Sqlite, source: string, own: Pick<ClusterOptions, 'id' | 'name'>, start: ForkStart): Fork {
  if (isInitialised(sql)) throw new Error('there is a cluster already');
  const { revision, total, timers, checkpoints } = start;
  const options = { ...start.options, ...own };
  const progress: Fork = { source, options, revision, derive: timers === undefined, done: 0, total };
  sql.transaction(() => {
    migrate(sql);
    takeCheckpoints(sql, checkpoints);
    takeTimers(sql, timers ?? '[]');
    setMeta(sql, FORK, JSON.stringify(progress));
  });
  return progress;
}

/** Adds what follows the progress that it was asked for. */
export function takeChunk(sql: Sqlite, progress: Fork, { packed, single, count, last }: ForkChunk): Fork {
  return sql.transaction(() => {
    if (JSON.stringify(forkOf(sql)) !== JSON.stringify(progress)) throw new Error('somebody else goes on with this copy');
    if (packed !== undefined) takeStates(sql, packed);
    if (single) takeState(sql, single);
    const next = { ...progress, done: progress.done + count, ...(last && { after: last }) };
    setMeta(sql, FORK, JSON.stringify(next));
    return next as never;
  });
}

/**
 * The copy becomes a cluster of its own, at the revision of its source, without history before it. It has a key of its own, so no token that
 * the source ever signed counts here, and no credentials.
 */
export function finishFork(sql: Sqlite, crypto: Pick<Crypto, 'generateKey'>): ClusterOptions {
  const progress = forkOf(sql);
  if (!progress) throw new Error('no copy has begun here');
  const { options, revision, derive } = progress;
  sql.transaction(() => {
    const key = crypto.generateKey();
    setMeta(sql, 'signing-key', key.privateKey);
    setMeta(sql, 'signing-key.pub', key.publicKey);
    for (const meta of ['compacted', 'cursor']) setMeta(sql, meta, `${revision}`);
    if (derive) setMeta(sql, DERIVE, '1');
    setMeta(sql, 'options', JSON.stringify(options));
    deleteMeta(sql, FORK);
  });
  return options;
}

/** Set while everything has still to be looked at once: the copy was made while its source had work to do. */
const DERIVE = 'derive';
export const mustDerive = (sql: Sqlite): boolean => getMeta(sql, DERIVE) !== undefined;
export const derived = (sql: Sqlite): void => deleteMeta(sql, DERIVE);
