import { and, asc, desc, eq, gt, gte, isNull, lt, lte, min } from 'drizzle-orm';
import type { Task } from '../task.ts';
import { cursorOf, partsOf } from '../http/cursors.ts';
import type { ManagementDeps } from '../deps.ts';
import { AUDIT_KEPT_MS, AUDIT_PURGE_ROWS } from '../limits.ts';
import { audit } from './tables.ts';

export type AuditRow = typeof audit.$inferSelect;

/** Range and order of an audit query. Times are ms since the epoch, both ends included. */
export interface AuditRequest {
  from?: number;
  to?: number;
  order: 'asc' | 'desc';
  limit: number;
  after?: string;
}

/** A page of an account's log; null: entries without an account. */
export async function auditPage(
  deps: ManagementDeps,
  accountId: string | null,
  request: AuditRequest,
): Promise<{ items: AuditRow[]; next?: string }> {
  const [after] = partsOf(request.after, 'number') ?? [];
  const rising = request.order === 'asc';
  const rows = await deps.db
    .select()
    .from(audit)
    .where(
      and(
        accountId === null ? isNull(audit.accountId) : eq(audit.accountId, accountId),
        request.from === undefined ? undefined : gte(audit.at, request.from),
        request.to === undefined ? undefined : lte(audit.at, request.to),
        after === undefined ? undefined : rising ? gt(audit.id, after) : lt(audit.id, after),
      ),
    )
    .orderBy(rising ? asc(audit.id) : desc(audit.id))
    .limit(request.limit + 1);
  const items = rows.slice(0, request.limit);
  const last = items.at(-1);
  return { items, ...(last && rows.length > items.length && { next: cursorOf(last.id) }) };
}

/** Task: deletes entries beyond the retention; a trigger of the database protects younger ones. */
export const auditTask: Task = {
  name: 'audit',
  next: async ({ db }) => {
    const [first] = await db.select({ at: audit.at }).from(audit).orderBy(asc(audit.id)).limit(1);
    return first && first.at + AUDIT_KEPT_MS;
  },
  run: async ({ db }, now) => {
    const [{ id }] = await db.select({ id: min(audit.id) }).from(audit);
    if (id === null) return;
    await db.delete(audit).where(and(lt(audit.id, id + AUDIT_PURGE_ROWS), lte(audit.at, now - AUDIT_KEPT_MS)));
  },
};
