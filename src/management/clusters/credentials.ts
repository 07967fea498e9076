import { and, asc, count, eq, gt, inArray, isNull, lte, ne, or, type SQL, sql } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import { hintOf } from '../../lib/secrets.ts';
import { type Access, creatorOf, type Level, LEVELS, type Principal, atLeast, roleOf } from '../http/access.ts';
import { members } from '../accounts/tables.ts';
import { cursorOf, partsOf } from '../http/cursors.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { CREDENTIALS_PER_CLUSTER, REVOKE_AT_ONCE, REVOKE_CLUSTERS, REVOKE_STANDBY_MS, CONFLICT_RETRIES } from '../limits.ts';
import { tokens } from '../tokens/tables.ts';
import { checkIdentity, isMemberName, usernameOf } from './identity.ts';
import { CLUSTER_ROLES, type ClusterRole, type NewCredential } from '../../tenancy/credentials.ts';
import type { ClusterRow } from './rows.ts';
import { clusters, credentials } from './tables.ts';

/** Default name of a credential. */
export const UNNAMED = 'kubeconfig';

export type CredentialRow = typeof credentials.$inferSelect;

/** Request for a credential. */
export interface CredentialRequest {
  name: string;
  /** Absent: the highest that the caller may have. */
  role?: ClusterRole;
  username?: string;
  groups?: string[];
  /** ms since the epoch; absent: never. */
  expires?: number;
}

/** Highest role inside a cluster for a level in its account. */
const mostOf = (level: Level): ClusterRole => (atLeast(level, 'write') ? 'admin' : 'view');

const within = (role: ClusterRole, most: ClusterRole): boolean => CLUSTER_ROLES.indexOf(role) <= CLUSTER_ROLES.indexOf(most);

/** Issues a credential to the caller; an administrator may also name another user, who is no member. */
export async function issueCredential(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  cluster: ClusterRow,
  request: CredentialRequest,
): Promise<{ row: CredentialRow; token: string }> {
  const most = mostOf(access.level);
  const { name, role = most, groups } = request;
  if (!within(role, most)) throw new Problem('forbidden', `"${access.level}" gets the role "${most}" at most`);
  if (request.username !== undefined || groups) {
    if (!atLeast(access.level, 'admin')) throw new Problem('forbidden', 'username and groups are for "admin" to choose');
    await checkIdentity(deps, access.accountId, request);
  }
  const expires = boundBy(deps, who, request.expires);
  await checkLimit(deps, cluster);
  const rest = { name, role, groups: groups ?? null, expiresAt: expires ?? null };
  if (request.username !== undefined) return issue(deps, access, who, cluster, { ...rest, username: request.username });
  for (let tries = 0; tries < CONFLICT_RETRIES; tries++) {
    const username = await ownName(deps, access, who, cluster, name);
    try {
      return await issue(deps, access, who, cluster, { ...rest, username }, isNumbered(who, name));
    } catch (error) {
      if (!(error instanceof UsernameTaken)) throw error;
    }
  }
  throw new Problem('conflict', `credentials named "${name}" are issued by others all the time`);
}

/** The username was given to a credential that was issued concurrently. */
class UsernameTaken extends Error {}

/** Whether credentials of this name get usernames of their own: those of a token that have a name. */
const isNumbered = (who: Principal, name: string): boolean => who.type === 'token' && name !== UNNAMED;

/** Username of the caller inside the cluster. A second live credential of the same name gets a number appended. */
async function ownName(deps: ManagementDeps, access: Access, who: Principal, cluster: ClusterRow, name: string): Promise<string> {
  const plain = await usernameOf(deps, access.accountId, who, name === UNNAMED ? undefined : name);
  if (!isNumbered(who, name)) return plain;
  const taken = await deps.db
    .select({ username: credentials.username })
    .from(credentials)
    .where(and(eq(credentials.clusterId, cluster.id), eq(credentials.name, name)));
  const names = new Set(taken.map(({ username }) => username));
  let free = plain;
  for (let n = 2; names.has(free); n++) free = `${plain}:${n}`;
  return free;
}

type Named = Pick<CredentialRow, 'name' | 'username' | 'role' | 'groups' | 'expiresAt'>;

