import { and, eq, isNull } from 'drizzle-orm';
import type { ManagementDeps } from '../deps.ts';
import { isClusterId } from './id.ts';
import { clusters } from './tables.ts';

export type ClusterRow = typeof clusters.$inferSelect;

/**
 * By id or by name, of that account only; a name means the one that is not deleted. What belongs to somebody else is as absent as what
 * never was, and an id that we did not make is not even looked for.
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
