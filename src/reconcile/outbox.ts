import type { Question, Reply } from '../lib/ask.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import { OUTBOX_SENDS, OUTBOX_BATCH, OUTBOX_FIRST_MS, OUTBOX_MAX_MS, OUTBOX_SENDING_MS } from './limits.ts';
import type { EffectState, Key } from './plan.ts';

/** Request to the outside that is sent once its transaction is committed. */
export interface Effect {
  /** Idempotency key, chosen by the controller and sent with every repetition, so that the receiver recognises one. */
  id: string;
  request: Question;
  /** Earliest time at which it is sent, ms since the epoch. */
  due: number;
}

/** Controller and key of an effect; the key is reconciled when the effect has an outcome. */
export interface Sender extends Key {
  controller: string;
}

/** Questions to ask and effects to send. */
export interface Outgoing {
  questions: Question[];
  deliveries: Delivery[];
}

/** Effect to send now. */
export interface Delivery {
  id: string;
  request: Question;
}

type Row = { id: string; attempt: number; what: string; controller: string; namespace: string; name: string };

/**
 * Table of effects (transactional outbox). A row is part of the commit that made it due; the shell sends it afterwards, at least once, always
 * with the same id. A failed send is repeated with back-off. The outcome stays in the row until a plan settles it.
 */
export class Outbox {
  readonly #sql: Sqlite;
  /** The earliest due time, cached. */
  #next: { at: number | undefined } | undefined;
  /** Timeouts of the effects that are being sent, ms, by id. In memory: after a crash they are sent again. */
  readonly #sending = new Map<string, number>();

  constructor(sql: Sqlite) {
    this.#sql = sql;
  }

  /** Drops what was cached in a transaction that was rolled back. */
  rollback(): void {
    this.#next = undefined;
  }

  /** Inserts an effect inside the caller's transaction; a row with the same id stays unchanged. */
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

  /** State of an effect; undefined: no row has that id. */
  state(id: string): EffectState | undefined {
    const [row] = this.#sql.all<{ attempt: number; outcome: string | null }>(
      'SELECT attempt, outcome FROM outbox WHERE id = ?',
      id,
    );
    return row && { sends: row.attempt, ...(row.outcome !== null && { outcome: JSON.parse(row.outcome) }) };
  }

  /** Deletes the row of an effect. */
  settle(id: string): void {
    this.#next = undefined;
    this.#sql.run('DELETE FROM outbox WHERE id = ?', id);
  }

  /** Takes the effects that are due and not being sent, up to OUTBOX_BATCH concurrent ones. */
  take(now: number): Delivery[] {
    const next = this.#earliest();
    if (next === undefined || next > now) return [];
    const rows = this.#sql.all<Row>(
      'SELECT id, attempt, what, controller, namespace, name FROM outbox WHERE due <= ? ORDER BY due, id LIMIT ?',
      now,
      OUTBOX_BATCH + this.#sending.size,
    );
    const sending = [...this.#sending.values()].filter((until) => until > now).length;
    const free = Math.max(0, OUTBOX_BATCH - sending);
    const taken = rows.filter(({ id }) => (this.#sending.get(id) ?? 0) <= now).slice(0, free);
    for (const { id } of taken) this.#sending.set(id, now + OUTBOX_SENDING_MS);
    return taken.map(({ id, what }) => ({ id, request: JSON.parse(what) as Question }));
  }

  /** Stores the result of a send. Returns the sender if the effect has its outcome now; a late result of a settled or ended one is ignored. */
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

  /** Senders of effects with an outcome that are not settled: their keys are dirty after a crash. */
  ended(): Sender[] {
    return this.#sql.all<Row>(
      'SELECT id, attempt, what, controller, namespace, name FROM outbox WHERE outcome IS NOT NULL ORDER BY id',
    );
  }

  /** Time at which the next effect is due or the next send times out, ms; undefined: never. */
  next(): number | undefined {
    const earliest = this.#earliest();
    if (earliest === undefined || !this.#sending.size) return earliest;
    // One row more than are being sent: the earliest of the others is among them.
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
