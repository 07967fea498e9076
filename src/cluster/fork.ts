import { storeClock } from './clock.ts';
import { ACCOUNT_TOKEN, dataOf } from '../api/core/token-secrets.ts';
import { parseJwt } from '../authn/jwt.ts';
import { isLegacy } from '../authn/legacy-tokens.ts';
import type { KubeObject } from '../lib/json.ts';
import { encode } from '../registry/encode.ts';
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
import { Store } from '../store/store.ts';
import type { ClusterOptions } from '../tenancy/cluster.ts';
import type { Clock } from '../time/clock.ts';
import { packTimers, takeTimers } from '../time/timers.ts';

/** Position of a copy: the last key that it has, in key order. */
export type Key = ObjectKey;

/** Start of a fork: everything but the objects, as of one revision. */
export interface ForkStart {
  revision: number;
  /** Number of objects to copy. */
  total: number;
  options: ClusterOptions;
  /** Timers as JSON rows; absent: too many, or the source was not idle. The fork then derives them. */
  timers?: string;
  checkpoints: string;
  /** Where the virtual clock stands; absent: it is real. */
  clock?: number;
}

/** Batch of objects: rows as JSON, or a single one that is too large to be packed. */
export interface ForkChunk {
  count: number;
  last: Key | undefined;
  packed?: string;
  single?: Key & { rev: number; json: string };
}

/** Progress of a copy, stored in the new database until it is complete. */
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

/** Source side of forks: reads the state at one revision while the cluster continues to write. */
export class Exports {
  readonly #store: Store;
  /** Deadlines, ms, by the revision that a copy reads: until then compaction keeps it. Each read extends its deadline. */
  readonly #pins = new Map<number, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Starts a copy of the current revision. `idle`: no key is dirty, so the timers are complete. */
  start(options: ClusterOptions, idle: boolean, now: number, clock: Clock): ForkStart {
    const { sql } = this.#store;
    const revision = this.#store.revision();
    this.#pins.set(revision, now + FORK_PIN_MS);
    const timers = idle ? packTimers(sql, FORK_TIMERS) : undefined;
    return {
      revision,
      total: countLive(sql),
      options,
      checkpoints: packCheckpoints(sql),
      ...(timers !== undefined && { timers }),
      ...(options.clock === 'virtual' && { clock: clock.now(now) }),
    };
  }

  /** Next batch of objects as of a revision; undefined: the revision is compacted, since no read came within FORK_PIN_MS. */
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

  /** Lowest revision that a copy reads: compaction must not pass it. Infinity: there is no copy. */
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

/** Incomplete copy in this database; undefined: none. */
export function forkOf(sql: Sqlite): Fork | undefined {
  if (!isInitialised(sql)) return undefined;
  const text = getMeta(sql, FORK);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Begins a copy in an empty database; it holds no cluster until `finishFork`. Throws if there is a cluster. */
export function beginFork(sql: Sqlite, source: string, own: Pick<ClusterOptions, 'id' | 'name'>, start: ForkStart): Fork {
  if (isInitialised(sql)) throw new Error('there is a cluster already');
  const { revision, total, timers, checkpoints, clock } = start;
  const options = { ...start.options, ...own };
  const progress: Fork = { source, options, revision, derive: timers === undefined, done: 0, total };
  sql.transaction(() => {
    migrate(sql);
    takeCheckpoints(sql, checkpoints);
    takeTimers(sql, timers ?? '[]');
    if (clock !== undefined) storeClock(sql, clock);
    setMeta(sql, FORK, JSON.stringify(progress));
  });
  return progress;
}

/** Stores a batch that was requested at `progress`; returns the new progress. Throws if another caller stored one meanwhile. */
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
 * Turns the complete copy into a cluster at its source's revision, without earlier history. It gets a new signing key, so that tokens signed
 * by the source are invalid in it, and no credentials. Then token Secrets lose what the source signed, by a revision each, from which the token
 * controller signs anew. Throws if there is no copy.
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
    dropForeignTokens(new Store(sql));
  });
  return options;
}

/** Takes the token out of every Secret that holds one of a service account which a cluster signed. */
function dropForeignTokens(store: Store): void {
  const where = { sql: 'instr(l.json, ?) > 0', params: [`"type":"${ACCOUNT_TOKEN}"`] };
  for (const { resource, namespace, name, rev, json } of store.list({ resource: 'secrets', where })) {
    const secret: KubeObject = JSON.parse(json);
    if (secret.type !== ACCOUNT_TOKEN || !isLegacy(parseJwt(dataOf(secret, 'token'))?.claims ?? {})) continue;
    const { token: _, ...data } = secret.data;
    const next = store.revision() + 1;
    const metadata = { ...secret.metadata, resourceVersion: String(next) };
    store.put(resource, namespace, name, next, encode({ ...secret, metadata, data }), [], rev);
  }
}

/** Key in `meta`, set until every object was reconciled once: the copy was made while its source had dirty keys. */
const DERIVE = 'derive';
export const mustResync = (sql: Sqlite): boolean => getMeta(sql, DERIVE) !== undefined;
export const markResynced = (sql: Sqlite): void => deleteMeta(sql, DERIVE);
