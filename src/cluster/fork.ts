import { FORK_CHUNK_BYTES, FORK_CHUNK_ROWS, FORK_PIN_MS, FORK_TIMERS } from './limits.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import { getMeta, isInitialised, migrate, setMeta } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { ClusterOptions } from '../tenancy/cluster.ts';

/** Where a copy stands: the last key that it has, in the order of keys. */
export interface Key {
  resource: string;
  namespace: string;
  name: string;
}

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
    const [{ total }] = sql.all<{ total: number }>('SELECT count(*) AS total FROM heads');
    const [{ n, timers }] = sql.all<{ n: number; timers: string }>(
      `SELECT count(*) AS n, json_group_array(json_array(controller, namespace, name, at)) AS timers
         FROM (SELECT controller, namespace, name, at FROM timers LIMIT ?)`,
      FORK_TIMERS + 1,
    );
    const [{ checkpoints }] = sql.all<{ checkpoints: string }>(
      'SELECT json_group_array(json_array(rev, at)) AS checkpoints FROM checkpoints',
    );
    return { revision, total, options, checkpoints, ...(settled && n <= FORK_TIMERS && { timers }) };
  }

  /** The next objects as of a revision; undefined: its history is gone, for nobody read for long. */
  chunk(revision: number, after: Key | undefined, now: number): ForkChunk | undefined {
    const { sql } = this.#store;
    if (this.#store.compacted() > revision) return undefined;
    this.#pins.set(revision, now + FORK_PIN_MS);
    const page = keysAt(sql, revision, after ?? FIRST);
    if (page.length === 0) {
      this.#pins.delete(revision);
      return { count: 0, last: undefined };
    }
    let bytes = 0;
    const fits = page.findIndex((row) => (bytes += row.bytes) > FORK_CHUNK_BYTES);
    const taken = fits < 0 ? page : page.slice(0, fits);
    if (taken.length === 0) {
      const [{ resource, namespace, name, rev }] = page;
      const [{ json }] = sql.all<{ json: string }>('SELECT json FROM log WHERE rev = ?', rev);
      return { count: 1, last: { resource, namespace, name }, single: { resource, namespace, name, rev, json } };
    }
    const { resource, namespace, name } = taken[taken.length - 1];
    const [{ packed }] = sql.all<{ packed: string }>(
      `SELECT json_group_array(json_array(rev, resource, namespace, name, json)) AS packed FROM log
         WHERE rev IN (SELECT value FROM json_each(?))`,
      JSON.stringify(taken.map((row) => row.rev)),
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

/**
 * The keys that lived at a revision, with the revision of each and the bytes of its object: today's that have not changed since, and of those
 * that have, the state before the first change.
 */
type Lived = { resource: string; namespace: string; name: string; rev: number; bytes: number };

function keysAt(sql: Sqlite, revision: number, after: Key): Lived[] {
  const { resource, namespace, name } = after;
  return sql.all<Lived>(
    `WITH changed AS (SELECT min(rev) AS rev, resource, namespace, name FROM log WHERE rev > ?1 GROUP BY resource, namespace, name),
       lived AS (
         SELECT resource, namespace, name, rev FROM heads WHERE rev <= ?1 AND (resource, namespace, name) > (?2, ?3, ?4)
         UNION ALL
         SELECT l.resource, l.namespace, l.name, l.prev AS rev FROM changed c JOIN log l ON l.rev = c.rev
           WHERE l.prev IS NOT NULL AND (l.resource, l.namespace, l.name) > (?2, ?3, ?4)
         ORDER BY resource, namespace, name LIMIT ?5)
     SELECT v.resource AS resource, v.namespace AS namespace, v.name AS name, v.rev AS rev, octet_length(l.json) AS bytes
       FROM lived v JOIN log l ON l.rev = v.rev ORDER BY v.resource, v.namespace, v.name`,
    revision,
    resource,
    namespace,
    name,
    FORK_CHUNK_ROWS,
  );
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
    sql.run('INSERT INTO checkpoints (rev, at) SELECT value ->> 0, value ->> 1 FROM json_each(?)', checkpoints);
    sql.run(
      `INSERT INTO timers (controller, namespace, name, at) SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)`,
      timers ?? '[]',
    );
    setMeta(sql, FORK, JSON.stringify(progress));
  });
  return progress;
}

/** Adds what follows the progress that it was asked for. */
export function takeChunk(sql: Sqlite, progress: Fork, { packed, single, count, last }: ForkChunk): Fork {
  return sql.transaction(() => {
    if (JSON.stringify(forkOf(sql)) !== JSON.stringify(progress)) throw new Error('somebody else goes on with this copy');
    if (packed !== undefined) unpack(sql, packed);
    if (single) {
      const { rev, resource, namespace, name, json } = single;
      sql.run(
        'INSERT INTO log (rev, type, resource, namespace, name, prev, json) VALUES (?, 0, ?, ?, ?, NULL, ?)',
        rev,
        resource,
        namespace,
        name,
        json,
      );
      sql.run(
        `INSERT OR IGNORE INTO refs (owner, resource, namespace, name)
           SELECT value ->> '$.uid', ?, ?, ? FROM json_each(?, '$.metadata.ownerReferences')`,
        resource,
        namespace,
        name,
        json,
      );
    }
    const next = { ...progress, done: progress.done + count, ...(last && { after: last }) };
    setMeta(sql, FORK, JSON.stringify(next));
    return next as never;
  });
}

/** Many rows by one statement each: the heads follow by their trigger, the owners are read from the objects. */
function unpack(sql: Sqlite, packed: string): void {
  sql.run(
    `INSERT INTO log (rev, type, resource, namespace, name, prev, json)
       SELECT value ->> 0, 0, value ->> 1, value ->> 2, value ->> 3, NULL, value ->> 4 FROM json_each(?)`,
    packed,
  );
  sql.run(
    `INSERT OR IGNORE INTO refs (owner, resource, namespace, name)
       SELECT o.value ->> '$.uid', r.value ->> 1, r.value ->> 2, r.value ->> 3
         FROM json_each(?) r, json_each(r.value ->> 4, '$.metadata.ownerReferences') o
         WHERE instr(r.value ->> 4, '"ownerReferences"') > 0`,
    packed,
  );
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
    sql.run('DELETE FROM meta WHERE key = ?', FORK);
  });
  return options;
}

/** Set while everything has still to be looked at once: the copy was made while its source had work to do. */
const DERIVE = 'derive';
export const mustDerive = (sql: Sqlite): boolean => getMeta(sql, DERIVE) !== undefined;
export const derived = (sql: Sqlite): void => sql.run('DELETE FROM meta WHERE key = ?', DERIVE);