/** First credential of a new cluster: its administrator. */
export async function firstCredential(deps: ManagementDeps, access: Access, who: Principal): Promise<Named & { id: string }> {
  const username = await usernameOf(deps, access.accountId, who);
  const expiresAt = boundBy(deps, who, undefined) ?? null;
  return { id: deps.random.uuid(), name: UNNAMED, username, role: 'admin', groups: null, expiresAt };
}

/** Credential in the form that the cluster's object takes. */
export const forObject = ({ id, username, role, groups, expiresAt }: Named & { id: string }): NewCredential => ({
  id,
  username,
  role,
  ...(groups && { groups }),
  ...(expiresAt !== null && { expires: expiresAt }),
});

/**
 * Issues in the object first: after a crash before the row is written nobody has seen the token. The row is written only if the caller's
 * right still exists, so that a concurrent revocation either finds the row or prevents it.
 */
async function issue(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  cluster: ClusterRow,
  named: Named,
  isUnique = false,
): Promise<{ row: CredentialRow; token: string }> {
  if (cluster.state === 'deleted') throw new Problem('conflict', `cluster "${cluster.name}" is deleted`);
  const made = { ...named, id: deps.random.uuid() };
  const token = await deps.clusters.issue(cluster.id, forObject(made));
  if (token === undefined) throw new Problem('not-found', `cluster "${cluster.name}" has no object`);
  const row = await remember(deps, access, who, cluster.id, made, token, { isUnique });
  return { row, token };
}

/**
 * Writes an issued credential into the index, and revokes it if its creator was deleted meanwhile. `beside` runs in the same transaction
 * and round trip. `isUnique`: throws UsernameTaken if the cluster has a credential with this username.
 */
export async function remember(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  clusterId: string,
  made: Named & { id: string },
  token: string,
  { isUnique = false, beside = [] }: { isUnique?: boolean; beside?: BatchItem<'sqlite'>[] } = {},
): Promise<CredentialRow> {
  const row: CredentialRow = {
    clusterId,
    ...made,
    hint: hintOf(token),
    createdBy: creatorOf(who),
    createdAt: deps.now(),
    revokedAt: null,
  };
  if (row.expiresAt !== null) await deps.taskRunner.wakeBy(row.expiresAt);
  const [inserted] = await deps.db.batch([insertStatement(deps, access, who, row, isUnique), ...beside]);
  if (inserted.length > 0) return row;
  await deps.clusters.revoke(clusterId, { ids: [row.id] });
  if (isUnique && (await hasUsername(deps, clusterId, row.username))) throw new UsernameTaken();
  throw new Problem('unauthenticated', 'the token is not known');
}

async function hasUsername(deps: ManagementDeps, clusterId: string, username: string): Promise<boolean> {
  const same = and(eq(credentials.clusterId, clusterId), eq(credentials.username, username));
  return (await deps.db.select({ id: credentials.id }).from(credentials).where(same).limit(1)).length > 0;
}

/** Insert statement; returns the id, or nothing when the creator was deleted or, if asked for, the username is not unique. */
function insertStatement(deps: ManagementDeps, access: Access, who: Principal, row: CredentialRow, isUnique: boolean) {
  const id = { id: credentials.id };
  if (who.type === 'operator') return deps.db.insert(credentials).values(row).returning(id);
  const fields = {
    clusterId: sql`${row.clusterId}`.as('cluster_id'),
    id: sql`${row.id}`.as('id'),
    name: sql`${row.name}`.as('name'),
    username: sql`${row.username}`.as('username'),
    role: sql`${row.role}`.as('role'),
    groups: sql`${row.groups && JSON.stringify(row.groups)}`.as('groups'),
    hint: sql`${row.hint}`.as('hint'),
    createdBy: sql`${row.createdBy}`.as('created_by'),
    createdAt: sql`${row.createdAt}`.as('created_at'),
    expiresAt: sql`${row.expiresAt}`.as('expires_at'),
    revokedAt: sql`NULL`.as('revoked_at'),
  };
  const free = sql`NOT EXISTS (SELECT 1 FROM ${credentials} WHERE ${credentials.clusterId} = ${row.clusterId} AND ${credentials.username} = ${row.username})`;
  const roles = LEVELS.filter((level) => atLeast(level, access.level)).map(roleOf);
  const still =
    who.type === 'token'
      ? deps.db
          .select(fields)
          .from(tokens)
          .where(and(eq(tokens.id, who.id), isUnique ? free : undefined))
      : deps.db
          .select(fields)
          .from(members)
          .where(and(eq(members.accountId, access.accountId), eq(members.personId, who.id), inArray(members.role, roles)));
  return deps.db.insert(credentials).select(still).returning(id);
}

