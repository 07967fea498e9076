import { and, desc, eq, gt, inArray, isNotNull, lt, type SQL, sql } from 'drizzle-orm';
import { type Access, selects } from '../http/access.ts';
import type { ManagementDeps } from '../deps.ts';
import { clusterNotFound, Problem } from '../http/errors.ts';
import { DELETED_CLUSTERS_PER_ACCOUNT, GRACE_SECONDS, LABELS, NOTIFY_STANDBY_MS, CONFLICT_RETRIES } from '../limits.ts';
import { close, listen, restoreListener } from './listeners.ts';
import { type ClusterExpiry, deletionTimeOf, withinPlan, isNameTaken, limitReached, nameTaken } from './reserve.ts';
import type { ClusterRow } from './rows.ts';
import { clusters, type State } from './tables.ts';

const MS = 1000;

const newer = sql`${clusters.version} + 1`;
const words: Record<State, string> = {
  creating: 'is still being made',
  ready: 'is ready',
  suspended: 'is suspended',
  deleted: 'is deleted: restore it first',
};
const wrongState = (row: ClusterRow) => new Problem('conflict', `cluster "${row.name}" ${words[row.state]}`);

/** Refuses a change when the client's If-Match is not the current version. */
export function checkMatch(row: ClusterRow, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === '*') return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (tags.includes(etagOf(row))) return;
  throw new Problem('precondition-failed', `cluster "${row.name}" has the version ${etagOf(row)} now`);
}

/** ETag of a cluster: its version. */
export const etagOf = (row: ClusterRow): string => `"${row.version}"`;

async function again(deps: ManagementDeps, row: ClusterRow): Promise<ClusterRow> {
  const [now] = await deps.db.select().from(clusters).where(eq(clusters.id, row.id));
  if (!now) throw clusterNotFound(row.name);
  return now;
}

/**
 * Changes the lifecycle state: the row first, which orders concurrent changes, then the object. After a crash in between a task notifies
 * the object.
 */
async function change(
  deps: ManagementDeps,
  row: ClusterRow,
  from: State[],
  set: Partial<Record<keyof ClusterRow, unknown>>,
  ...only: SQL[]
): Promise<ClusterRow | undefined> {
  const now = deps.now();
  const standby = now + NOTIFY_STANDBY_MS;
  await deps.taskRunner.wakeBy(typeof set.purgeAt === 'number' && set.purgeAt > 0 ? Math.min(set.purgeAt, standby) : standby);
  const [changed] = await deps.db
    .update(clusters)
    .set({ ...(set as Partial<ClusterRow>), version: newer, updatedAt: now })
    .where(and(eq(clusters.id, row.id), inArray(clusters.state, from), ...only))
    .returning();
  return changed;
}

/** Notifies the object of the lifecycle state. Without an object there is nothing to observe it. */
export async function notifyCluster(deps: ManagementDeps, row: ClusterRow): Promise<void> {
  const { id, version, state } = row;
  if (state !== 'creating') await deps.clusters.setLifecycle(id, { version, state });
  await deps.db
    .update(clusters)
    .set({ observedVersion: version })
    .where(and(eq(clusters.id, id), lt(clusters.observedVersion, version)));
}

async function stood(deps: ManagementDeps, changed: ClusterRow): Promise<ClusterRow> {
  await notifyCluster(deps, changed);
  return { ...changed, observedVersion: changed.version };
}

/** Suspends a cluster: it serves nobody and reconciles nothing until it is resumed. */
export async function suspendCluster(deps: ManagementDeps, row: ClusterRow): Promise<ClusterRow> {
  const changed = await change(deps, row, ['ready'], { state: 'suspended', suspendedAt: deps.now() });
  if (changed) return stood(deps, changed);
  const now = await again(deps, row);
  if (now.state !== 'suspended') throw wrongState(now);
  return stood(deps, now);
}

