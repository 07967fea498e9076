import { type Policy, PolicyError, readPolicy } from '../apiserver/audit/policy.ts';
import { completed } from '../apiserver/audit/record.ts';
import { AuditRules } from '../apiserver/audit/rules.ts';
import type { AuditSink } from '../apiserver/audit/sink.ts';
import { AUDIT_BATCH_BYTES, AUDIT_LOG_BYTES, AUDIT_LOG_MS, AUDIT_PAGE_BYTES } from './limits.ts';
import { AUDIT_WAIT_MS } from '../lib/limits.ts';
import type { Random } from '../lib/random.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { AuditPage, AuditPolicySet, AuditQuery } from '../tenancy/audit.ts';
import { AUDIT_SCHEMA, deleteMeta, getMeta, hasTable, setMeta } from '../store/schema.ts';

const POLICY = 'audit-policy';
const TABLE = 'audit';

/** A row of the log without its events. `total`: bytes of all rows up to it and with it, whether they are still there or not. */
interface Mark {
  id: number;
  until: number;
  bytes: number;
  total: number;
}

type Row = Record<'id' | 'at' | 'until' | 'bytes' | 'total', number>;

/**
 * The audit log of a cluster, in its own database, many events a row. What a write leaves is stored with the write; what a read leaves
 * waits a moment for company. A cluster without a policy has no table, and spends nothing.
 */
export class AuditLog implements AuditSink {
  readonly #sql: Sqlite;
  readonly #random: Random;
  rules: AuditRules | undefined;
  #lines: string[] = [];
  #bytes = 0;
  /** Times of the first and the last event that wait. */
  #at = 0;
  #until = 0;
  /** When what waits must be stored; 0: in this turn. */
  #due: number | undefined;
  #oldest: Mark | undefined;
  #newest: Mark | undefined;

  constructor(sql: Sqlite, random: Random) {
    this.#sql = sql;
    this.#random = random;
    const policy = this.policy();
    if (policy) this.rules = new AuditRules(policy);
  }

