import { and, eq, type SQL, sql } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import type { Access, Principal } from '../http/access.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { close, listen } from './listeners.ts';
import {
  wakeTasks,
  claimStatement,
  type ClusterExpiry,
  deletionTimeOf,
  isClusterDeleted,
  isNameTaken,
  limitReached,
  newRow,
  nameTaken,
} from './reserve.ts';
import { firstCredential, forObject, remember } from './credentials.ts';
import { clusterLimits } from '../plans.ts';
import type { ClockMode } from '../../tenancy/cluster.ts';
import type { ClusterRow } from './rows.ts';
import { clusters, credentials } from './tables.ts';

/** Request for a cluster. */
export interface ClusterRequest extends ClusterExpiry {
  name: string;
  apiOnly: boolean;
  legacyApis: boolean;
  nodes: number;
  clock: ClockMode;
  labels: Record<string, string>;
  isTemplate: boolean;
  port?: number;
}

/** A cluster and the token of its first credential. */
export interface CreatedCluster {
  row: ClusterRow;
  token: string;
}

/**
 * Creates a cluster: the row first, which claims the name, then the object. If the object fails both are deleted; after a crash the row is
 * in state `creating`, and a task deletes it after a minute. `audit` gives the audit entry, which goes with the last write.
 */
export async function createCluster(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  request: ClusterRequest,
  audit: (row: ClusterRow, when: SQL) => BatchItem<'sqlite'>,
): Promise<CreatedCluster> {
  const { expiresIn, expiresAt, port, ...rest } = request;
  const end = deletionTimeOf(deps, { expiresIn, expiresAt }) ?? null;
  const row = newRow(deps, access, who, { ...rest, expiresAt: end, port: port ?? null });
  if (port !== undefined) await listen(deps, row, port);
  deps.background(wakeTasks(deps, row));
  const [claimed, first] = await claim(deps, access, who, row).catch(async (error) => {
    await close(deps, row);
    throw error;
  });
  const { id, name, apiOnly, legacyApis, nodes, clock } = row;
  try {
    const options = {
      id,
      name,
      apiOnly,
      legacyApis,
      nodes,
      clock,
      limits: clusterLimits(claimed[0].plan),
      ...(deps.ca !== undefined && { caPem: deps.ca }),
    };
    const token = await deps.clusters.create(options, forObject(first));
    const audited = audit(row, sql`EXISTS (SELECT 1 FROM ${credentials} WHERE id = ${first.id})`);
    await remember(deps, access, who, id, first, token, { beside: [readyStatement(deps, id), audited] }).catch((error) => {
      throw isClusterDeleted(error) ? new Problem('conflict', 'the cluster took too long to make, and was taken away') : error;
    });
    return { row: { ...row, state: 'ready' }, token };
  } catch (error) {
    await abortProvisioning(deps, id).catch(() => undefined);
    throw error;
  }
}

/** Claims the name and a place within the plan. */
async function claim(deps: ManagementDeps, access: Access, who: Principal, row: ClusterRow) {
  const [claimed, first] = await Promise.all([
    claimStatement(deps, row).catch((error) => {
      throw isNameTaken(error) ? nameTaken(row.name) : error;
    }),
    firstCredential(deps, access, who),
  ]);
  if (claimed.length === 0) throw await limitReached(deps, row.accountId);
  return [claimed, first] as const;
}

const readyStatement = (deps: ManagementDeps, id: string) =>
  deps.db
    .update(clusters)
    .set({ state: 'ready' })
    .where(and(eq(clusters.id, id), eq(clusters.state, 'creating')));

/** Deletes an unfinished cluster. The object first: without the row nobody could find it. A task retries. */
export async function abortProvisioning(deps: ManagementDeps, id: string): Promise<void> {
  await deps.listeners?.close(id);
  await deps.clusters.destroy(id);
  await deps.db.delete(clusters).where(eq(clusters.id, id));
}