/** Resumes a suspended cluster. */
export async function resumeCluster(deps: ManagementDeps, row: ClusterRow): Promise<ClusterRow> {
  const changed = await change(deps, row, ['suspended'], { state: 'ready', suspendedAt: null });
  if (changed) return stood(deps, changed);
  const now = await again(deps, row);
  if (now.state !== 'ready') throw wrongState(now);
  return stood(deps, now);
}

/**
 * Deletes a cluster: its name is free, nobody is served, and after the grace period it is purged. Of a deleted cluster only the grace
 * period changes, if one is given.
 */
export async function deleteCluster(
  deps: ManagementDeps,
  row: ClusterRow,
  graceSeconds: number | undefined,
): Promise<ClusterRow | undefined> {
  const now = deps.now();
  const grace = graceSeconds ?? GRACE_SECONDS;
  const purgeAt = grace === 0 ? 0 : now + grace * MS;
  const fresh = await change(deps, row, ['ready', 'suspended'], { state: 'deleted', deletedAt: now, purgeAt, port: null });
  if (fresh) await close(deps, row);
  const changed = fresh ?? (await moveEnd(deps, row, graceSeconds === undefined ? undefined : purgeAt));
  if (changed.purgeAt === 0) {
    await purge(deps, changed.id);
    return undefined;
  }
  if (fresh) await purgeBeyondLimit(deps, row.accountId);
  return stood(deps, changed);
}

/** Purges the first deleted clusters of an account beyond the bound: deleted ones take up storage. */
async function purgeBeyondLimit(deps: ManagementDeps, accountId: string): Promise<void> {
  const now = deps.now();
  const isWaiting = and(eq(clusters.accountId, accountId), isNotNull(clusters.deletedAt), gt(clusters.purgeAt, now));
  const first = deps.db
    .select({ id: clusters.id })
    .from(clusters)
    .where(isWaiting)
    .orderBy(desc(clusters.deletedAt), desc(clusters.id))
    .limit(Number.MAX_SAFE_INTEGER)
    .offset(DELETED_CLUSTERS_PER_ACCOUNT);
  const claimed = await deps.db
    .update(clusters)
    .set({ purgeAt: now })
    .where(and(isWaiting, inArray(clusters.id, first)))
    .returning({ id: clusters.id });
  if (claimed.length > 0) await deps.taskRunner.wakeBy(now);
}

async function moveEnd(deps: ManagementDeps, row: ClusterRow, purgeAt: number | undefined): Promise<ClusterRow> {
  const moved = purgeAt !== undefined && (await change(deps, row, ['deleted'], { purgeAt }, gt(clusters.purgeAt, 0)));
  if (moved) return moved;
  const now = await again(deps, row);
  if (now.state !== 'deleted') throw wrongState(now);
  return now;
}

/** Purges a cluster, the object first: without the row nobody could find it. `purgeAt` is 0 by then, so it cannot be restored meanwhile. */
export async function purge(deps: ManagementDeps, id: string): Promise<void> {
  await deps.clusters.destroy(id);
  await deps.db.delete(clusters).where(and(eq(clusters.id, id), eq(clusters.state, 'deleted')));
}

/** Restores a deleted cluster, under its own name or another, during its grace period. */
export async function restoreCluster(deps: ManagementDeps, row: ClusterRow, name: string | undefined): Promise<ClusterRow> {
  const now = deps.now();
  const back = {
    state: sql`CASE WHEN ${clusters.suspendedAt} IS NULL THEN 'ready' ELSE 'suspended' END`,
    deletedAt: null,
    purgeAt: null,
    // An expiry in the past would delete it again.
    expiresAt: sql`CASE WHEN ${clusters.expiresAt} > ${now} THEN ${clusters.expiresAt} END`,
    ...(name !== undefined && { name }),
  };
  try {
    const changed = await change(deps, row, ['deleted'], back, gt(clusters.purgeAt, now), withinPlan(row.accountId));
    if (changed) return await stood(deps, changed);
  } catch (error) {
    if (!isNameTaken(error)) throw error;
    throw new Problem('name-taken', `there is another cluster named "${name ?? row.name}": restore it under another name`);
  }
  const found = await again(deps, row);
  if (found.state !== 'deleted') throw new Problem('conflict', `cluster "${row.name}" is not deleted`);
  if ((found.purgeAt ?? 0) <= now) throw clusterNotFound(row.name);
  throw await limitReached(deps, row.accountId);
}

