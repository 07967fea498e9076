import type { Sqlite } from '../../src/lib/sqlite-port.ts';
import type { Timer } from '../../src/time/timers.ts';

/** All timers of a database, by controller and key. */
export const timersIn = (sql: Sqlite): Timer[] =>
  sql.all<{ controller: string; namespace: string; name: string; at: number }>(
    'SELECT controller, namespace, name, at FROM timers ORDER BY controller, namespace, name',
  );
