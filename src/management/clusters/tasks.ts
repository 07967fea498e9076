import { and, asc, eq, inArray, isNotNull, isNull, lte, min, sql } from 'drizzle-orm';
import type { Task } from '../task.ts';
import type { ManagementDeps } from '../deps.ts';
import { CLUSTERS_PER_TASK_STEP, FORK_TURN_MS, GRACE_SECONDS, PROVISIONING_MS, NOTIFY_STANDBY_MS } from '../limits.ts';
import type { OperationRow } from '../operations/service.ts';
import { operations } from '../operations/tables.ts';
import { failFork, completeFork, continueFork } from './forks.ts';
import { close } from './listeners.ts';
import { isUnobserved, purge, notifyCluster } from './lifecycle.ts';
import { abortProvisioning } from './service.ts';
import { clusters } from './tables.ts';
import { Problem } from '../http/errors.ts';

const MS = 1000;

/** Runs an action on each row; throws the first failure at the end. */
async function each<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const results = await Promise.allSettled(all.map(work));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

const isLive = inArray(clusters.state, ['ready', 'suspended']);

/** Task: deletes expired clusters; they can be restored like any other. */
const expire: Task = {
  name: 'expire-clusters',
  next: async ({ db }) => {
    const [{ at }] = await db
      .select({ at: min(clusters.expiresAt) })
      .from(clusters)
      .where(and(isNotNull(clusters.expiresAt), isLive));
    return at ?? undefined;
  },
  run: async (deps, now) => {
    const due = deps.db
      .select({ id: clusters.id })
      .from(clusters)
      .where(and(isNotNull(clusters.expiresAt), lte(clusters.expiresAt, now), isLive))
      .orderBy(asc(clusters.expiresAt))
      .limit(CLUSTERS_PER_TASK_STEP);
    const ports = await deps.db
      .select({ id: clusters.id, port: clusters.port })
      .from(clusters)
      .where(and(inArray(clusters.id, due), isNotNull(clusters.port)));
    const deletion = { port: null, state: 'deleted', deletedAt: now, purgeAt: now + GRACE_SECONDS * MS, updatedAt: now } as const;
    const expired = await deps.db
      .update(clusters)
      .set({ ...deletion, version: sql`${clusters.version} + 1` })
      .where(and(inArray(clusters.id, due), isLive))
      .returning();
    await each(ports, (row) => close(deps, row));
    await each(expired, (row) => notifyCluster(deps, row));
  },
};

/** Task: notifies objects of lifecycle changes that a crash interrupted. */
const notifyTask: Task = {
  name: 'notify-clusters',
  next: async ({ db }) => {
    const [{ at }] = await db
      .select({ at: min(clusters.updatedAt) })
      .from(clusters)
      .where(isUnobserved);
    return at === null ? undefined : at + NOTIFY_STANDBY_MS;
  },
  run: async (deps, now) => {
    const rows = await deps.db
      .select()
      .from(clusters)
      .where(and(isUnobserved, lte(clusters.updatedAt, now - NOTIFY_STANDBY_MS)))
      .orderBy(asc(clusters.updatedAt))
      .limit(CLUSTERS_PER_TASK_STEP);
    await each(rows, (row) => notifyCluster(deps, row));
  },
};

/** Task: purges deleted clusters after their grace period. Once claimed, a cluster cannot be restored. */
const purged: Task = {
  name: 'purge-clusters',
  next: async ({ db }) => {
    const [{ at }] = await db
      .select({ at: min(clusters.purgeAt) })
      .from(clusters)
      .where(isNotNull(clusters.purgeAt));
    return at ?? undefined;
  },
  run: async (deps, now) => {
    const isDue = and(isNotNull(clusters.purgeAt), lte(clusters.purgeAt, now), eq(clusters.state, 'deleted'));
    const due = deps.db
      .select({ id: clusters.id })
      .from(clusters)
      .where(isDue)
      .orderBy(asc(clusters.purgeAt))
      .limit(CLUSTERS_PER_TASK_STEP);
    const claimed = await deps.db
      .update(clusters)
      .set({ purgeAt: 0 })
      .where(and(inArray(clusters.id, due), isDue))
      .returning({ id: clusters.id });
    await each(claimed, ({ id }) => purge(deps, id));
  },
};

/** Clusters in state `creating`, with their operation. */
const provisioning = ({ db }: ManagementDeps) =>
  db
    .select({ id: clusters.id, updatedAt: clusters.updatedAt, operation: operations })
    .from(clusters)
    .leftJoin(operations, and(eq(operations.target, clusters.id), eq(operations.state, 'running')))
    .where(eq(clusters.state, 'creating'))
    .orderBy(asc(clusters.updatedAt))
    .limit(CLUSTERS_PER_TASK_STEP);

/** Due time of a provisioning: now if queued, else after PROVISIONING_MS without progress. */
const dueAt = ({ updatedAt, operation }: { updatedAt: number; operation: OperationRow | null }): number =>
  operation?.queued ? 0 : Math.max(updatedAt, operation?.updatedAt ?? 0) + PROVISIONING_MS;

/** Task: continues queued forks, and aborts provisioning that stalled. */
const provisionTask: Task = {
  name: 'make-clusters',
  next: async (deps) => {
    const rows = await provisioning(deps);
    return rows.length ? Math.min(...rows.map(dueAt)) : undefined;
  },
  run: async (deps, now) => {
    const rows = (await provisioning(deps)).filter((row) => dueAt(row) <= now);
    await each(rows, async ({ id, operation }) => {
      if (operation?.queued) await carryOn(deps, id, operation);
      else if (operation) await failFork(deps, id, operation, new Problem('internal', 'the server stopped while it was copied'));
      else await abortProvisioning(deps, id);
    });
  },
};

async function carryOn(deps: ManagementDeps, id: string, operation: OperationRow): Promise<void> {
  try {
    if (!(await continueFork(deps, id, operation, FORK_TURN_MS))) return;
    await deps.clusters.finish(id, undefined);
    await completeFork(deps, id, operation);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await failFork(deps, id, operation, error);
  }
}

/** Task: ends operations on clusters that no longer exist (their account was deleted, for instance). */
const orphaned: Task = {
  name: 'end-forks',
  next: async ({ db }) => {
    const [{ at }] = await db
      .select({ at: min(operations.updatedAt) })
      .from(operations)
      .leftJoin(clusters, eq(clusters.id, operations.target))
      .where(and(eq(operations.state, 'running'), eq(operations.type, 'fork-cluster'), isNull(clusters.id)));
    return at === null ? undefined : at + PROVISIONING_MS;
  },
  run: async ({ db }, now) => {
    const live = db.select({ id: clusters.id }).from(clusters);
    await db
      .update(operations)
      .set({ state: 'failed', error: 'the cluster is gone', updatedAt: now })
      .where(
        and(
          eq(operations.state, 'running'),
          eq(operations.type, 'fork-cluster'),
          lte(operations.updatedAt, now - PROVISIONING_MS),
          sql`${operations.target} NOT IN ${live}`,
        ),
      );
  },
};

export const clusterTasks: readonly Task[] = [expire, notifyTask, purged, provisionTask, orphaned];
