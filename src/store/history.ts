import { COMPACTION_SLACK_REVISIONS, EVENT_TTL_MS, HISTORY_REVISIONS, MARK_SPACING_MS } from '../lib/limits.ts';
import type { Store } from './store.ts';

/**
 * Dates the history without a column per row: at most one mark (revision, time) per MARK_SPACING_MS of writing. From the marks follow what
 * has outlived a TTL (etcd does that with leases, a row each) and how far to compact.
 */
export class History {
  readonly #store: Store;
  #last: { rev: number; at: number } | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.#last = store.sql.all<{ rev: number; at: number }>('SELECT rev, at FROM marks ORDER BY rev DESC LIMIT 1')[0];
  }

  /** Notes that everything up to the present revision was written by `now`; cheap when a recent mark stands. */
  mark(now: number): void {
    const rev = this.#store.revision();
    if (this.#last && (rev === this.#last.rev || now - this.#last.at < MARK_SPACING_MS)) return;
    this.#last = { rev, at: now };
    this.#store.sql.run('INSERT OR REPLACE INTO marks (rev, at) VALUES (?, ?)', rev, now);
  }

  /** The revision at or below which everything is older than the TTL at `now`; 0 when nothing is. */
  expired(now: number): number {
    return (
      this.#store.sql.all<{ rev: number | null }>('SELECT max(rev) AS rev FROM marks WHERE at <= ?', now - EVENT_TTL_MS)[0].rev ??
      0
    );
  }

  /** Live keys of a resource that were last written at or before a revision. */
  writtenUntil(resource: string, rev: number, limit: number): { namespace: string; name: string }[] {
    return this.#store.sql.all<{ namespace: string; name: string }>(
      'SELECT namespace, name FROM heads WHERE resource = ? AND rev <= ? LIMIT ?',
      resource,
      rev,
      limit,
    );
  }

  /** Forgets marks at or before a revision, once what they dated is gone. */
  forget(rev: number): void {
    this.#store.sql.run('DELETE FROM marks WHERE rev <= ?', rev);
    if (this.#last && this.#last.rev <= rev) this.#last = undefined;
  }

  /** When something may next outlive the TTL (ms), or undefined when no mark stands. The last writes are dated by the mark after them. */
  next(): number | undefined {
    const first = this.#store.sql.all<{ at: number | null }>('SELECT min(at) AS at FROM marks')[0].at;
    return first === null ? undefined : first + EVENT_TTL_MS;
  }

  /** Compacts when the history has outgrown its bound; never past `needed`. */
  compact(needed: number): void {
    const { revision, compacted } = { revision: this.#store.revision(), compacted: this.#store.compacted() };
    if (revision - compacted < HISTORY_REVISIONS + COMPACTION_SLACK_REVISIONS) return;
    this.#store.compact(Math.min(needed, revision - HISTORY_REVISIONS));
  }
}
