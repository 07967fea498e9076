import { USAGE_FLUSH_MS } from '../lib/limits.ts';
import { USAGE_HOURS, USAGE_PUSH_MS } from './limits.ts';
import type { UsageHour } from '../tenancy/usage.ts';
import { type Counts, readCounters, type Counters } from '../store/counters.ts';
import type { Store } from '../store/store.ts';
import { getMeta, setMeta } from '../store/schema.ts';

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
/** Key in `meta`: the last hour that the deployment's database acknowledged. */
const REPORTED = 'usage-told';

type Row = { hour: number; requests: number; writes: number; bytes: number; awake_ms: number; tally: string };

const toHour = ({ hour, requests, writes, bytes, awake_ms }: Row): UsageHour => ({
  hour,
  requests,
  writes,
  bytes,
  awakeMs: awake_ms,
});

/** Hour being counted. */
interface Hour {
  hour: number;
  /** Counters at its beginning. */
  base: Counts;
  /** Maximum size of the database in it, bytes. */
  bytes: number;
}

/**
 * Usage of the cluster by the hour. Lifetime counters are in memory and are stored in the log's rows (store/counters.ts), so that a write costs
 * no row for being counted and is counted exactly if it is committed. Counts without a row of the log (reads) are stored within USAGE_FLUSH_MS:
 * a killed process loses at most that, an evicted object nothing, since eviction takes longer. A row of `usage` holds the counters at its last
 * store; what the newest row of the log has beyond them belongs to the newest hour.
 */
export class Usage {
  readonly #store: Store;
  /** Size of the database, bytes. */
  readonly #size: () => number;
  readonly #failed: (error: unknown) => void;
  /** Newest hour that has a row. */
  #newest: Hour | undefined;
  /** Whether the last attempt to begin an hour failed: the error is reported once. */
  #isBroken = false;
  #second = -1;
  /** Time of the first count that is not stored, ms. */
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

  /** Uncounts the write of a request that failed. */
  failed(): void {
    this.#counters.writes--;
  }

  /** Uncounts a request with 401 or a rate limit's 429. */
  refused(mutates: boolean): void {
    this.#counters.requests--;
    if (mutates) this.#counters.writes--;
  }

  /** Counts the current second as awake time, once. */
  work(now: number): void {
    this.#advanceTo(now);
    const second = Math.floor(now / SECOND_MS);
    if (second <= this.#second) return;
    this.#second = second;
    this.#counters.awake++;
    this.#since ??= now;
  }

  /** Time by which counts must be stored, ms; undefined: all are. */
  get due(): number | undefined {
    if (this.#counters.isStored) this.#since = undefined;
    return this.#since === undefined ? undefined : this.#since + USAGE_FLUSH_MS;
  }

  /** Stores the counts. */
  flush(now: number): void {
    this.#advanceTo(now);
    if (this.#newest) this.#write(this.#newest);
  }

  /** Hours that overlap [from, to) in ms, oldest first, including counts that are not stored yet. */
  hours(from: number, to: number, now: number): UsageHour[] {
    this.#advanceTo(now);
    const newest = this.#newest;
    const rows = this.#store.sql.all<Row>('SELECT * FROM usage WHERE hour > ? AND hour < ? ORDER BY hour', from - HOUR_MS, to);
    return rows.map((row) => (newest && row.hour === newest.hour ? this.#current(newest) : toHour(row)));
  }

  /** Time of the next report to the deployment's database, ms; undefined: no change since the last, or no report yet. */
  get reportAt(): number | undefined {
    return this.#reported && this.#reported.counts !== this.#counters.counts ? this.#reported.at + USAGE_PUSH_MS : undefined;
  }

  /** Whether a report is due now; the first after the cluster was opened always is, for counts from before it hibernated. */
  isReportDue(now: number): boolean {
    return !this.#reported || (this.reportAt ?? Number.POSITIVE_INFINITY) <= now;
  }

  /** Hours to report. Figures are absolute, so that a repeated or lost report does no harm. */
  report(now: number): UsageHour[] {
    this.#reported = { at: now, counts: this.#counters.counts };
    return this.hours(this.#acknowledgedHour(), Number.MAX_SAFE_INTEGER, now);
  }

  /** Marks hours as acknowledged, in memory only: the caller may be outside a turn, where nothing may be written. */
  reportAcknowledged(hours: readonly UsageHour[]): void {
    this.#acknowledged = Math.max(this.#acknowledged, hours.at(-1)?.hour ?? 0);
  }

  /** Marks the report as failed: the next one is due after USAGE_PUSH_MS. */
  reportFailed(): void {
    if (this.#reported) this.#reported.counts = '';
  }

  /** Last acknowledged hour; persists it when it changed. */
  #acknowledgedHour(): number {
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
    // The log of a fork holds no counters: they belong to its source.
    const [kept, carried] = [readCounters(row?.tally), row && readCounters(this.#store.tally())];
    if (!row || !kept) return;
    const larger = (key: keyof Counts) => Math.max(kept[key], carried?.[key] ?? 0);
    Object.assign(this.#counters, { requests: larger('requests'), writes: larger('writes'), awake: larger('awake') });
    this.#counters.markStored();
    const base = {
      requests: kept.requests - row.requests,
      writes: kept.writes - row.writes,
      awake: kept.awake - row.awake_ms / SECOND_MS,
    };
    this.#newest = { hour: row.hour, base, bytes: row.bytes };
  }

  /**
   * Begins a new hour if `now` is in one. If the clock was set back, or the disk fails, requests count to the newest hour: no request fails
   * because it cannot be counted.
   */
  #advanceTo(now: number): void {
    const hour = Math.floor(now / HOUR_MS) * HOUR_MS;
    const newest = this.#newest;
    if (newest && hour <= newest.hour) return;
    try {
      if (newest) this.#write(newest);
      this.#begin(hour);
      if (newest) {
        const oldest = Math.min(hour - USAGE_HOURS * HOUR_MS, this.#acknowledgedHour());
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

  #current(counted: Hour): UsageHour {
    const { requests, writes, awake } = this.#counters;
    counted.bytes = Math.max(counted.bytes, this.#size());
    return {
      hour: counted.hour,
      requests: requests - counted.base.requests,
      writes: writes - counted.base.writes,
      bytes: counted.bytes,
      awakeMs: (awake - counted.base.awake) * SECOND_MS,
    };
  }

  #write(counted: Hour): void {
    const { hour, requests, writes, bytes, awakeMs } = this.#current(counted);
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
