import { and, desc, eq, inArray, lt, or } from 'drizzle-orm';
import { type Access, isRestricted, selects } from '../http/access.ts';
import { clusters } from '../clusters/tables.ts';
import { cursorOf, partsOf } from '../http/cursors.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { operations } from './tables.ts';

export type OperationRow = typeof operations.$inferSelect;

/** Records progress; also resets the stall timeout. */
export async function progress(deps: ManagementDeps, id: string, done: number, total: number): Promise<void> {
  await deps.db
    .update(operations)
    .set({ done, total, updatedAt: deps.now() })
    .where(and(eq(operations.id, id), eq(operations.state, 'running')));
}

/** Ends an operation: done, or failed with a sentence. */
export async function endOperation(deps: ManagementDeps, id: string, error?: string): Promise<void> {
  await deps.db
    .update(operations)
    .set({ state: error === undefined ? 'done' : 'failed', error: error ?? null, updatedAt: deps.now() })
    .where(and(eq(operations.id, id), eq(operations.state, 'running')));
}

/** Condition: a restricted token sees operations on its clusters only. */
async function withinReach(deps: ManagementDeps, access: Access, rows: OperationRow[]): Promise<OperationRow[]> {
  if (!isRestricted(access.selector) || rows.length === 0) return rows;
  const targets = await deps.db
    .select({ id: clusters.id, labels: clusters.labels })
    .from(clusters)
    .where(
      and(
        eq(clusters.accountId, access.accountId),
        inArray(
          clusters.id,
          rows.map((row) => row.target),
        ),
      ),
    );
  const reached = new Set(targets.filter((target) => selects(access.selector, target)).map(({ id }) => id));
  return rows.filter((row) => reached.has(row.target));
}

/** One operation of the account. */
export async function getOperation(deps: ManagementDeps, access: Access, id: string): Promise<OperationRow> {
  const rows = await deps.db
    .select()
    .from(operations)
    .where(and(eq(operations.accountId, access.accountId), eq(operations.id, id)));
  const [row] = await withinReach(deps, access, rows);
  if (!row) throw new Problem('not-found', `operation "${id}" not found`);
  return row;
}

/** A page of operations, newest first. */
export async function listOperations(
  deps: ManagementDeps,
  access: Access,
  page: { limit: number; after?: string },
): Promise<{ items: OperationRow[]; next?: string }> {
  const from = partsOf(page.after, 'number', 'string');
  const rows = await deps.db
    .select()
    .from(operations)
    .where(
      and(
        eq(operations.accountId, access.accountId),
        from && or(lt(operations.createdAt, from[0]), and(eq(operations.createdAt, from[0]), lt(operations.id, from[1]))),
      ),
    )
    .orderBy(desc(operations.createdAt), desc(operations.id))
    .limit(page.limit + 1);
  const entries = rows.slice(0, page.limit);
  const last = entries.at(-1);
  const items = await withinReach(deps, access, entries);
  return { items, ...(last && rows.length > entries.length && { next: cursorOf(last.createdAt, last.id) }) };
}