  /** The policy in force. */
  policy(): Policy | undefined {
    const text = getMeta(this.#sql, POLICY);
    return text === undefined ? undefined : (JSON.parse(text) as Policy);
  }

  /** Puts a policy in force, YAML or JSON; absent: nothing is audited from now on. What is logged stays. */
  setPolicy(text: string | undefined): AuditPolicySet {
    if (text === undefined) {
      deleteMeta(this.#sql, POLICY);
      this.rules = undefined;
      return { policy: undefined, warnings: [] };
    }
    let read: ReturnType<typeof readPolicy>;
    try {
      read = readPolicy(text);
    } catch (error) {
      if (error instanceof PolicyError) return { refused: error.message };
      throw error;
    }
    this.#sql.transaction(() => {
      if (!hasTable(this.#sql, TABLE)) for (const statement of AUDIT_SCHEMA) this.#sql.run(statement);
      setMeta(this.#sql, POLICY, JSON.stringify(read.policy));
    });
    this.rules = new AuditRules(read.policy);
    return read;
  }

  keep(event: string, now: number, lasting: boolean): void {
    if (!this.#lines.length) this.#at = now;
    this.#until = now;
    this.#lines.push(event);
    this.#bytes += event.length + 1;
    if (lasting || this.#bytes >= AUDIT_BATCH_BYTES) this.#due = 0;
    else this.#due ??= now + AUDIT_WAIT_MS;
  }

  begin(event: string, now: number): string {
    const name = this.#random.uuid();
    this.#sql.run('INSERT INTO audit_open (name, at, event) VALUES (?, ?, ?)', name, now, event);
    return name;
  }

  /** A stream has ended: its last event is due. */
  ended(name: string, now: number): void {
    const [row] = this.#sql.all<{ event: string }>('SELECT event FROM audit_open WHERE name = ?', name);
    if (!row) return;
    this.#sql.run('DELETE FROM audit_open WHERE name = ?', name);
    this.keep(completed(row.event, now), now, true);
  }

  /** When `store` must be called: 0 for in this turn; undefined: nothing waits. */
  get due(): number | undefined {
    return this.#due;
  }

  /** Stores what waits as one row, and forgets what is too old or too much. */
  store(now: number): void {
    if (!this.#lines.length) return;
    const text = this.#lines.join('\n');
    const last = this.#last();
    const row: Mark = {
      id: (last?.id ?? 0) + 1,
      until: this.#until,
      bytes: text.length,
      total: (last?.total ?? 0) + text.length,
    };
    this.#sql.run(
      'INSERT INTO audit (id, at, until, bytes, total, lines) VALUES (?, ?, ?, ?, ?, ?)',
      row.id,
      this.#at,
      row.until,
      row.bytes,
      row.total,
      text,
    );
    this.#newest = row;
    this.#lines = [];
    this.#bytes = 0;
    this.#due = undefined;
    this.#trim(now, row);
  }

  #last(): Mark | undefined {
    this.#newest ??= this.#sql.all<Row>('SELECT id, until, bytes, total FROM audit ORDER BY id DESC LIMIT 1')[0];
    return this.#newest;
  }

  #first(): Mark | undefined {
    this.#oldest ??= this.#sql.all<Row>('SELECT id, until, bytes, total FROM audit ORDER BY id LIMIT 1')[0];
    return this.#oldest;
  }

  #trim(now: number, newest: Mark): void {
    for (;;) {
      const first = this.#first();
      if (!first || first.id === newest.id) return;
      const held = newest.total - first.total + first.bytes;
      if (held <= AUDIT_LOG_BYTES && first.until >= now - AUDIT_LOG_MS) return;
      this.#sql.run('DELETE FROM audit WHERE id = ?', first.id);
      // Streams whose end was never recorded.
      this.#sql.run('DELETE FROM audit_open WHERE at < ?', now - AUDIT_LOG_MS);
      this.#oldest = undefined;
    }
  }

  /** A page of the log, in order. What waits is stored first. */
  read({ from, to, after, limit }: AuditQuery, now: number): AuditPage {
    this.store(now);
    if (!hasTable(this.#sql, TABLE)) return { lines: '' };
    const since = Math.max(from ?? 0, now - AUDIT_LOG_MS);
    const found: string[] = [];
    let bytes = 0;
    let [id, taken] = placeOf(after);
    for (;;) {
      const [row] = this.#sql.all<{ id: number; at: number; lines: string }>(
        'SELECT id, at, lines FROM audit WHERE id >= ? AND until >= ? ORDER BY id LIMIT 1',
        id,
        since,
      );
      if (!row || (to !== undefined && row.at > to)) return { lines: found.join('') };
      const lines = row.lines.split('\n');
      for (let i = row.id === id ? taken : 0; i < lines.length; i++) {
        if (!within(lines[i], since, to)) continue;
        if (found.length === limit || (bytes > 0 && bytes + lines[i].length > AUDIT_PAGE_BYTES)) {
          return { lines: found.join(''), next: `${row.id}.${i}` };
        }
        found.push(`${lines[i]}\n`);
        bytes += lines[i].length + 1;
      }
      [id, taken] = [row.id + 1, 0];
    }
  }
}

/** Where a page begins: a row, and how many of its events were returned. */
function placeOf(after: string | undefined): [number, number] {
  const [id, taken] = (after ?? '').split('.').map(Number);
  return [id || 0, taken || 0];
}

/** The last of these is the event's own: quotes within texts are escaped, and what follows it are texts. */
const STAGE_TIME = '"stageTimestamp":"';

function within(event: string, from: number, to: number | undefined): boolean {
  const start = event.lastIndexOf(STAGE_TIME) + STAGE_TIME.length;
  const at = Date.parse(event.slice(start, event.indexOf('"', start)));
  return !(at < from) && !(to !== undefined && at > to);
}
