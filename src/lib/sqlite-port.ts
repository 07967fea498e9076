/** The database port, filled by a Durable Object's storage or `node:sqlite`: everything below the shell is synchronous. */
export type SqlValue = string | number | null;
/** A blob column, as bytes on every platform. */
export type SqlBlob = ArrayBuffer | Uint8Array;

/** A callback that returns a Promise does not compile: a transaction is synchronous by law (DESIGN, "Synchronous below the shell"). */
export type Sync<T> = T extends Promise<unknown> ? { __error: 'Transaction callbacks cannot be async' } : T;

export interface Sqlite {
  /** Rows as objects. Statements are cached by their text: use few, constant texts and bind the rest (at most 100 parameters). */
  all<T extends Record<string, SqlValue | SqlBlob>>(sql: string, ...params: SqlValue[]): T[];
  /** Runs one statement and returns nothing. */
  run(sql: string, ...params: SqlValue[]): void;
  /** Runs a transaction; a throw rolls back and is rethrown. Nested calls are savepoints. */
  transaction<T>(fn: () => Sync<T>): T;
  /** Bytes of the database, without free pages. */
  size(): number;
}
