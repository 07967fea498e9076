import type { Question, Reply } from '../lib/ask.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import { OUTBOX_SENDS, OUTBOX_BATCH, OUTBOX_FIRST_MS, OUTBOX_MAX_MS, OUTBOX_SENDING_MS } from './limits.ts';
import type { EffectState, Key } from './plan.ts';

/** Something to be done outside: a request that is sent once its transaction is committed. */
export interface Effect {
  /** Chosen by who writes it; sent along, the same each time, so that the receiver recognises a repetition. */
  id: string;
  request: Question;
  /** When it is sent at the earliest, ms. */
  due: number;
}

/** Whose effect it is: this key is reconciled when the effect has ended. */
export interface Sender extends Key {
  controller: string;
}

/** What is to be asked and sent outside. */
export interface Outgoing {
  questions: Question[];
  deliveries: Delivery[];
}

/** An effect that is to be sent now. */
export interface Delivery {
  id: string;
  request: Question;
}

type Row = { id: string; attempt: number; what: string; controller: string; namespace: string; name: string };

/**
 * Effects lie in the commit that made them due, and are sent by the shell after it: at least once, with an id that repeats. One that fails
 * is sent again with back-off. The outcome stays in its row until the sender settles it.
 */
export class Outbox {
  readonly #sql: Sqlite;
  /** The earliest time at which one is due, once it was asked for. */
  #next: { at: number | undefined } | undefined;
  /** Effects that are on their way, and until when an answer is waited for. A crash forgets them: they are sent again. */
  readonly #sending = new Map<string, number>();

  constructor(sql: Sqlite) {
    this.#sql = sql;
  }

  /** Forgets what was read in a transaction that was rolled back. */
  rollback(): void {
    this.#next = undefined;
  }

  /** Writes an effect inside of the caller's transaction; an id that is there already stays as it is. */
  add({ id, request, due }: Effect, { controller, namespace, name }: Sender): void {
    this.#next = undefined;
    this.#sql.run(
      'INSERT OR IGNORE INTO outbox (id, due, attempt, what, controller, namespace, name) VALUES (?, ?, 0, ?, ?, ?, ?)',
      id,
      Math.ceil(due),
      JSON.stringify(request),
      controller,
      namespace,
      name,
    );
  }

  /** What became of an effect; undefined: there is none of that id, or it is settled. */
  state(id: string): EffectState | undefined {
    const [row] = this.#sql.all<{ attempt: number; outcome: string | null }>(
      'SELECT attempt, outcome FROM outbox WHERE id = ?',
      id,
    );
    return row && { sends: row.attempt, ...(row.outcome !== null && { outcome: JSON.parse(row.outcome) }) };
  }

  /** Forgets an effect. */
  settle(id: string): void {
    this.#next = undefined;
    this.#sql.run('DELETE FROM outbox WHERE id = ?', id);
  }

  /** Takes the effects that are due and not on their way. */
  take(now: number): Delivery[] {
    const next = this.#earliest();
    if (next === undefined || next > now) return [];
    const rows = this.#sql.all<Row>(
      'SELECT id, attempt, what, controller, namespace, name FROM outbox WHERE due <= ? ORDER BY due, id LIMIT ?',
      now,
      OUTBOX_BATCH + this.#sending.size,
    );
    const underWay = [...this.#sending.values()].filter((until) => until > now).length;
    const free = Math.max(0, OUTBOX_BATCH - underWay);
    const taken = rows.filter(({ id }) => (this.#sending.get(id) ?? 0) <= now).slice(0, free);
    for (const { id } of taken) this.#sending.set(id, now + OUTBOX_SENDING_MS);
    return taken.map(({ id, what }) => ({ id, request: JSON.parse(what) as Question }));
  }

  /** Writes down what came of a delivery; returns whose effect has ended. One that is settled, or has ended, is nobody's any more. */
  delivered(id: string, reply: Reply, now: number): Sender | undefined {
    const [row] = this.#sql.all<Row>(
      'SELECT id, attempt, what, controller, namespace, name FROM outbox WHERE id = ? AND outcome IS NULL',
      id,
    );
    if (row) this.#write(row, reply, now);
    this.#sending.delete(id);
    return row && this.state(id)?.outcome ? row : undefined;
  }

  #write({ id, attempt }: Row, reply: Reply, now: number): void {
    this.#next = undefined;
    const sends = attempt + 1;
    const done = 'status' in reply && reply.status < 300;
    if (done || sends >= OUTBOX_SENDS) {
      this.#sql.run('UPDATE outbox SET attempt = ?, due = NULL, outcome = ? WHERE id = ?', sends, JSON.stringify(reply), id);
      return;
    }
    const due = now + Math.min(OUTBOX_FIRST_MS * 2 ** attempt, OUTBOX_MAX_MS);
    this.#sql.run('UPDATE outbox SET attempt = ?, due = ? WHERE id = ?', sends, due, id);
  }

  /** The senders of effects that have ended and are not settled: their keys are dirty after a crash. */
  ended(): Sender[] {
    return this.#sql.all<Row>(
      'SELECT id, attempt, what, controller, namespace, name FROM outbox WHERE outcome IS NOT NULL ORDER BY id',
    );
  }

  /** When to come back: the next effect is due, or an answer is not waited for any longer. */
  next(): number | undefined {
    const earliest = this.#earliest();
    if (earliest === undefined || !this.#sending.size) return earliest;
    // One more than are under way: the earliest of the others is among them.
    const rows = this.#sql.all<{ id: string; due: number }>(
      'SELECT id, due FROM outbox WHERE due IS NOT NULL ORDER BY due, id LIMIT ?',
      this.#sending.size + 1,
    );
    return Math.min(...rows.map(({ id, due }) => Math.max(due, this.#sending.get(id) ?? 0)));
  }

  #earliest(): number | undefined {
    this.#next ??= { at: this.#sql.all<{ at: number | null }>('SELECT min(due) AS at FROM outbox')[0].at ?? undefined };
    return this.#next.at;
  }
}
