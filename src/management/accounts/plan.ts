import { and, asc, eq, inArray, lte, min, ne } from 'drizzle-orm';
import type { Task } from '../task.ts';
import { clusters } from '../clusters/tables.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { CLUSTERS_PER_TASK_STEP, PLAN_RETRY_MS } from '../limits.ts';
import { clusterLimits, type PlanName } from '../plans.ts';
import type { AccountRow } from './service.ts';
import { accounts } from './tables.ts';

/** Sets the plan of an account. It applies to new clusters at once; a task notifies the others. */
export async function setPlan(deps: ManagementDeps, id: string, plan: PlanName): Promise<AccountRow> {
  const now = deps.now();
  await deps.taskRunner.wakeBy(now);
  const [row] = await deps.db.update(accounts).set({ plan, planDue: now }).where(eq(accounts.id, id)).returning();
  if (!row) throw new Problem('not-found', `account "${id}" not found`);
  return row;
}

/** Task: notifies clusters of a changed plan. One that fails, as it is still being created, is notified later. */
export const planTask: Task = {
  name: 'notify-plans',
  next: async ({ db }) => {
    const [{ at }] = await db.select({ at: min(accounts.planDue) }).from(accounts);
    return at ?? undefined;
  },
  run: async (deps, now) => {
    const [account] = await deps.db
      .select()
      .from(accounts)
      .where(lte(accounts.planDue, now))
      .orderBy(asc(accounts.planDue))
      .limit(1);
    if (account) await notifyClusters(deps, account, now);
  },
};

async function notifyClusters(deps: ManagementDeps, { id, plan, planDue }: AccountRow, now: number): Promise<void> {
  const outdated = await deps.db
    .select({ id: clusters.id })
    .from(clusters)
    .where(and(eq(clusters.accountId, id), ne(clusters.plan, plan)))
    .limit(CLUSTERS_PER_TASK_STEP);
  const limits = clusterLimits(plan);
  const took = await Promise.all(outdated.map((cluster) => deps.clusters.limit(cluster.id, limits)));
  const notified = outdated.filter((_, i) => took[i]).map((cluster) => cluster.id);
  if (notified.length > 0) await deps.db.update(clusters).set({ plan }).where(inArray(clusters.id, notified));
  if (notified.length > 0 && outdated.length === CLUSTERS_PER_TASK_STEP) return;
  const next = notified.length < outdated.length ? now + PLAN_RETRY_MS : null;
  // A newer plan has a due time of its own.
  await deps.db
    .update(accounts)
    .set({ planDue: next })
    .where(and(eq(accounts.id, id), eq(accounts.plan, plan), eq(accounts.planDue, planDue ?? now)));
}
