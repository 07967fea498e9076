import type { Sqlite, SqlValue } from '../lib/sqlite-port.ts';

/** Columns of a row of the log, in this order. */
const COLUMNS = 'rev, type, resource, namespace, name, prev, json, tally';
const WIDTH = 8;
/** Rows of one statement, which takes a hundred values. */
const TOGETHER = 12;

/** A row of the log: rev, type, resource, namespace, name, prev, json, tally. */
export type LogRow = readonly (number | string | null)[];

/** The whole log, oldest first. */
export const readLog = (sql: Sqlite): LogRow[] =>
  sql.all<Record<string, number | string | null>>(`SELECT ${COLUMNS} FROM log ORDER BY rev`).map((row) => Object.values(row));

/** Names of the live objects of a resource. */
export const namesOf = (sql: Sqlite, resource: string): string[] =>
  sql.all<{ name: string }>('SELECT name FROM heads WHERE resource = ?', resource).map(({ name }) => name);

/** Fills an empty log. The heads follow by their trigger, the owners are read from the objects. */
export function writeLog(sql: Sqlite, rows: readonly LogRow[]): void {
  for (let at = 0; at < rows.length; at += TOGETHER) {
    const some = rows.slice(at, at + TOGETHER);
    const places = some.map(() => `(${'?, '.repeat(WIDTH - 1)}?)`).join(', ');
    sql.run(`INSERT INTO log (${COLUMNS}) VALUES ${places}`, ...(some.flat() as SqlValue[]));
  }
  sql.run(
    `INSERT OR IGNORE INTO refs (owner, resource, namespace, name)
       SELECT o.value ->> '$.uid', l.resource, l.namespace, l.name
         FROM heads h JOIN log l ON l.rev = h.rev, json_each(l.json, '$.metadata.ownerReferences') o
         WHERE instr(l.json, '"ownerReferences"') > 0`,
  );
}
