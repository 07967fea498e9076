import type { Sqlite } from '../lib/sqlite-port.ts';
import { getMeta, setMeta } from '../store/schema.ts';
import { standing, VirtualClock } from '../time/clock.ts';

/** Key in `meta`. */
const KEY = 'clock';

/** Writes down a virtual clock that stands. */
export const storeClock = (sql: Sqlite, at: number): void => setMeta(sql, KEY, standing(at));

/** The virtual clock of the cluster in this database. */
export function storedClock(sql: Sqlite, due: () => number | undefined): VirtualClock {
  return new VirtualClock({ read: () => getMeta(sql, KEY) ?? standing(0), write: (text) => setMeta(sql, KEY, text) }, due);
}
