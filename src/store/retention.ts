import { COMPACTION_SLACK_REVISIONS, EVENT_TTL_MS, HISTORY_REVISIONS, CHECKPOINT_SPACING_MS } from './limits.ts';
import type { Store } from './store.ts';

/**
 * Dates the history without a column per row: at most one checkpoint (revision, time) per CHECKPOINT_SPACING_MS of writing, and one more
 * after an idle time; everything up to its revision was written by its time. Checkpoints show what has outlived a TTL (etcd uses leases, a
 * row each) and how far to compact. Revisions beyond the last checkpoint are dated by the last idle time: any earlier date would expire
 * what was just written.
 */
export class Retention {
  readonly #store: Store;
  readonly #resource: string;
  #last: { rev: number; at: number } | undefined;
  /** The newest revision at an idle time, and that time: dates what no checkpoint covers. After a boot, what was there is new. */
  #idle: { rev: number; at: number } | undefined;
  #next: { at: number | undefined; revision: number } | undefined;

  /** `resource` expires EVENT_TTL_MS after its last write. */
  constructor(store: Store, resource: string) {
    this.#store = store;
    this.#resource = resource;
    this.#last = store.sql.all<{ rev: number; at: number }>('SELECT rev, at FROM checkpoints ORDER BY rev DESC LIMIT 1')[0];
  }

  /** Records that everything up to the present revision was written by `now`; cheap when a recent checkpoint exists. */
  checkpoint(now: number): void {
    const rev = this.#store.revision();
    const [last, idle] = [this.#last, this.#idle];
    if (!last || (rev !== last.rev && now - last.at >= CHECKPOINT_SPACING_MS)) {
      // Idle since then: older revisions must not be dated as new.
      if (last && idle && idle.rev > last.rev && now - idle.at >= CHECKPOINT_SPACING_MS) this.#insert(idle);
      // Nothing was written since that idle time: a second date of its revision would make it new.
      if (this.#last?.rev !== rev) this.#insert({ rev, at: now });
    }
    this.#idle = { rev, at: now };
  }

  #insert(checkpoint: { rev: number; at: number }): void {
    this.#store.sql.run('INSERT OR REPLACE INTO checkpoints (rev, at) VALUES (?, ?)', checkpoint.rev, checkpoint.at);
    this.#last = checkpoint;
    this.#next = undefined;
  }

  /** Whether something may have outlived the TTL. After a boot, what is there counts as new from the first call on. */
  isDue(now: number): boolean {
    if (!this.#idle) {
      this.#idle = { rev: this.#store.revision(), at: now };
      this.#next = undefined;
    }
    // What was written since the last look cannot have outlived it: no need to look for it anew in every turn.
    const next = this.#next ? this.#next.at : this.next();
    return next !== undefined && next <= now;
  }

  /** Keys that outlived the TTL at `now`, at most `limit`. */
  expired(now: number, limit: number): { namespace: string; name: string }[] {
    const old = now - EVENT_TTL_MS;
    this.#next = undefined;
    this.#idle ??= { rev: this.#store.revision(), at: now };
    const covered =
      this.#store.sql.all<{ rev: number | null }>('SELECT max(rev) AS rev FROM checkpoints WHERE at <= ?', old)[0].rev ?? 0;
    const until = old >= this.#idle.at ? Math.max(covered, this.#idle.rev) : covered;
    if (until === 0) return [];
    const rows = this.#store.sql.all<{ namespace: string; name: string }>(
      'SELECT namespace, name FROM heads WHERE resource = ? AND rev <= ? LIMIT ?',
      this.#resource,
      until,
      limit,
    );
    if (rows.length < limit)
      this.#store.sql.run('DELETE FROM checkpoints WHERE rev <= ? AND rev < ?', until, this.#last?.rev ?? 0);
    return rows;
  }

  /** Earliest time at which something may outlive the TTL (ms); undefined: nothing is left that could. */
  next(): number | undefined {
    const revision = this.#store.revision();
    if (!this.#next || (this.#next.at === undefined && this.#next.revision !== revision)) {
      this.#next = { at: this.#compute(), revision };
    }
    return this.#next.at;
  }

  #compute(): number | undefined {
    const { sql } = this.#store;
    const oldest = sql.all<{ rev: number | null }>('SELECT min(rev) AS rev FROM heads WHERE resource = ?', this.#resource)[0].rev;
    if (oldest === null || !this.#last) return undefined;
    const at = sql.all<{ at: number }>('SELECT at FROM checkpoints WHERE rev >= ? ORDER BY rev LIMIT 1', oldest)[0]?.at;
    const idle = this.#idle && this.#idle.rev >= oldest ? this.#idle.at : this.#last.at + CHECKPOINT_SPACING_MS;
    return (at ?? idle) + EVENT_TTL_MS;
  }

  /**
   * Compacts when the history has outgrown its bound; never past `needed`, and `most` revisions at once. A cluster near its byte limit
   * passes how few revisions to `keep`. False: still beyond the bound, and more can be compacted.
   */
  compact(needed: number, keep = HISTORY_REVISIONS, most = Number.POSITIVE_INFINITY): boolean {
    const { revision, compacted } = { revision: this.#store.revision(), compacted: this.#store.compacted() };
    const slack = keep < HISTORY_REVISIONS ? keep : COMPACTION_SLACK_REVISIONS;
    if (revision - compacted < keep + slack) return true;
    const wanted = Math.min(needed, revision - keep);
    const next = Math.min(wanted, compacted + most);
    this.#store.compact(next);
    return next >= wanted || revision - next < keep + slack;
  }
}