/** Bounds an expiry by that of the caller's token. */
function boundBy(deps: ManagementDeps, who: Principal, wanted: number | undefined): number | undefined {
  if (wanted !== undefined && wanted <= deps.now()) throw new Problem('invalid-request', 'expiresAt: is in the past');
  const end = who.type === 'token' ? who.expires : undefined;
  return end === undefined ? wanted : Math.min(wanted ?? end, end);
}

async function checkLimit(deps: ManagementDeps, cluster: ClusterRow): Promise<void> {
  const [{ n }] = await deps.db.select({ n: count() }).from(credentials).where(eq(credentials.clusterId, cluster.id));
  if (n < CREDENTIALS_PER_CLUSTER) return;
  throw new Problem(
    'limit-reached',
    `a cluster may have ${CREDENTIALS_PER_CLUSTER} credentials: revoke some, or let them expire`,
  );
}

const alive = (now: number): SQL | undefined => or(isNull(credentials.expiresAt), gt(credentials.expiresAt, now));

/** A page of a cluster's credentials, the oldest first, without those that have expired. */
export async function listCredentials(
  deps: ManagementDeps,
  cluster: ClusterRow,
  page: { limit: number; after?: string },
): Promise<{ items: CredentialRow[]; next?: string }> {
  const from = partsOf(page.after, 'number', 'string');
  const { createdAt, id } = credentials;
  const later = from && or(gt(createdAt, from[0]), and(eq(createdAt, from[0]), gt(id, from[1])));
  const rows = await deps.db
    .select()
    .from(credentials)
    .where(and(eq(credentials.clusterId, cluster.id), alive(deps.now()), later))
    .orderBy(asc(createdAt), asc(id))
    .limit(page.limit + 1);
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  return { items, ...(last && rows.length > items.length && { next: cursorOf(last.createdAt, last.id) }) };
}

async function find(deps: ManagementDeps, cluster: ClusterRow, id: string): Promise<CredentialRow> {
  const [row] = await deps.db
    .select()
    .from(credentials)
    .where(and(eq(credentials.clusterId, cluster.id), eq(credentials.id, id), alive(deps.now())));
  if (!row) throw new Problem('not-found', `credential "${id}" not found`);
  return row;
}

/** Revokes a credential: one's own always, those of others with level "write". */
export async function revokeCredential(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  cluster: ClusterRow,
  id: string,
): Promise<void> {
  const row = await find(deps, cluster, id);
  if (row.createdBy !== creatorOf(who) && !atLeast(access.level, 'write')) {
    throw new Problem('forbidden', 'credentials that others made are revoked by "write"');
  }
  await revoke(deps, and(eq(credentials.clusterId, cluster.id), eq(credentials.id, id)));
}

/**
 * Replaces a credential by one with the same name, identity, role and expiry. The old one is invalid when this returns, or after an
 * overlap. The caller gets the new token, so only its creator may rotate, or an administrator when it names no member.
 */
export async function rotateCredential(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  cluster: ClusterRow,
  id: string,
  overlapMs: number,
): Promise<{ row: CredentialRow; token: string }> {
  const old = await find(deps, cluster, id);
  if (old.revokedAt !== null) throw new Problem('conflict', `credential "${id}" is being revoked`);
  const self = who.type === 'person' ? who.id : '';
  const own = old.createdBy === creatorOf(who);
  if ((!own && !atLeast(access.level, 'admin')) || (await isMemberName(deps, access.accountId, old.username, self))) {
    throw new Problem('forbidden', 'a credential is rotated by who made it; revoke it instead');
  }
  const most = mostOf(access.level);
  if (!within(old.role, most)) throw new Problem('forbidden', `"${access.level}" gets the role "${most}" at most`);
  const { name, username, role, groups } = old;
  const expiresAt = boundBy(deps, who, old.expiresAt ?? undefined) ?? null;
  const made = await issue(deps, access, who, cluster, { name, username, role, groups, expiresAt });
  const one = and(eq(credentials.clusterId, cluster.id), eq(credentials.id, id));
  if (overlapMs > 0) await expire(deps, old, deps.now() + overlapMs);
  else await revoke(deps, one);
  return made;
}

