import { USAGE_FLUSH_MS } from '../lib/limits.ts';
import { USAGE_HOURS, USAGE_PUSH_MS } from './limits.ts';
import type { UsageHour } from '../tenancy/usage.ts';
import { type Counts, readCounters, type Counters } from '../store/counters.ts';
import type { Store } from '../store/store.ts';
import { getMeta, setMeta } from '../store/schema.ts';

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
/** In `meta`: the hour up to which the deployment's database had every report, as far as this cluster knew. */
const REPORTED = 'usage-told';

type Row = { hour: number; requests: number; writes: number; bytes: number; awake_ms: number; tally: string };

const toHour = ({ hour, requests, writes, bytes, awake_ms }: Row): UsageHour => ({
  hour,
  requests,
  writes,
  bytes,
  awakeMs: awake_ms,
});

/** An hour that is counted. */
interface Hour {
  hour: number;
  /** The counters when it began. */
  base: Counts;
  /** The most bytes of the database in it. */
  bytes: number;
}

/**
 * What the cluster is used for, by the hour. The counters of its whole life are in memory and ride on the log's rows (Tally), so that a write
 * costs no row for being counted and is counted exactly when it is committed. What came with no row, as reads do, is written down within
 * USAGE_FLUSH_MS: a process that is killed loses that much of them, one that is evicted nothing, since nobody is evicted so soon. A row of
 * `usage` says how far the counters were; what the newest row of the log has beyond that belongs to the newest hour.
 */
export class Usage {
  readonly #store: Store;
  /** Bytes of the database now. */
  readonly #size: () => number;
  readonly #failed: (error: unknown) => void;
  /** The newest hour, whose row is written. */
  #newest: Hour | undefined;
  /** A new hour could not be begun; reported once until it could. */
  #isBroken = false;
  #second = -1;
  /** When something was first counted that no row has. */
  #since: number | undefined;
  #reported: { at: number; counts: string } | undefined;
  #acknowledged = 0;

  constructor(store: Store, size: () => number, failed: (error: unknown) => void) {
    this.#store = store;
    this.#size = size;
    this.#failed = failed;
    this.#recover();
  }

  /** Counts a request before it is handled: rows that it writes carry the counts. */
  request(now: number, mutates: boolean): void {
    this.work(now);
    this.#counters.requests++;
    if (mutates) this.#counters.writes++;
    this.#since ??= now;
  }

  /** Takes back the write of a request that failed. */
  failed(): void {
    this.#counters.writes--;
  }

  /** Takes back a request that is not counted: 401, or rate-limited. */
  refused(mutates: boolean): void {
    this.#counters.requests--;
    if (mutates) this.#counters.writes--;
  }

