import type { SqlBlob, Sqlite, SqlValue, Sync } from '../lib/sqlite-port.ts';
import { LIST_CHUNK_BYTES } from './limits.ts';
import { StoreMemo } from './memo.ts';
import type { ChangeType, ListItems, ListPage, ListQuery, LogRow, Row } from './rows.ts';
import { condition, joined, keyOf, pick, utf8 } from './query.ts';
import { getMeta, setMeta } from './schema.ts';
import { readCounters, Counters } from './counters.ts';

/** Memory derived from the rows, which follows rollbacks. */
export interface Memory {
  /** Savepoint at the beginning of a transaction. */
  mark(): number;
  /** Rolls back to the savepoint: no revision beyond this one exists. `appended`: there were some. */
  rollback(mark: number, revision: number, appended: boolean): void;
}

const TYPES: readonly ChangeType[] = ['ADDED', 'MODIFIED', 'DELETED'];
const COLUMNS = 'l.rev AS rev, l.resource AS resource, l.namespace AS namespace, l.name AS name, l.json AS json';

type RawRow = { rev: number; resource: string; namespace: string; name: string; json: string };
type RawLog = RawRow & { type: number; prev: number | null };

const toLog = (row: RawLog): LogRow => ({
  rev: row.rev,
  resource: row.resource,
  namespace: row.namespace,
  name: row.name,
  json: row.json,
  type: TYPES[row.type],
  prev: row.prev ?? undefined,
});

/**
 * Revisions and bytes of one cluster (SPEC.md beside this file). Knows no kind. Every method is synchronous; writes belong inside the
 * caller's transaction, and the revision counter follows a rollback (it is read again from the log).
 */
export class Store {
  readonly sql: Sqlite;
  /** Written with every row, so that counts survive with it. */
  readonly counters = new Counters();
  #revision: number | undefined;
  #compacted: number | undefined;
  #depth = 0;
  readonly #memo = new StoreMemo();
  readonly #inStep: Memory[] = [this.#memo];

  constructor(sql: Sqlite) {
    this.sql = sql;
  }

  /** Registers a memory that follows rollbacks. */
  keepInStep(memory: Memory): void {
    this.#inStep.push(memory);
  }

