import { and, asc, count, eq, isNull } from 'drizzle-orm';
import { type Access, creatorOf, isWithin, type Principal } from '../access.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { CLUSTERS_PER_ACCOUNT } from '../limits.ts';
import { firstCredential, forObject, remember } from './credentials.ts';
import { makeClusterId } from './id.ts';
import type { ClusterUsage } from './port.ts';
import type { ClusterRow } from './rows.ts';
import { clusters } from './tables.ts';

const isTaken = (error: unknown): boolean => {
  for (let e = error; e instanceof Error; e = e.cause) if (e.message.includes('UNIQUE constraint failed')) return true;
  return false;
};

/** What a cluster is asked to be. */
export interface ClusterWish {
  name: string;
  apiOnly: boolean;
  legacyApis: boolean;
  nodes: number;
  labels: Record<string, string>;
}

/**
 * The row first: it claims the name. Should the object then fail, the row goes again; should we die in between, the row stands for a
 * cluster without an object, which `delete` removes like any other.
 */
export async function createCluster(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  wish: ClusterWish,
): Promise<{ row: ClusterRow; token: string }> {
  const { accountId } = access;
  const id = makeClusterId(deps.random, deps.mac);
  if (!isWithin(access.reach, { id, labels: wish.labels })) {
    throw new Problem('forbidden', 'the token does not reach the cluster that it would make');
  }
  const [{ n }] = await deps.db
    .select({ n: count() })
    .from(clusters)
    .where(and(eq(clusters.accountId, accountId), isNull(clusters.deletedAt)));
  if (n >= CLUSTERS_PER_ACCOUNT) throw new Problem('limit-reached', `an account may have ${CLUSTERS_PER_ACCOUNT} clusters`);
  const now = deps.now();
  let row: ClusterRow;
  try {
    [row] = await deps.db
      .insert(clusters)
      .values({ id, accountId, ...wish, createdBy: creatorOf(who), createdAt: now, updatedAt: now })
      .returning();
  } catch (error) {
    if (isTaken(error)) throw new Problem('name-taken', `a cluster named "${wish.name}" exists`);
    throw error;
  }
  const first = await firstCredential(deps, access, who);
  const { labels: _, ...options } = wish;
  try {
    const token = await deps.clusters.create(
      { id, ...options, ...(deps.ca !== undefined && { caPem: deps.ca }) },
      forObject(first),
    );
    await remember(deps, access, who, id, first, token);
    return { row, token };
  } catch (error) {
    await deps.db.delete(clusters).where(eq(clusters.id, id));
    throw error;
  }
}

export async function listClusters(deps: ManagementDeps, access: Access): Promise<ClusterRow[]> {
  const rows = await deps.db
    .select()
    .from(clusters)
    .where(and(eq(clusters.accountId, access.accountId), isNull(clusters.deletedAt)))
    .orderBy(asc(clusters.name));
  return rows.filter((row) => isWithin(access.reach, row));
}

/** The object first: when the row is gone nobody could ask for the rest. */
export async function deleteCluster(deps: ManagementDeps, row: ClusterRow): Promise<void> {
  await deps.clusters.destroy(row.id);
  await deps.db.delete(clusters).where(eq(clusters.id, row.id));
}

export async function usageOf(deps: ManagementDeps, row: ClusterRow): Promise<ClusterUsage> {
  const usage = await deps.clusters.usage(row.id);
  if (!usage) throw new Problem('not-found', `cluster "${row.name}" has no object`);
  return usage;
}
