import type { Sqlite } from '../lib/sqlite-port.ts';

export interface Timer {
  controller: string;
  namespace: string;
  name: string;
  /** Due time, ms since the epoch. */
  at: number;
}

/**
 * Table of timers, one row per (controller, key). Rows are derivable: reconciling every key writes a dropped table again.
 * [TIME1] set replaces the key's former time. [TIME2] due returns rows at or before now, earliest first. [TIME3] next is the earliest.
 */
export class Timers {
  readonly #sql: Sqlite;
  /** The earliest time, cached until a rollback (store.ts Memory). */
  #next: { at: number | undefined } | undefined;

  constructor(sql: Sqlite) {
    this.#sql = sql;
  }

  mark(): number {
    return 0;
  }

  rollback(): void {
    this.#next = undefined;
  }

  set(timer: Timer): void {
    const earlier = this.#next && (this.#next.at === undefined || timer.at <= this.#next.at);
    this.#next = earlier ? { at: Math.ceil(timer.at) } : undefined;
    this.#sql.run(
      'INSERT INTO timers (controller, namespace, name, at) VALUES (?, ?, ?, ?) ON CONFLICT (controller, namespace, name) DO UPDATE SET at = excluded.at',
      timer.controller,
      timer.namespace,
      timer.name,
      Math.ceil(timer.at),
    );
  }

  cancel(controller: string, namespace: string, name: string): void {
    this.#next = undefined;
    this.#sql.run('DELETE FROM timers WHERE controller = ? AND namespace = ? AND name = ?', controller, namespace, name);
  }

  get(controller: string, namespace: string, name: string): number | undefined {
    if (this.#next && this.#next.at === undefined) return undefined;
    return this.#sql.all<{ at: number }>(
      'SELECT at FROM timers WHERE controller = ? AND namespace = ? AND name = ?',
      controller,
      namespace,
      name,
    )[0]?.at;
  }

  due(now: number, limit: number): Timer[] {
    const next = this.next();
    if (next === undefined || next > now) return [];
    return this.#sql.all<{ controller: string; namespace: string; name: string; at: number }>(
      'SELECT controller, namespace, name, at FROM timers WHERE at <= ? ORDER BY at LIMIT ?',
      now,
      limit,
    );
  }

  next(): number | undefined {
    this.#next ??= { at: this.#sql.all<{ at: number | null }>('SELECT min(at) AS at FROM timers')[0].at ?? undefined };
    return this.#next.at;
  }
}

/** Packs all timers as a JSON array of rows; undefined: there are more than `limit`. */
export function packTimers(sql: Sqlite, limit: number): string | undefined {
  const [{ n, packed }] = sql.all<{ n: number; packed: string }>(
    `SELECT count(*) AS n, json_group_array(json_array(controller, namespace, name, at)) AS packed
       FROM (SELECT controller, namespace, name, at FROM timers LIMIT ?)`,
    limit + 1,
  );
  return n > limit ? undefined : packed;
}

/** Inserts packed timers into an empty table. */
export function takeTimers(sql: Sqlite, packed: string): void {
  sql.run(
    `INSERT INTO timers (controller, namespace, name, at) SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)`,
    packed,
  );
}
