import { iso } from '../http/shapes.ts';
import type { OperationRow } from './service.ts';

/** An operation in answers. */
export const operationView = (row: OperationRow) => ({
  id: row.id,
  type: row.type,
  target: row.target,
  state: row.state,
  done: row.done,
  total: row.total,
  ...(row.error !== null && { error: row.error }),
  createdAt: iso(row.createdAt),
  updatedAt: iso(row.updatedAt),
});