  /** The last revision written; 0 for an empty store. */
  revision(): number {
    this.#revision ??= Math.max(
      this.sql.all<{ rev: number | null }>('SELECT max(rev) AS rev FROM log')[0].rev ?? 0,
      this.compacted(),
    );
    return this.#revision;
  }

  /** History up to and including this revision is gone, except the states that still live. */
  compacted(): number {
    this.#compacted ??= Number(getMeta(this.sql, 'compacted') ?? 0);
    return this.#compacted;
  }

  /** The counters that the newest row carries, as text. */
  tally(): string | undefined {
    const [newest] = this.sql.all<{ tally: string | null }>('SELECT tally FROM log WHERE rev = ?', this.revision());
    return newest?.tally ?? undefined;
  }

  /** Number of live objects, from the newest row: no scan. */
  live(): number {
    if (this.counters.live === undefined) {
      this.counters.live =
        readCounters(this.tally())?.live ?? this.sql.all<{ n: number }>('SELECT count(*) AS n FROM heads')[0].n;
    }
    return this.counters.live;
  }

  /** Runs in one transaction; after a throw the counters are as before and every memory forgets what was written. */
  transaction<T>(fn: () => Sync<T>): T {
    const [revision, compacted] = [this.revision(), this.compacted()];
    const marks = this.#inStep.map((memory) => memory.mark());
    this.#depth++;
    try {
      return this.sql.transaction(fn);
    } catch (error) {
      const appended = this.revision() > revision;
      this.#revision = revision;
      this.#compacted = compacted;
      this.#inStep.forEach((memory, i) => memory.rollback(marks[i] ?? 0, revision, appended));
      this.counters.rolledBack();
      throw error;
    } finally {
      if (--this.#depth === 0) this.#memo.committed();
    }
  }

  get(resource: string, namespace: string, name: string): Row | undefined {
    const key = keyOf(resource, namespace, name);
    const known = this.#memo.get(key);
    if (known) return known;
    const row = this.sql.all<RawRow>(
      `SELECT ${COLUMNS} FROM heads h JOIN log l ON l.rev = h.rev WHERE h.resource = ? AND h.namespace = ? AND h.name = ?`,
      resource,
      namespace,
      name,
    )[0];
    if (row) this.#memo.keep(key, row);
    return row;
  }

  /** The revision of the live state. */
  head(resource: string, namespace: string, name: string): number | undefined {
    return this.get(resource, namespace, name)?.rev;
  }

  /** Live rows in (namespace, name) order. */
  list(query: ListQuery): Row[] {
    if (query.at !== undefined && query.at < this.revision()) return this.#listAt(query, query.at);
    const { sql, params } = condition(query);
    const limit = query.limit === undefined ? '' : ` LIMIT ${Math.floor(query.limit)}`;
    return this.sql.all<RawRow>(
      `SELECT ${COLUMNS} FROM heads h JOIN log l ON l.rev = h.rev WHERE ${sql} ORDER BY h.namespace, h.name${limit}`,
      ...params,
    );
  }

  /**
   * A list as bytes: the texts of live rows in order, without their first `skip` characters and with an opening brace in their place,
   * joined by commas, between the parts of `frame`. SQLite assembles them as UTF-8, so they enter JavaScript once and are never a string
   * there; they are cached until the resource changes. With a limit, `rest` is the number of remaining rows and `last` the last key.
   */
  bytes(
    query: Omit<ListQuery, 'after' | 'at'>,
    skip: number,
    frame: (page: ListPage) => [head: string, tail: string],
  ): Uint8Array<ArrayBuffer> {
    const plain = !query.where && query.name === undefined && this.#depth === 0;
    const key = plain ? keyOf(query.resource, query.namespace ?? '*', String(query.limit ?? '')) : '';
    let items = plain ? this.#memo.items(key, query.resource, query.namespace) : undefined;
    if (!items) {
      items = this.#items(query, skip);
      if (plain) this.#memo.keepItems(key, this.revision(), items);
    }
    const [head, tail] = frame(items.page);
    return joined([utf8.encode(head), ...items.chunks, utf8.encode(tail)]);
  }

  #items(query: Omit<ListQuery, 'after' | 'at'>, skip: number): ListItems {
    const { sql, params } = condition(query);
    const from = `FROM heads h JOIN log l ON l.rev = h.rev WHERE ${sql}`;
    const [{ total, longest }] = this.sql.all<{ total: number; longest: number | null }>(
      `SELECT count(*) AS total, max(octet_length(l.json)) AS longest ${from}`,
      ...params,
    );
    const n = Math.min(total, query.limit ?? total);
    const chunk = Math.max(1, Math.floor(LIST_CHUNK_BYTES / ((longest ?? 0) + 1)));
    const chunks: Uint8Array[] = [];
    for (let offset = 0; offset < n; offset += chunk) {
      const [{ bytes }] = this.sql.all<{ bytes: SqlBlob }>(
        `SELECT CAST(? || group_concat(item, ',') AS BLOB) AS bytes FROM
           (SELECT '{' || substr(l.json, ?) AS item ${from} ORDER BY h.namespace, h.name LIMIT ? OFFSET ?)`,
        offset === 0 ? '' : ',',
        skip + 1,
        ...params,
        Math.min(chunk, n - offset),
        offset,
      );
      chunks.push(new Uint8Array(bytes as ArrayBuffer));
    }
    return { chunks, page: { rest: total - n, last: n === total ? undefined : this.#keyAt(sql, params, n - 1) } };
  }

  #keyAt(sql: string, params: SqlValue[], offset: number): { namespace: string; name: string } {
    return this.sql.all<{ namespace: string; name: string }>(
      `SELECT h.namespace, h.name FROM heads h WHERE ${sql} ORDER BY h.namespace, h.name LIMIT 1 OFFSET ?`,
      ...params,
      offset,
    )[0];
  }

  count(query: ListQuery): number {
    if (query.at !== undefined && query.at < this.revision())
      return this.#listAt({ ...query, limit: undefined }, query.at).length;
    const { sql, params } = condition(query);
    const join = query.where ? ' JOIN log l ON l.rev = h.rev' : '';
    return this.sql.all<{ n: number }>(`SELECT count(*) AS n FROM heads h${join} WHERE ${sql}`, ...params)[0].n;
  }

  /**
   * The list at a revision: the keys that have not changed since, and for each other key the state before its first later change (its log
   * row's `prev`). The cost is proportional to the changes since, so recent pages are cheap.
   */
  #listAt(query: ListQuery, at: number): Row[] {
    const { sql, params } = condition({ ...query, where: undefined });
    const where = query.where ? ` AND (${query.where.sql})` : '';
    const limit = query.limit === undefined ? '' : ` LIMIT ${Math.floor(query.limit)}`;
    return this.sql.all<RawRow>(
      `WITH first AS (SELECT min(rev) AS rev, namespace, name FROM log WHERE rev > ? AND resource = ? GROUP BY namespace, name),
         h AS (SELECT resource, namespace, name, rev FROM heads WHERE resource = ? AND rev <= ?
               UNION ALL SELECT l.resource, l.namespace, l.name, l.prev AS rev FROM first f JOIN log l ON l.rev = f.rev WHERE l.prev IS NOT NULL)
       SELECT ${COLUMNS} FROM h JOIN log l ON l.rev = h.rev WHERE ${sql}${where} ORDER BY h.namespace, h.name${limit}`,
      at,
      query.resource,
      query.resource,
      at,
      ...params,
      ...(query.where?.params ?? []),
    );
  }

  /** Appends a new state. `rev` must be revision() + 1; `owners` are the uids of its ownerReferences that the state before did not name. */
  put(
    resource: string,
    namespace: string,
    name: string,
    rev: number,
    json: string,
    owners: readonly string[],
    prev: number | undefined,
  ): void {
    this.#append(prev === undefined ? 0 : 1, resource, namespace, name, rev, json, prev);
    for (const owner of new Set(owners)) {
      this.sql.run(
        'INSERT OR IGNORE INTO refs (owner, resource, namespace, name) VALUES (?, ?, ?, ?)',
        owner,
        resource,
        namespace,
        name,
      );
    }
  }

  /** Forgets owners that a new state no longer names. */
  disown(resource: string, namespace: string, name: string, owners: readonly string[]): void {
    for (const owner of owners) {
      this.sql.run(
        'DELETE FROM refs WHERE owner = ? AND resource = ? AND namespace = ? AND name = ?',
        owner,
        resource,
        namespace,
        name,
      );
    }
  }

  /** Appends a tombstone that keeps the last state; `owners` as it last had. */
  remove(resource: string, namespace: string, name: string, rev: number, json: string, owners: readonly string[] = []): void {
    const prev = this.head(resource, namespace, name);
    if (prev === undefined) throw new Error(`nothing to remove at ${resource}/${namespace}/${name}`);
    this.#append(2, resource, namespace, name, rev, json, prev);
    this.disown(resource, namespace, name, owners);
  }

  #append(
    type: number,
    resource: string,
    namespace: string,
    name: string,
    rev: number,
    json: string,
    prev: number | undefined,
  ): void {
    if (rev !== this.revision() + 1) throw new Error(`revision ${rev} does not follow ${this.revision()}`);
    const live = this.live() + (type === 0 ? 1 : type === 2 ? -1 : 0);
    this.sql.run(
      'INSERT INTO log (rev, type, resource, namespace, name, prev, json, tally) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      rev,
      type,
      resource,
      namespace,
      name,
      prev ?? null,
      json,
      this.counters.write(live),
    );
    this.#revision = rev;
    this.#memo.appended(keyOf(resource, namespace, name), { rev, resource, namespace, name, json, type: TYPES[type], prev });
  }

  /** Changes after a revision, oldest first. The caller has checked that `rev` is not before compacted(). */
  after(rev: number, filter: { resource?: string; namespace?: string; limit?: number } = {}): LogRow[] {
    if (rev >= this.revision()) return [];
    const recent = this.#memo.after(rev);
    if (recent) return pick(recent, filter);
    const params: SqlValue[] = [rev];
    let where = 'l.rev > ?';
    if (filter.resource !== undefined) {
      where += ' AND l.resource = ?';
      params.push(filter.resource);
    }
    if (filter.namespace !== undefined) {
      where += ' AND l.namespace = ?';
      params.push(filter.namespace);
    }
    const limit = filter.limit === undefined ? '' : ` LIMIT ${Math.floor(filter.limit)}`;
    return this.sql
      .all<RawLog>(
        `SELECT ${COLUMNS}, l.type AS type, l.prev AS prev FROM log l WHERE ${where} ORDER BY l.rev${limit}`,
        ...params,
      )
      .map(toLog);
  }

  /** The log row of a revision, if it is still kept. */
  at(rev: number): LogRow | undefined {
    const recent = this.#memo.at(rev);
    if (recent) return recent;
    const row = this.sql.all<RawLog>(`SELECT ${COLUMNS}, l.type AS type, l.prev AS prev FROM log l WHERE l.rev = ?`, rev)[0];
    return row && toLog(row);
  }

  /** Live objects that name the owner. */
  ownedBy(uid: string, resource?: string): Row[] {
    const filter = resource === undefined ? '' : ' AND r.resource = ?';
    return this.sql.all<RawRow>(
      `SELECT ${COLUMNS} FROM refs r JOIN heads h ON h.resource = r.resource AND h.namespace = r.namespace AND h.name = r.name
         JOIN log l ON l.rev = h.rev WHERE r.owner = ?${filter} ORDER BY r.resource, r.namespace, r.name`,
      ...(resource === undefined ? [uid] : [uid, resource]),
    );
  }

  /** Resources of the live objects that name the owner. */
  resourcesOwnedBy(uid: string): string[] {
    return this.sql
      .all<{ resource: string }>('SELECT DISTINCT resource FROM refs WHERE owner = ?', uid)
      .map((row) => row.resource);
  }

  /**
   * Drops history up to `rev`: states superseded at or before it, and tombstones. States live at `rev` stay, so lists at and watches from
   * any revision at or above it continue; from before it they get 410.
   */
  compact(rev: number): void {
    const from = this.compacted();
    if (rev <= from) return;
    if (rev > this.revision()) throw new Error(`cannot compact to ${rev}: the last revision is ${this.revision()}`);
    this.transaction(() => {
      this.sql.run(
        'DELETE FROM log WHERE rev IN (SELECT prev FROM log WHERE rev > ? AND rev <= ? AND prev IS NOT NULL)',
        from,
        rev,
      );
      this.sql.run('DELETE FROM log WHERE rev > ? AND rev <= ? AND type = 2', from, rev);
      setMeta(this.sql, 'compacted', String(rev));
      this.#compacted = rev;
      this.#memo.compacted(rev);
    });
  }
}
