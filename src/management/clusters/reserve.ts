import { eq, getTableColumns, type SQL, sql } from 'drizzle-orm';
import { type Access, creatorOf, selects, type Principal } from '../http/access.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { accounts } from '../accounts/tables.ts';
import { PROVISIONING_MS } from '../limits.ts';
import { PLAN_NAMES, planOf } from '../plans.ts';
import { expiryOf } from '../http/shapes.ts';
import { makeClusterId } from './id.ts';
import type { ClusterRow } from './rows.ts';
import { clusters } from './tables.ts';

/** Requested expiry of a cluster. */
export interface ClusterExpiry {
  expiresAt?: string | null;
  expiresIn?: number;
}

/** Expiry in ms since the epoch; null: never; undefined: not given. */
export function deletionTimeOf(deps: ManagementDeps, { expiresAt, expiresIn }: ClusterExpiry): number | null | undefined {
  if (expiresAt === null) return null;
  const now = deps.now();
  const end = expiryOf(now, { expiresAt, expiresIn });
  if (end !== undefined && end <= now) throw new Problem('invalid-request', 'expiresAt: is in the past');
  return end;
}

const failsWith = (error: unknown, constraint: string): boolean => {
  for (let e = error; e instanceof Error; e = e.cause) if (e.message.includes(`${constraint} constraint failed`)) return true;
  return false;
};
/** Whether a write failed because the account has a cluster of that name. */
export const isNameTaken = (error: unknown): boolean => failsWith(error, 'UNIQUE');
/** Whether a write failed because its cluster was deleted. */
export const isClusterDeleted = (error: unknown): boolean => failsWith(error, 'FOREIGN KEY');

export const nameTaken = (name: string) => new Problem('name-taken', `a cluster named "${name}" exists`);

/** Refusal of a cluster beyond the plan of the account. */
export async function limitReached(deps: ManagementDeps, accountId: string): Promise<Problem> {
  const [found] = await deps.db.select({ plan: accounts.plan }).from(accounts).where(eq(accounts.id, accountId));
  const plan = found?.plan ?? 'standard';
  return new Problem('limit-reached', `the plan "${plan}" allows ${planOf(plan).clusters} clusters`);
}

const planIn = (accountId: string): SQL => sql`(SELECT plan FROM ${accounts} WHERE id = ${accountId})`;

/** Condition: the account may have one more cluster. Evaluated within the write, so that two concurrent ones do not both pass. */
export function withinPlan(accountId: string): SQL {
  const cases = PLAN_NAMES.map((name) => sql`WHEN ${name} THEN ${planOf(name).clusters ?? Number.MAX_SAFE_INTEGER}`);
  const most = sql`CASE ${planIn(accountId)} ${sql.join(cases, sql` `)} ELSE ${planOf('standard').clusters} END`;
  return sql`(SELECT count(*) FROM ${clusters} WHERE account_id = ${accountId} AND deleted_at IS NULL) < ${most}`;
}

/** Row of a cluster in state `creating`. */
export function newRow(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  request: Pick<ClusterRow, 'name' | 'apiOnly' | 'legacyApis' | 'nodes' | 'clock' | 'labels'> & Partial<ClusterRow>,
): ClusterRow {
  const id = makeClusterId(deps.random, deps.mac);
  if (!selects(access.selector, { id, labels: request.labels })) {
    throw new Problem('forbidden', 'the token does not reach the cluster that it would make');
  }
  const now = deps.now();
  const times = { createdAt: now, updatedAt: now, suspendedAt: null, expiresAt: null, deletedAt: null, purgeAt: null };
  const own = { id, accountId: access.accountId, createdBy: creatorOf(who), version: 0, observedVersion: 0, ...times };
  return { isTemplate: false, forkedFrom: null, plan: '', port: null, ...own, ...request, state: 'creating' };
}

/** Insert statement that claims the name within the plan; returns the plan, or nothing when it is exhausted. */
export function claimStatement(deps: ManagementDeps, row: ClusterRow) {
  const values = Object.entries(getTableColumns(clusters)).map(([key, column]) =>
    key === 'plan' ? planIn(row.accountId) : sql.param(row[key as keyof ClusterRow], column),
  );
  const one = sql`SELECT ${sql.join(values, sql`, `)} WHERE ${withinPlan(row.accountId)}`;
  return deps.db.insert(clusters).select(one).returning({ plan: clusters.plan });
}

/** Wakes the tasks that abort stalled provisioning and delete expired clusters. */
export async function wakeTasks(deps: ManagementDeps, row: ClusterRow): Promise<void> {
  await deps.taskRunner.wakeBy(Math.min(row.createdAt + PROVISIONING_MS, row.expiresAt ?? Number.POSITIVE_INFINITY));
}
