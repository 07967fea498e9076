import { and, eq, isNull } from 'drizzle-orm';
import type { ManagementDeps } from '../deps.ts';
import { isClusterId } from './id.ts';
import { clusters } from './tables.ts';

export type ClusterRow = typeof clusters.$inferSelect;

/**
 * Finds a cluster of the account by id or name; a name means the one that is not deleted. Clusters of other accounts do not exist here, and
 * ids without a valid MAC are not looked up.
 */
export async function findCluster(deps: ManagementDeps, accountId: string, idOrName: string): Promise<ClusterRow | undefined> {
  const named = isClusterId(idOrName, deps.mac)
    ? eq(clusters.id, idOrName)
    : and(eq(clusters.name, idOrName), isNull(clusters.deletedAt));
  const [row] = await deps.db
    .select()
    .from(clusters)
    .where(and(eq(clusters.accountId, accountId), named));
  return row;
}
