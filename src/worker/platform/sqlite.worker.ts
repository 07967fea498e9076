import type { SqlBlob, Sqlite, SqlValue } from '../../lib/sqlite-port.ts';

/** Rows read and written since the object was constructed, as Cloudflare bills them. */
export interface Meter {
  rowsRead: number;
  rowsWritten: number;
}

/**
 * Sqlite port over a Durable Object's storage. workerd caches statements by their text and turns nested transactions into savepoints, so this
 * forwards calls only. With a meter it counts the rows of every cursor.
 */
export function openStorage(storage: DurableObjectStorage, meter?: Meter): Sqlite {
  const sql = storage.sql;
  const count = (cursor: SqlStorageCursor<Record<string, SqlStorageValue>>) => {
    if (!meter) return;
    meter.rowsRead += cursor.rowsRead;
    meter.rowsWritten += cursor.rowsWritten;
  };
  return {
    all: <T extends Record<string, SqlValue | SqlBlob>>(text: string, ...params: SqlValue[]) => {
      const cursor = sql.exec(text, ...params);
      const rows = cursor.toArray() as unknown as T[];
      count(cursor as never);
      return rows;
    },
    run: (text, ...params) => count(sql.exec(text, ...params)),
    transaction: (fn) => storage.transactionSync(fn as () => never),
    size: () => sql.databaseSize,
  };
}