  /** Counts the second as one in which the cluster worked. */
  work(now: number): void {
    this.#at(now);
    const second = Math.floor(now / SECOND_MS);
    if (second <= this.#second) return;
    this.#second = second;
    this.#counters.awake++;
    this.#since ??= now;
  }

  /** When counts are to be stored; undefined: all are. */
  get due(): number | undefined {
    if (this.#counters.isStored) this.#since = undefined;
    return this.#since === undefined ? undefined : this.#since + USAGE_FLUSH_MS;
  }

  /** Stores the counts. */
  flush(now: number): void {
    this.#at(now);
    if (this.#newest) this.#write(this.#newest);
  }

  /** Hours that overlap the time, oldest first; what is not written down yet is in them. */
  hours(from: number, to: number, now: number): UsageHour[] {
    this.#at(now);
    const newest = this.#newest;
    const rows = this.#store.sql.all<Row>('SELECT * FROM usage WHERE hour > ? AND hour < ? ORDER BY hour', from - HOUR_MS, to);
    return rows.map((row) => (newest && row.hour === newest.hour ? this.#current(newest) : toHour(row)));
  }

  /** When the next report to the deployment's database is due; undefined: nothing changed since the last, or there was none. */
  get reportAt(): number | undefined {
    return this.#reported && this.#reported.counts !== this.#counters.counts ? this.#reported.at + USAGE_PUSH_MS : undefined;
  }

  /** Whether a report is due now. What was counted before the cluster hibernated is reported with its first work afterwards. */
  isReportDue(now: number): boolean {
    return !this.#reported || (this.reportAt ?? Number.POSITIVE_INFINITY) <= now;
  }

  /** The hours to report. Figures are absolute: a repetition is harmless, and a lost report is made up for by the next. */
  report(now: number): UsageHour[] {
    this.#reported = { at: now, counts: this.#counters.counts };
    return this.hours(this.#complete(), Number.MAX_SAFE_INTEGER, now);
  }

  /** Marks hours as acknowledged, in memory only: the caller may stand outside of a turn, where nothing can be written. */
  reportTaken(hours: readonly UsageHour[]): void {
    this.#acknowledged = Math.max(this.#acknowledged, hours.at(-1)?.hour ?? 0);
  }

  /** Marks the report as failed: the next one is due after USAGE_PUSH_MS. */
  reportFailed(): void {
    if (this.#reported) this.#reported.counts = '';
  }

  /** The hour up to which the deployment's database has everything. */
  #complete(): number {
    const { sql } = this.#store;
    const known = Number(getMeta(sql, REPORTED) ?? 0);
    if (this.#acknowledged <= known) return known;
    setMeta(sql, REPORTED, String(this.#acknowledged));
    return this.#acknowledged;
  }

  get #counters(): Counters {
    return this.#store.counters;
  }

  #recover(): void {
    const { sql } = this.#store;
    const [row] = sql.all<Row>('SELECT * FROM usage ORDER BY hour DESC LIMIT 1');
    // Rows of a copy carry none; what they were counted for is another cluster's.
    const [kept, carried] = [readCounters(row?.tally), row && readCounters(this.#store.tally())];
    if (!row || !kept) return;
    const most = (key: keyof Counts) => Math.max(kept[key], carried?.[key] ?? 0);
    Object.assign(this.#counters, { requests: most('requests'), writes: most('writes'), awake: most('awake') });
    this.#counters.markStored();
    const base = {
      requests: kept.requests - row.requests,
      writes: kept.writes - row.writes,
      awake: kept.awake - row.awake_ms / SECOND_MS,
    };
    this.#newest = { hour: row.hour, base, bytes: row.bytes };
  }

  /**
   * Begins a new hour when there is one. A clock that was set back counts to the hour that is the newest; so does a disk that fails, until it
   * works: nobody is refused an answer because it cannot be counted well.
   */
  #at(now: number): void {
    const hour = Math.floor(now / HOUR_MS) * HOUR_MS;
    const newest = this.#newest;
    if (newest && hour <= newest.hour) return;
    try {
      if (newest) this.#write(newest);
      this.#begin(hour);
      if (newest) {
        const oldest = Math.min(hour - USAGE_HOURS * HOUR_MS, this.#complete());
        this.#store.sql.run('DELETE FROM usage WHERE hour < ?', oldest);
      }
      this.#isBroken = false;
    } catch (error) {
      if (!this.#isBroken) this.#failed(error);
      this.#isBroken = true;
    }
  }

  #begin(hour: number): void {
    const { requests, writes, awake } = this.#counters;
    const begun = { hour, base: { requests, writes, awake }, bytes: 0 };
    this.#write(begun);
    this.#newest = begun;
  }

  #current(of: Hour): UsageHour {
    const { requests, writes, awake } = this.#counters;
    of.bytes = Math.max(of.bytes, this.#size());
    return {
      hour: of.hour,
      requests: requests - of.base.requests,
      writes: writes - of.base.writes,
      bytes: of.bytes,
      awakeMs: (awake - of.base.awake) * SECOND_MS,
    };
  }

  #write(of: Hour): void {
    const { hour, requests, writes, bytes, awakeMs } = this.#current(of);
    this.#store.sql.run(
      `INSERT INTO usage (hour, requests, writes, bytes, awake_ms, tally) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (hour) DO UPDATE SET requests = excluded.requests, writes = excluded.writes, bytes = excluded.bytes,
           awake_ms = excluded.awake_ms, tally = excluded.tally`,
      hour,
      requests,
      writes,
      bytes,
      awakeMs,
      this.#counters.counts,
    );
    this.#counters.markStored();
    this.#since = undefined;
  }
}