/** Changeable members of a cluster. */
export interface ClusterChange extends ClusterExpiry {
  name?: string;
  /** Merged; null removes a label. */
  labels?: Record<string, string | null>;
  isTemplate?: boolean;
  /** null: no port of its own. */
  port?: number | null;
}

function merged(access: Access, row: ClusterRow, more: Record<string, string | null>): Record<string, string> {
  const all = Object.entries({ ...row.labels, ...more }).filter((entry): entry is [string, string] => entry[1] !== null);
  if (all.length > LABELS) throw new Problem('invalid-request', `labels: at most ${LABELS} labels`);
  const labels = Object.fromEntries(all);
  if (!selects(access.selector, { id: row.id, labels })) {
    throw new Problem('forbidden', 'the token would no longer reach the cluster');
  }
  return labels;
}

/** Changes members of the row that the object does not know. A port that was opened for a change that fails is closed again. */
export async function updateCluster(
  deps: ManagementDeps,
  access: Access,
  row: ClusterRow,
  request: ClusterChange,
  ifMatch: string | undefined,
): Promise<ClusterRow> {
  const opened = { any: false };
  try {
    return await changeRow(deps, access, row, request, ifMatch, opened);
  } catch (error) {
    if (opened.any) await restoreListener(deps, row);
    throw error;
  }
}

/** Updates the row, again while others change it; notes in `opened` that a port was opened for it. */
async function changeRow(
  deps: ManagementDeps,
  access: Access,
  row: ClusterRow,
  request: ClusterChange,
  ifMatch: string | undefined,
  opened: { any: boolean },
): Promise<ClusterRow> {
  const expiresAt = deletionTimeOf(deps, request);
  if (typeof expiresAt === 'number') await deps.taskRunner.wakeBy(expiresAt);
  const { name, isTemplate, labels, port } = request;
  let old = row;
  for (let tries = 0; tries < CONFLICT_RETRIES; tries++) {
    checkMatch(old, ifMatch);
    if (old.state === 'deleted' || old.state === 'creating') throw wrongState(old);
    const set = {
      ...(name !== undefined && { name }),
      ...(isTemplate !== undefined && { isTemplate }),
      ...(labels && { labels: merged(access, old, labels) }),
      ...(expiresAt !== undefined && { expiresAt }),
      ...(port !== undefined && { port }),
    };
    if (typeof port === 'number' && port !== old.port) {
      await listen(deps, old, port);
      opened.any = true;
    }
    try {
      const [changed] = await deps.db
        .update(clusters)
        .set({
          ...set,
          version: newer,
          observedVersion: sql`CASE WHEN ${clusters.observedVersion} = ${clusters.version} THEN ${newer} ELSE ${clusters.observedVersion} END`,
          updatedAt: deps.now(),
        })
        .where(and(eq(clusters.id, old.id), eq(clusters.version, old.version), inArray(clusters.state, ['ready', 'suspended'])))
        .returning();
      if (changed) {
        if (port === null) await close(deps, old);
        return changed;
      }
    } catch (error) {
      throw isNameTaken(error) ? nameTaken(name ?? row.name) : error;
    }
    old = await again(deps, old);
  }
  throw new Problem('conflict', `cluster "${row.name}" is changed by others all the time`);
}

/** Rows whose object has not observed the latest version; for the task. */
export const isUnobserved: SQL = sql`${clusters.observedVersion} < ${clusters.version}`;
