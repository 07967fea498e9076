import { and, count, eq } from 'drizzle-orm';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { CLUSTERS_PER_ACCOUNT } from '../limits.ts';
import { isClusterId, makeClusterId } from './id.ts';
import { clusters } from './tables.ts';

export type ClusterRow = typeof clusters.$inferSelect;

/** What a new cluster is made with. */
export interface NewClusterOptions {
  id: string;
  name: string;
  apiOnly: boolean;
  legacyApis: boolean;
  caPem?: string;
}

export interface ClusterUsage {
  rowsRead: number;
  rowsWritten: number;
  awakeMs: number;
  databaseBytes: number;
  watchers: number;
}

/** The clusters themselves, each behind its own object. */
export interface ClustersPort {
  /** Makes the cluster and returns an administrator's bearer token. */
  create(options: NewClusterOptions): Promise<string>;
  credential(id: string): Promise<string | undefined>;
  usage(id: string): Promise<ClusterUsage | undefined>;
  destroy(id: string): Promise<void>;
}

const isTaken = (error: unknown): boolean => {
  for (let e = error; e instanceof Error; e = e.cause) if (e.message.includes('UNIQUE constraint failed')) return true;
  return false;
};

/**
 * The row first: it claims the name. Should the object then fail, the row goes again; should we die in between, the row stands for a
 * cluster without an object, which `delete` removes like any other.
 */
export async function createCluster(
  deps: ManagementDeps,
  accountId: string,
  options: { name: string; apiOnly: boolean; legacyApis: boolean },
): Promise<{ row: ClusterRow; token: string }> {
  const [{ n }] = await deps.db.select({ n: count() }).from(clusters).where(eq(clusters.accountId, accountId));
  if (n >= CLUSTERS_PER_ACCOUNT) throw new Problem('limit-reached', `an account may have ${CLUSTERS_PER_ACCOUNT} clusters`);
  const row = { id: makeClusterId(deps.random, deps.mac), accountId, ...options, createdAt: deps.now() };
  try {
    await deps.db.insert(clusters).values(row);
  } catch (error) {
    if (isTaken(error)) throw new Problem('name-taken', `a cluster named "${options.name}" exists`);
    throw error;
  }
  try {
    return {
      row,
      token: await deps.clusters.create({ id: row.id, ...options, ...(deps.ca !== undefined && { caPem: deps.ca }) }),
    };
  } catch (error) {
    await deps.db.delete(clusters).where(eq(clusters.id, row.id));
    throw error;
  }
}

export function listClusters(deps: ManagementDeps, accountId: string): Promise<ClusterRow[]> {
  return deps.db.select().from(clusters).where(eq(clusters.accountId, accountId)).orderBy(clusters.name);
}

/** By id or by name. Somebody else's is as absent as one that never was. */
export async function getCluster(deps: ManagementDeps, accountId: string, idOrName: string): Promise<ClusterRow> {
  const column = isClusterId(idOrName, deps.mac) ? clusters.id : clusters.name;
  const [row] = await deps.db
    .select()
    .from(clusters)
    .where(and(eq(clusters.accountId, accountId), eq(column, idOrName)));
  if (!row) throw new Problem('not-found', `cluster "${idOrName}" not found`);
  return row;
}

/** The object first: when the row is gone nobody could ask for the rest. */
export async function deleteCluster(deps: ManagementDeps, accountId: string, idOrName: string): Promise<void> {
  const row = await getCluster(deps, accountId, idOrName);
  await deps.clusters.destroy(row.id);
  await deps.db.delete(clusters).where(eq(clusters.id, row.id));
}

/** A kubeconfig with a new administrator's credential. */
export async function credentialOf(deps: ManagementDeps, row: ClusterRow): Promise<string> {
  const token = await deps.clusters.credential(row.id);
  if (token === undefined) throw new Problem('not-found', `cluster "${row.name}" has no object`);
  return token;
}

export async function usageOf(deps: ManagementDeps, row: ClusterRow): Promise<ClusterUsage> {
  const usage = await deps.clusters.usage(row.id);
  if (!usage) throw new Problem('not-found', `cluster "${row.name}" has no object`);
  return usage;
}
