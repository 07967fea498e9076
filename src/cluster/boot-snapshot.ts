import { rfc3339, rfc3339Micro } from '../api/machinery/time.ts';
import { inJson } from './boot.ts';
import { BOOT_SNAPSHOT_BYTES, BOOT_SNAPSHOTS } from './limits.ts';
import type { Random } from '../lib/random.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import { namesOf, readLog, writeLog } from '../store/snapshot.ts';
import type { ClusterOptions } from '../tenancy/cluster.ts';
import { Timers } from '../time/timers.ts';

const UID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const NS_PER_MS = 1_000_000n;
/** Range of the random nanoseconds in each Event's name; disjoint ranges keep the names in order. */
const STAMP_NS = 1000;

/** Text split at values that differ between clusters; the odd parts are placeholders. */
type Text = readonly string[];
type Cell = number | string | null | Text;

/** The log of a freshly booted, idle cluster, with uids, times, generated names and the cluster's authority cut out. */
export interface BootSnapshot {
  rows: readonly (readonly Cell[])[];
  /** Number of uid placeholders, and of those in the names of Events. */
  uids: number;
  stamps: number;
  revision: number;
}

/** Index of the object's JSON in a row of the log. */
const JSON_AT = 6;

/**
 * Boot snapshots by cluster options. New clusters with the same options differ in uids and times only: the first is booted and captured once
 * it is idle, later ones are restored. Both ways give equal clusters (test/unit/cluster/boot-snapshot.test.ts).
 */
export class BootSnapshots {
  readonly #known = new Map<string, BootSnapshot>();

  static #key({ apiOnly, nodes, legacyApis, caPem }: ClusterOptions): string {
    return JSON.stringify([apiOnly ?? false, nodes, legacyApis ?? false, caPem]);
  }

  get(options: ClusterOptions): BootSnapshot | undefined {
    return this.#known.get(BootSnapshots.#key(options));
  }

  set(options: ClusterOptions, snapshot: BootSnapshot): void {
    if (this.#known.size >= BOOT_SNAPSHOTS) this.#known.clear();
    this.#known.set(BootSnapshots.#key(options), snapshot);
  }
}

/** Captures the cluster in this database, created at `now` and unused since; undefined if it has timers or is larger than BOOT_SNAPSHOT_BYTES. */
export function capture(sql: Sqlite, now: number, clientCa: string): BootSnapshot | undefined {
  if (new Timers(sql).next() !== undefined) return undefined;
  const log = readLog(sql);
  if (log.reduce((sum, row) => sum + String(row[JSON_AT]).length, 0) > BOOT_SNAPSHOT_BYTES) return undefined;
  const stamps = namesOf(sql, 'events').map((name) => name.slice(name.lastIndexOf('.') + 1));
  const time = rfc3339(now);
  const micro = rfc3339Micro(now);
  const date = time.slice(0, 10);
  const placeholders = new Map([
    [micro, 'micro'],
    [time, 'time'],
    [date, 'date'],
    [inJson(clientCa), 'ca'],
    ...stamps.map((stamp, i) => [stamp, `s${i}`] as const),
  ]);
  let uids = 0;
  const random = new RegExp(`(${[UID, ...[...placeholders.keys()].map((text) => text.replace(/[\\+]/g, '\\$&'))].join('|')})`);
  const cut = (text: string): string | Text => {
    const parts = text.split(random);
    if (parts.length === 1) return text;
    return parts.map((part, i) => {
      if (i % 2 === 0) return part;
      if (!placeholders.has(part)) placeholders.set(part, `u${uids++}`);
      return placeholders.get(part) as string;
    });
  };
  const rows = log.map((row) => row.map((value) => (typeof value === 'string' ? cut(value) : value)));
  return { rows, uids, stamps: stamps.length, revision: Number(log.at(-1)?.[0] ?? 0) };
}

/** Writes a snapshot into an empty log with new uids and times and this cluster's authority. Returns its revision. */
export function restore(
  sql: Sqlite,
  { rows, uids, stamps, revision }: BootSnapshot,
  random: Random,
  { now, clientCa }: { now: number; clientCa: string },
): number {
  const time = rfc3339(now);
  const fill: Record<string, string> = { time, micro: rfc3339Micro(now), date: time.slice(0, 10), ca: inJson(clientCa) };
  for (let i = 0; i < uids; i++) fill[`u${i}`] = random.uuid();
  for (let i = 0; i < stamps; i++) {
    fill[`s${i}`] = (BigInt(now) * NS_PER_MS + BigInt(i * STAMP_NS + Math.floor(random.next() * STAMP_NS))).toString(16);
  }
  const filled = (cell: Cell): string | number | null =>
    typeof cell === 'object' && cell !== null ? cell.map((part, i) => (i % 2 ? fill[part] : part)).join('') : cell;
  writeLog(
    sql,
    rows.map((row) => row.map(filled)),
  );
  return revision;
}
