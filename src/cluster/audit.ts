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

/** Row of the log without its events. `total`: bytes of all rows ever written up to this one, deleted ones included. */
interface RowMeta {
  id: number;
  until: number;
  bytes: number;
  total: number;
}

type Row = Record<'id' | 'at' | 'until' | 'bytes' | 'total', number>;

/**
 * Audit log of a cluster in its own database, many events a row. Events of writes are stored in the same turn; events of reads are buffered
 * for at most AUDIT_WAIT_MS. A cluster without a policy has no table and no cost.
 */
export class AuditLog implements AuditSink {
  readonly #sql: Sqlite;
  readonly #random: Random;
  rules: AuditRules | undefined;
  #lines: string[] = [];
  #bytes = 0;
  /** Times of the first and the last buffered event, ms. */
  #at = 0;
  #until = 0;
  /** Time by which the buffer must be stored, ms; 0: in this turn. */
  #due: number | undefined;
  #oldest: RowMeta | undefined;
  #newest: RowMeta | undefined;

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

  /** Puts a policy (YAML or JSON) in force; undefined ends auditing. Stored events stay. */
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

  /** Logs the ResponseComplete event of a stream that has ended. */
  ended(name: string, now: number): void {
    const [row] = this.#sql.all<{ event: string }>('SELECT event FROM audit_open WHERE name = ?', name);
    if (!row) return;
    this.#sql.run('DELETE FROM audit_open WHERE name = ?', name);
    this.keep(completed(row.event, now), now, true);
  }

  /** Time by which `store` must be called, ms; 0: in this turn; undefined: the buffer is empty. */
  get due(): number | undefined {
    return this.#due;
  }

  /** Stores the buffer as one row and deletes rows beyond AUDIT_LOG_BYTES or AUDIT_LOG_MS. */
  store(now: number): void {
    if (!this.#lines.length) return;
    const text = this.#lines.join('\n');
    const last = this.#last();
    const row: RowMeta = {
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

  #last(): RowMeta | undefined {
    this.#newest ??= this.#sql.all<Row>('SELECT id, until, bytes, total FROM audit ORDER BY id DESC LIMIT 1')[0];
    return this.#newest;
  }

  #first(): RowMeta | undefined {
    this.#oldest ??= this.#sql.all<Row>('SELECT id, until, bytes, total FROM audit ORDER BY id LIMIT 1')[0];
    return this.#oldest;
  }

  #trim(now: number, newest: RowMeta): void {
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

  /** Page of the log, oldest first. The buffer is stored first. */
  read({ from, to, after, limit }: AuditQuery, now: number): AuditPage {
    this.store(now);
    if (!hasTable(this.#sql, TABLE)) return { lines: '' };
    const since = Math.max(from ?? 0, now - AUDIT_LOG_MS);
    const found: string[] = [];
    let bytes = 0;
    let [id, taken] = positionOf(after);
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

/** Row id and number of its events already returned, from the cursor of a page. */
function positionOf(after: string | undefined): [number, number] {
  const [id, taken] = (after ?? '').split('.').map(Number);
  return [id || 0, taken || 0];
}

/** Its last occurrence is the event's own field: quotes in strings are escaped, and only strings follow it. */
const STAGE_TIME = '"stageTimestamp":"';

function within(event: string, from: number, to: number | undefined): boolean {
  const start = event.lastIndexOf(STAGE_TIME) + STAGE_TIME.length;
  const at = Date.parse(event.slice(start, event.indexOf('"', start)));
  return !(at < from) && !(to !== undefined && at > to);
}
