import { and, lte, min, ne } from 'drizzle-orm';
import type { Task } from '../task.ts';
import { OPERATION_KEPT_MS } from '../limits.ts';
import { operations } from './tables.ts';

/** Task: deletes finished operations after their retention. */
const forget: Task = {
  name: 'operations',
  next: async ({ db }) => {
    const [{ at }] = await db
      .select({ at: min(operations.updatedAt) })
      .from(operations)
      .where(ne(operations.state, 'running'));
    return at === null ? undefined : at + OPERATION_KEPT_MS;
  },
  run: async ({ db }, now) => {
    await db.delete(operations).where(and(ne(operations.state, 'running'), lte(operations.updatedAt, now - OPERATION_KEPT_MS)));
  },
};

export const operationTasks: readonly Task[] = [forget];
