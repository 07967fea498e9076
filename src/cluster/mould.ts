import { rfc3339, rfc3339Micro } from '../api/machinery/time.ts';
import { MOULDS } from '../lib/limits.ts';
import type { Random } from '../lib/random.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { ClusterOptions } from './options.ts';

const UID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const NS_PER_MS = 1_000_000n;
/** Of the nanoseconds in an Event's name, which are made up: so many for each, in order. */
const STAMP_NS = 1000;

/** The rows of a log as JSON in JSON, cut where clusters differ: the odd parts say what belongs there. */
export interface Mould {
  parts: readonly string[];
  /** Numbers that the odd parts name. */
  uids: number;
  stamps: number;
  revision: number;
}

/**
 * What clusters of one sort have in common when they are new and have come to rest: all but uids and times. The first of a sort is booted
 * and its controllers do their work; it is cast, and those that follow are poured from that, which takes a tenth of the time. Whether by the
 * one way or the other, they are the same (test/unit/cluster/mould.test.ts).
 */
export class Moulds {
  readonly #known = new Map<string, Mould>();

  static #key({ apiOnly, nodes, legacyApis, caPem }: ClusterOptions): string {
    return JSON.stringify([apiOnly ?? false, nodes, legacyApis ?? false, caPem]);
  }

  of(options: ClusterOptions): Mould | undefined {
    return this.#known.get(Moulds.#key(options));
  }

  keep(options: ClusterOptions, mould: Mould): void {
    if (this.#known.size >= MOULDS) this.#known.clear();
    this.#known.set(Moulds.#key(options), mould);
  }
}

/** The mould of the cluster in this database, which was made at `now`, and to which nothing happened since; undefined: it waits for something. */
export function cast(sql: Sqlite, now: number): Mould | undefined {
  const [{ timers, rows, revision }] = sql.all<{ timers: number; rows: string; revision: number }>(
    `SELECT (SELECT count(*) FROM timers) AS timers, max(rev) AS revision,
       json_group_array(json_array(rev, type, resource, namespace, name, prev, json, tally)) AS rows FROM (SELECT * FROM log ORDER BY rev)`,
  );
  if (timers > 0) return undefined;
  const events = sql.all<{ name: string }>("SELECT name FROM heads WHERE resource = 'events'");
  const stamps = events.map(({ name }) => name.slice(name.lastIndexOf('.') + 1));
  const time = rfc3339(now);
  const micro = rfc3339Micro(now);
  const date = time.slice(0, 10);
  const marks = new Map([
    [micro, 'micro'],
    [time, 'time'],
    [date, 'date'],
    ...stamps.map((stamp, i) => [stamp, `s${i}`] as const),
  ]);
  let uids = 0;
  const parts = rows.split(new RegExp(`(${[UID, ...marks.keys()].join('|')})`)).map((part, i) => {
    if (i % 2 === 0) return part;
    if (!marks.has(part)) marks.set(part, `u${uids++}`);
    return marks.get(part) as string;
  });
  return { parts, uids, stamps: stamps.length, revision };
}

/** Fills an empty log. The heads follow by their trigger, the owners are read from the objects. Returns the revision. */
export function pour(sql: Sqlite, { parts, uids, stamps, revision }: Mould, random: Random, now: number): number {
  const time = rfc3339(now);
  const fill: Record<string, string> = { time, micro: rfc3339Micro(now), date: time.slice(0, 10) };
  for (let i = 0; i < uids; i++) fill[`u${i}`] = random.uuid();
  for (let i = 0; i < stamps; i++) {
    fill[`s${i}`] = (BigInt(now) * NS_PER_MS + BigInt(i * STAMP_NS + Math.floor(random.next() * STAMP_NS))).toString(16);
  }
  sql.run(
    `INSERT INTO log (rev, type, resource, namespace, name, prev, json, tally)
       SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7 FROM json_each(?)`,
    parts.map((part, i) => (i % 2 ? fill[part] : part)).join(''),
  );
  sql.run(
    `INSERT OR IGNORE INTO refs (owner, resource, namespace, name)
       SELECT o.value ->> '$.uid', l.resource, l.namespace, l.name
         FROM heads h JOIN log l ON l.rev = h.rev, json_each(l.json, '$.metadata.ownerReferences') o
         WHERE instr(l.json, '"ownerReferences"') > 0`,
  );
  return revision;
}
