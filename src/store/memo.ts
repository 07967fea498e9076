import { CHANGES_KEPT, LIST_MEMO_BYTES, RECENT_LOG_BYTES, RECENT_LOG_ROWS, ROW_MEMO_BYTES } from './limits.ts';
import type { ListItems, LogRow, Row } from './rows.ts';

const scopeOf = (resource: string, namespace: string): string => `${resource}\0${namespace}`;

/**
 * Cache of the store's own rows: live states by key, and the newest part of the log. One process writes, so it is never stale; it is
 * bounded, filled by use, and may be dropped at any time.
 */
export class StoreMemo {
  /** Two generations approximate LRU: hits in the old one move to the young one. */
  #young = new Map<string, Row>();
  #old = new Map<string, Row>();
  #youngBytes = 0;
  /** Consecutive revisions, oldest first. */
  #recent: LogRow[] = [];
  #recentBytes = 0;
  /** Assembled lists with their revision; the oldest are evicted first. */
  readonly #items = new Map<string, ListItems & { rev: number; bytes: number }>();
  #itemsBytes = 0;
  /** Revision of the last write to a resource, and to a resource in a namespace, of those written since `#forgotten`. */
  readonly #changed = new Map<string, number>();
  #forgotten = 0;
  /** Keys written since the outermost transaction began; a rollback forgets them. */
  readonly #touched: string[] = [];

  get(key: string): Row | undefined {
    const young = this.#young.get(key);
    if (young) return young;
    const old = this.#old.get(key);
    if (old) this.keep(key, old);
    return old;
  }

  keep(key: string, row: Row): void {
    this.#young.set(key, row);
    this.#youngBytes += row.json.length;
    if (this.#youngBytes < ROW_MEMO_BYTES / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  forget(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Takes an appended row; `key` has this state, or none after a deletion. */
  appended(key: string, row: LogRow): void {
    this.#touched.push(key);
    this.#change(row);
    this.forget(key);
    const { rev, resource, namespace, name, json } = row;
    if (row.type !== 'DELETED') this.keep(key, { rev, resource, namespace, name, json });
    this.#recent.push(row);
    this.#recentBytes += row.json.length;
    if (this.#recent.length <= RECENT_LOG_ROWS && this.#recentBytes <= RECENT_LOG_BYTES) return;
    this.#recent = this.#recent.slice(this.#recent.length >> 1);
    this.#recentBytes = this.#recent.reduce((n, r) => n + r.json.length, 0);
  }

  #change({ resource, namespace, rev }: LogRow): void {
    if (this.#changed.size >= CHANGES_KEPT) {
      this.#changed.clear();
      this.#forgotten = rev;
    }
    this.#changed.set(resource, rev);
    this.#changed.set(scopeOf(resource, namespace), rev);
  }

  /** A list assembled before, if nothing of the resource (in the namespace) has changed since. */
  items(key: string, resource: string, namespace: string | undefined): ListItems | undefined {
    const known = this.#items.get(key);
    const scope = namespace === undefined ? resource : scopeOf(resource, namespace);
    if (!known || known.rev >= (this.#changed.get(scope) ?? this.#forgotten)) return known;
    this.#dropItems(key);
    return undefined;
  }

  keepItems(key: string, rev: number, items: ListItems): void {
    const bytes = items.chunks.reduce((n, c) => n + c.length, 0);
    if (bytes > LIST_MEMO_BYTES / 2) return;
    this.#dropItems(key);
    this.#items.set(key, { ...items, rev, bytes });
    this.#itemsBytes += bytes;
    for (const old of this.#items.keys()) {
      if (this.#itemsBytes <= LIST_MEMO_BYTES) return;
      this.#dropItems(old);
    }
  }

  #dropItems(key: string): void {
    this.#itemsBytes -= this.#items.get(key)?.bytes ?? 0;
    this.#items.delete(key);
  }

  /** Rows after a revision, when all of them are here. */
  after(rev: number): LogRow[] | undefined {
    const first = this.#recent[0];
    return first && first.rev <= rev + 1 ? this.#recent.slice(rev + 1 - first.rev) : undefined;
  }

  /** The row of a revision, when it is here. */
  at(rev: number): LogRow | undefined {
    const first = this.#recent[0];
    return first && rev >= first.rev ? this.#recent[rev - first.rev] : undefined;
  }

  /** A savepoint to roll back to. */
  mark(): number {
    return this.#touched.length;
  }

  /** Forgets what was written since the savepoint; revisions above `rev` do not exist. */
  rollback(mark: number, rev: number): void {
    for (const key of this.#touched.splice(mark)) this.forget(key);
    const first = this.#recent[0];
    if (!first) return;
    this.#recent.length = Math.max(0, Math.min(this.#recent.length, rev + 1 - first.rev));
    this.#recentBytes = this.#recent.reduce((n, r) => n + r.json.length, 0);
  }

  /** Ends the outermost transaction. */
  committed(): void {
    this.#touched.length = 0;
  }

  /** Forgets compacted tombstones and superseded states up to a revision. */
  compacted(rev: number): void {
    const first = this.#recent[0];
    if (first && first.rev <= rev) this.#recent = this.#recent.slice(rev + 1 - first.rev);
  }
}
