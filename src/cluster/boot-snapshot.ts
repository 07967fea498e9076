import { rfc3339, rfc3339Micro } from '../api/machinery/time.ts';
import { BOOT_SNAPSHOT_BYTES, BOOT_SNAPSHOTS } from './limits.ts';
import type { Random } from '../lib/random.ts';
import type { Sqlite, SqlValue } from '../lib/sqlite-port.ts';
import type { ClusterOptions } from '../tenancy/cluster.ts';

const UID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const NS_PER_MS = 1_000_000n;
/** Of the nanoseconds in an Event's name, which are made up: so many for each, in order. */
const STAMP_NS = 1000;

/** A text, cut where clusters differ: the odd parts name what belongs there. */
type Text = readonly string[];
type Cell = number | string | null | Text;

/** The log of a freshly booted, idle cluster, with uids, times and generated names cut out. */
export interface BootSnapshot {
  rows: readonly (readonly Cell[])[];
  /** Numbers that the odd parts name. */
  uids: number;
  stamps: number;
  revision: number;
}

const COLUMNS = 'rev, type, resource, namespace, name, prev, json, tally';
const WIDTH = 8;
/** Rows of one statement, which takes a hundred values. */
const TOGETHER = 12;

/**
 * Boot snapshots by the options of their clusters. New clusters with the same options differ in uids and times only: the first is booted and
 * captured once it is idle, and those that follow are restored. Both ways give the same (test/unit/cluster/boot-snapshot.test.ts).
 */
export class BootSnapshots {
  readonly #known = new Map<string, BootSnapshot>();

  static #key({ apiOnly, nodes, legacyApis, caPem }: ClusterOptions): string {
    return JSON.stringify([apiOnly ?? false, nodes, legacyApis ?? false, caPem]);
  }

  of(options: ClusterOptions): BootSnapshot | undefined {
    return this.#known.get(BootSnapshots.#key(options));
  }

  keep(options: ClusterOptions, snapshot: BootSnapshot): void {
    if (this.#known.size >= BOOT_SNAPSHOTS) this.#known.clear();
    this.#known.set(BootSnapshots.#key(options), snapshot);
  }
}

/** Captures the cluster in this database, made at `now` and unused since; undefined while something is due. */
export function capture(sql: Sqlite, now: number): BootSnapshot | undefined {
  if (sql.all('SELECT 1 FROM timers LIMIT 1').length > 0) return undefined;
  const log = sql.all<Record<string, string | number | null>>(`SELECT ${COLUMNS} FROM log ORDER BY rev`);
  if (log.reduce((sum, { json }) => sum + String(json).length, 0) > BOOT_SNAPSHOT_BYTES) return undefined;
  const events = sql.all<{ name: string }>("SELECT name FROM heads WHERE resource = 'events'");
  const stamps = events.map(({ name }) => name.slice(name.lastIndexOf('.') + 1));
  const time = rfc3339(now);
  const micro = rfc3339Micro(now);
  const date = time.slice(0, 10);
  const placeholders = new Map([
    [micro, 'micro'],
    [time, 'time'],
    [date, 'date'],
    ...stamps.map((stamp, i) => [stamp, `s${i}`] as const),
  ]);
  let uids = 0;
  const random = new RegExp(`(${[UID, ...placeholders.keys()].join('|')})`);
  const cut = (text: string): string | Text => {
    const parts = text.split(random);
    if (parts.length === 1) return text;
    return parts.map((part, i) => {
      if (i % 2 === 0) return part;
      if (!placeholders.has(part)) placeholders.set(part, `u${uids++}`);
      return placeholders.get(part) as string;
    });
  };
  const rows = log.map((row) => Object.values(row).map((value) => (typeof value === 'string' ? cut(value) : value)));
  return { rows, uids, stamps: stamps.length, revision: Number(log.at(-1)?.rev ?? 0) };
}

/** Restores a snapshot into an empty log. The heads follow by their trigger, the owners are read from the objects. Returns the revision. */
export function restore(sql: Sqlite, { rows, uids, stamps, revision }: BootSnapshot, random: Random, now: number): number {
  const time = rfc3339(now);
  const fill: Record<string, string> = { time, micro: rfc3339Micro(now), date: time.slice(0, 10) };
  for (let i = 0; i < uids; i++) fill[`u${i}`] = random.uuid();
  for (let i = 0; i < stamps; i++) {
    fill[`s${i}`] = (BigInt(now) * NS_PER_MS + BigInt(i * STAMP_NS + Math.floor(random.next() * STAMP_NS))).toString(16);
  }
  const filled = (cell: Cell) => (Array.isArray(cell) ? cell.map((part, i) => (i % 2 ? fill[part] : part)).join('') : cell);
  for (let at = 0; at < rows.length; at += TOGETHER) {
    const some = rows.slice(at, at + TOGETHER);
    const places = some.map(() => `(${'?, '.repeat(WIDTH - 1)}?)`).join(', ');
    sql.run(`INSERT INTO log (${COLUMNS}) VALUES ${places}`, ...some.flatMap((row) => row.map(filled) as SqlValue[]));
  }
  sql.run(
    `INSERT OR IGNORE INTO refs (owner, resource, namespace, name)
       SELECT o.value ->> '$.uid', l.resource, l.namespace, l.name
         FROM heads h JOIN log l ON l.rev = h.rev, json_each(l.json, '$.metadata.ownerReferences') o
         WHERE instr(l.json, '"ownerReferences"') > 0`,
  );
  return revision;
}
