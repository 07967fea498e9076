import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { SqlBlob, Sqlite, SqlValue } from '../../src/lib/sqlite-port.ts';

/** The Sqlite port over node:sqlite, with a statement cache and savepoints for nested transactions. */
export function openSqlite(path = ':memory:'): Sqlite & { close(): void } {
  const db = new DatabaseSync(path);
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string) => {
    let statement = statements.get(sql);
    if (!statement) {
      statement = db.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  let depth = 0;
  return {
    all: <T extends Record<string, SqlValue | SqlBlob>>(sql: string, ...params: SqlValue[]) => prepare(sql).all(...params) as T[],
    run: (sql, ...params) => void prepare(sql).run(...params),
    transaction(fn) {
      const name = `s${depth++}`;
      db.exec(`SAVEPOINT ${name}`);
      try {
        const result = fn();
        if (result instanceof Promise) throw new Error('a transaction callback returned a Promise');
        db.exec(`RELEASE ${name}`);
        return result as never;
      } catch (error) {
        db.exec(`ROLLBACK TO ${name}`);
        db.exec(`RELEASE ${name}`);
        throw error;
      } finally {
        depth--;
      }
    },
    size: () =>
      Number(
        prepare(
          'SELECT (page_count - freelist_count) * page_size AS n FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()',
        ).get()?.n,
      ),
    close: () => db.close(),
  };
}
