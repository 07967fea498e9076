import { and, asc, count, eq, inArray, isNull, min, notExists, sql } from 'drizzle-orm';
import type { Task } from '../task.ts';
import { abortProvisioning } from '../clusters/service.ts';
import { clusters } from '../clusters/tables.ts';
import type { ManagementDeps } from '../deps.ts';
import { CLUSTERS_PER_DELETION_STEP } from '../limits.ts';
import { endOperation, type OperationRow, progress } from '../operations/service.ts';
import { operations } from '../operations/tables.ts';
import { accounts } from './tables.ts';

const isRunning = and(eq(operations.type, 'delete-account'), eq(operations.state, 'running'));

/** Steps of an account's deletion: one for each cluster, and the last for the rest. */
async function clustersLeft(deps: ManagementDeps, accountId: string): Promise<number> {
  const [{ n }] = await deps.db.select({ n: count() }).from(clusters).where(eq(clusters.accountId, accountId));
  return n;
}

/**
 * Begins the deletion of an account: marks it unusable and inserts the operation in one transaction; tasks do the rest. A repeated call
 * returns the same operation.
 */
export async function beginDeletion(deps: ManagementDeps, accountId: string): Promise<OperationRow> {
  const [running] = await deps.db
    .select()
    .from(operations)
    .where(and(eq(operations.accountId, accountId), isRunning));
  if (running) return running;
  const now = deps.now();
  const total = (await clustersLeft(deps, accountId)) + 1;
  await deps.taskRunner.wakeBy(now);
  const [[row]] = await deps.db.batch([
    deps.db
      .insert(operations)
      .values({
        id: deps.random.uuid(),
        accountId,
        type: 'delete-account',
        target: accountId,
        state: 'running',
        done: 0,
        total,
        createdAt: now,
        updatedAt: now,
      })
      .returning(),
    deps.db
      .update(accounts)
      .set({ deletedAt: now })
      .where(and(eq(accounts.id, accountId), isNull(accounts.deletedAt))),
  ]);
  return row;
}

/**
 * Continues one deletion: some clusters, then the account and everything that belongs to it. Failed clusters come last the next time, so
 * that they hold up no other.
 */
async function continueDeletion(deps: ManagementDeps, operation: OperationRow): Promise<void> {
  const { id, accountId } = operation;
  const ofAccount = eq(clusters.accountId, accountId);
  const batch = await deps.db
    .select({ id: clusters.id })
    .from(clusters)
    .where(ofAccount)
    .orderBy(asc(clusters.updatedAt), asc(clusters.id))
    .limit(CLUSTERS_PER_DELETION_STEP);
  const ends = await Promise.allSettled(batch.map((cluster) => abortProvisioning(deps, cluster.id)));
  const failed = batch.filter((_, i) => ends[i].status === 'rejected').map((cluster) => cluster.id);
  if (failed.length > 0) await deps.db.update(clusters).set({ updatedAt: deps.now() }).where(inArray(clusters.id, failed));
  const left = await clustersLeft(deps, accountId);
  const total = Math.max(operation.total, left + 1);
  await progress(deps, id, total - left - 1, total);
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure) throw failure.reason;
  if (left > 0) return;
  // A cluster that was being created may appear until the account's row is deleted; after that its row is refused.
  const none = notExists(deps.db.select({ one: sql`1` }).from(clusters).where(ofAccount));
  await deps.db.delete(accounts).where(and(eq(accounts.id, accountId), none));
  if ((await clustersLeft(deps, accountId)) > 0) return;
  await progress(deps, id, total, total);
  await endOperation(deps, id);
}

/** Task: continues the deletions of accounts, one step of each at a time. */
const deleteAccounts: Task = {
  name: 'delete-accounts',
  next: async ({ db }) => {
    const [{ at }] = await db
      .select({ at: min(operations.createdAt) })
      .from(operations)
      .where(isRunning);
    return at ?? undefined;
  },
  run: async (deps) => {
    const failures: unknown[] = [];
    for (const operation of await deps.db.select().from(operations).where(isRunning)) {
      await continueDeletion(deps, operation).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  },
};

export const accountTasks: readonly Task[] = [deleteAccounts];