/** Expires in the object first: it decides who gets in; the row only schedules the cleanup. */
async function expire(deps: ManagementDeps, { clusterId, id, expiresAt }: CredentialRow, at: number): Promise<void> {
  const end = Math.min(expiresAt ?? at, at);
  await deps.clusters.expire(clusterId, [id], end);
  await deps.taskRunner.wakeBy(end);
  await deps.db
    .update(credentials)
    .set({ expiresAt: end })
    .where(and(eq(credentials.clusterId, clusterId), eq(credentials.id, id)));
}

/** Replaces all credentials of a cluster by a new one for the caller, including those missing in the index (after a leak). */
export async function rotateAll(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  cluster: ClusterRow,
  name: string,
): Promise<{ row: CredentialRow; token: string }> {
  const username = await usernameOf(deps, access.accountId, who);
  const expiresAt = boundBy(deps, who, undefined) ?? null;
  const made = await issue(deps, access, who, cluster, { name, username, role: mostOf(access.level), groups: null, expiresAt });
  const others = and(eq(credentials.clusterId, cluster.id), ne(credentials.id, made.row.id));
  await beginRevocation(deps, others);
  await deps.clusters.revoke(cluster.id, { allBut: [made.row.id] });
  await deps.db.delete(credentials).where(others);
  return made;
}

/** Condition on credentials that a creator ("person:ID", "token:ID") made in the clusters of an account. */
export const revokedBy = (deps: ManagementDeps, accountId: string, createdBy: string): SQL | undefined => {
  const inAccount = deps.db.select({ id: clusters.id }).from(clusters).where(eq(clusters.accountId, accountId));
  return and(eq(credentials.createdBy, createdBy), inArray(credentials.clusterId, inAccount));
};

/** Revokes the credentials of a creator; they are invalid when this returns. */
export async function revokeCreatedBy(deps: ManagementDeps, accountId: string, createdBy: string): Promise<void> {
  await revoke(deps, revokedBy(deps, accountId, createdBy));
}

/** Marks rows as revoked first, so that a task can finish after a crash; then revokes in the objects, then deletes the rows. */
async function revoke(deps: ManagementDeps, which: SQL | undefined): Promise<void> {
  await revokeInClusters(deps, await beginRevocation(deps, which));
}

type Key = Pick<CredentialRow, 'clusterId' | 'id'>;

/** Statement that marks credentials as revoked. Wake the task runner before it. */
export const revocationStatement = (deps: ManagementDeps, which: SQL | undefined) =>
  deps.db
    .update(credentials)
    .set({ revokedAt: deps.now() })
    .where(which)
    .returning({ clusterId: credentials.clusterId, id: credentials.id });

async function beginRevocation(deps: ManagementDeps, which: SQL | undefined): Promise<Key[]> {
  await deps.taskRunner.wakeBy(deps.now() + REVOKE_STANDBY_MS);
  return revocationStatement(deps, which);
}

/** Revokes in the objects, in batches; a task does those beyond REVOKE_CLUSTERS and those that failed. */
export async function revokeInClusters(deps: ManagementDeps, rows: Key[]): Promise<void> {
  const failures: unknown[] = [];
  const byCluster = [...Map.groupBy(rows, ({ clusterId }) => clusterId)];
  for (let i = 0; i < Math.min(byCluster.length, REVOKE_CLUSTERS); i += REVOKE_AT_ONCE) {
    const batch = byCluster.slice(i, i + REVOKE_AT_ONCE).map(async ([clusterId, found]) => {
      const ids = found.map(({ id }) => id);
      await deps.clusters.revoke(clusterId, { ids });
      const revoked = sql`${credentials.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
      await deps.db.delete(credentials).where(and(eq(credentials.clusterId, clusterId), revoked));
    });
    for (const end of await Promise.allSettled(batch)) if (end.status === 'rejected') failures.push(end.reason);
  }
  if (failures.length) throw new Error(`${failures.length} clusters could not be told of a revocation`, { cause: failures[0] });
}

/** Finishes interrupted revocations. */
export async function finishRevocations(deps: ManagementDeps, now: number): Promise<void> {
  const rows = await deps.db
    .select({ clusterId: credentials.clusterId, id: credentials.id })
    .from(credentials)
    .where(lte(credentials.revokedAt, now - REVOKE_STANDBY_MS))
    .limit(REVOKE_CLUSTERS);
  await revokeInClusters(deps, rows);
}
