import { and, eq } from 'drizzle-orm';
import type { Access, Principal } from '../http/access.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { FORK_INLINE_MS, FORK_STEP_MS } from '../limits.ts';
import { clusterLimits } from '../plans.ts';
import { endOperation, type OperationRow, progress } from '../operations/service.ts';
import { operations } from '../operations/tables.ts';
import {
  wakeTasks,
  claimStatement,
  type ClusterExpiry,
  deletionTimeOf,
  isNameTaken,
  limitReached,
  newRow,
  nameTaken,
} from './reserve.ts';
import { firstCredential, forObject, remember } from './credentials.ts';
import { type ClusterRow, findCluster } from './rows.ts';
import { selects } from '../http/access.ts';
import { type CreatedCluster, abortProvisioning } from './service.ts';
import { clusters } from './tables.ts';

/** Request for a fork; other settings are the source's. */
export interface ForkRequest extends ClusterExpiry {
  name: string;
  labels?: Record<string, string>;
  isTemplate?: boolean;
}

/** A finished fork, or its operation. */
export type Forked = CreatedCluster | { operation: OperationRow };

const LOST = 'the source was deleted, or changed too much while it was copied';

/** A template cluster of the account that the selector selects. */
export async function findTemplate(deps: ManagementDeps, access: Access, wanted: string): Promise<ClusterRow> {
  const row = await findCluster(deps, access.accountId, wanted);
  if (!row || !selects(access.selector, row)) throw new Problem('invalid-request', `template: cluster "${wanted}" not found`);
  if (!row.isTemplate) throw new Problem('invalid-request', `template: cluster "${row.name}" is no template`);
  return row;
}

/**
 * Forks a cluster's present state. The row claims the name, the operation tracks progress. A fork of a few seconds is answered as a
 * cluster; tasks continue longer ones, and abort those that a crash interrupted.
 */
export async function forkCluster(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  source: ClusterRow,
  request: ForkRequest,
): Promise<Forked> {
  if (source.state !== 'ready' && source.state !== 'suspended') {
    throw new Problem('conflict', `cluster "${source.name}" is ${source.state === 'deleted' ? 'deleted' : 'still being made'}`);
  }
  const { apiOnly, legacyApis, nodes, clock } = source;
  const { name, labels = source.labels, isTemplate = false } = request;
  const own = { name, labels, isTemplate, apiOnly, legacyApis, nodes, clock, forkedFrom: source.id };
  const row = newRow(deps, access, who, { ...own, expiresAt: deletionTimeOf(deps, request) ?? null });
  const { operation, plan } = await beginFork(deps, row);
  try {
    const first = await firstCredential(deps, access, who);
    const begun = await deps.clusters.fork({ id: row.id, name, limits: clusterLimits(plan) }, source.id);
    if (!begun) throw new Problem('conflict', LOST);
    if (begun.done < begun.total && !(await continueFork(deps, row.id, operation, FORK_INLINE_MS))) {
      return { operation: await leaveToTasks(deps, operation) };
    }
    const token = await deps.clusters.finish(row.id, forObject(first));
    if (token === undefined) throw new Problem('conflict', LOST);
    await Promise.all([remember(deps, access, who, row.id, first, token), completeFork(deps, row.id, operation)]);
    return { row: { ...row, state: 'ready' }, token };
  } catch (error) {
    await failFork(deps, row.id, operation, error).catch(() => undefined);
    throw error;
  }
}

/** Inserts the rows of the cluster and the operation, both or none. */
async function beginFork(deps: ManagementDeps, row: ClusterRow): Promise<{ operation: OperationRow; plan: string }> {
  await wakeTasks(deps, row);
  const { accountId, id: target, createdAt, updatedAt } = row;
  const state = { state: 'running', done: 0, total: 0, error: null, queued: false } as const;
  const operation: OperationRow = {
    id: deps.random.uuid(),
    accountId,
    type: 'fork-cluster',
    target,
    ...state,
    createdAt,
    updatedAt,
  };
  try {
    const [claimed] = await deps.db.batch([claimStatement(deps, row), deps.db.insert(operations).values(operation)]);
    if (claimed.length > 0) return { operation, plan: claimed[0].plan };
  } catch (error) {
    throw isNameTaken(error) ? nameTaken(row.name) : error;
  }
  await deps.db.delete(operations).where(eq(operations.id, operation.id));
  throw await limitReached(deps, accountId);
}

/** Copies for about `ms`; true when done. */
export async function continueFork(deps: ManagementDeps, id: string, operation: OperationRow, ms: number): Promise<boolean> {
  const end = deps.now() + ms;
  for (;;) {
    const now = await deps.clusters.copy(id, FORK_STEP_MS);
    if (!now) throw new Problem('conflict', LOST);
    const isWhole = now.done >= now.total;
    if (isWhole && now.done === 0) return true;
    // Also resets the stall timeout.
    await progress(deps, operation.id, now.done, now.total);
    if (isWhole) return true;
    if (deps.now() >= end) return false;
  }
}

async function leaveToTasks(deps: ManagementDeps, { id }: OperationRow): Promise<OperationRow> {
  const now = deps.now();
  await deps.taskRunner.wakeBy(now);
  const [queued] = await deps.db
    .update(operations)
    .set({ queued: true, updatedAt: now })
    .where(eq(operations.id, id))
    .returning();
  return queued;
}

/** Makes a finished fork ready. */
export async function completeFork(deps: ManagementDeps, id: string, { id: operation }: OperationRow): Promise<void> {
  const [ready] = await deps.db.batch([
    deps.db
      .update(clusters)
      .set({ state: 'ready' })
      .where(and(eq(clusters.id, id), eq(clusters.state, 'creating')))
      .returning({ id: clusters.id }),
    deps.db
      .update(operations)
      .set({ state: 'done', updatedAt: deps.now() })
      .where(and(eq(operations.id, operation), eq(operations.state, 'running'))),
  ]);
  if (ready.length === 0) throw new Problem('conflict', 'the copy took too long, and was taken away');
}

/** Ends the operation with the error and deletes the fork. */
export async function failFork(deps: ManagementDeps, id: string, operation: OperationRow, error: unknown): Promise<void> {
  const why = error instanceof Problem ? error.message : 'something went wrong on our side';
  await endOperation(deps, operation.id, why);
  await abortProvisioning(deps, id);
}

/** Cancels a running fork. */
export async function cancelFork(deps: ManagementDeps, row: ClusterRow): Promise<undefined> {
  const [operation] = await deps.db
    .select()
    .from(operations)
    .where(and(eq(operations.target, row.id), eq(operations.state, 'running')));
  if (!operation) throw new Problem('conflict', `cluster "${row.name}" is still being made`);
  await failFork(deps, row.id, operation, new Problem('conflict', 'the copy was deleted before it was done'));
}
