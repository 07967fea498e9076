import { and, asc, type Column, eq, exists, inArray, isNull, not, notExists, sql } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import type { Role } from '../http/access.ts';
import { revocationStatement, revokeInClusters } from '../clusters/credentials.ts';
import { clusters, credentials } from '../clusters/tables.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { REVOKE_STANDBY_MS } from '../limits.ts';
import { people } from '../people/tables.ts';
import { tokens } from '../tokens/tables.ts';
import { accounts, invitations, members } from './tables.ts';

/** Scope of a revocation: the account (absent: all of the person's), and the role that the person keeps there, if any. */
interface Revocation {
  accountId?: string;
  role?: Role;
}

/**
 * Runs the change, and in the same transaction deletes the person's tokens and invitations in the account and marks their credentials, and
 * those of their tokens, as revoked. Each only if the change took effect: they are no member any more, or have `role` now. Then revokes in
 * the clusters; after a crash a task does it.
 */
export async function revokeEverythingOf<T extends BatchItem<'sqlite'>>(
  deps: ManagementDeps,
  personId: string,
  change: T,
  { accountId, role }: Revocation,
): Promise<[T['_']['result'], ...unknown[]]> {
  await deps.taskRunner.wakeBy(deps.now() + REVOKE_STANDBY_MS);
  const { db } = deps;
  const within = (column: Column) => (accountId === undefined ? undefined : eq(column, accountId));
  const membership = db
    .select({ one: sql`1` })
    .from(members)
    .where(and(within(members.accountId), eq(members.personId, personId), role && eq(members.role, role)));
  const tookHold = role === undefined ? not(exists(membership)) : exists(membership);
  const theirTokens = and(within(tokens.accountId), eq(tokens.personId, personId));
  const creators = sql`(SELECT ${`person:${personId}`} UNION ALL SELECT 'token:' || ${tokens.id} FROM ${tokens} WHERE ${theirTokens})`;
  const here =
    accountId && inArray(credentials.clusterId, db.select({ id: clusters.id }).from(clusters).where(within(clusters.accountId)));
  const theirs = and(sql`${credentials.createdBy} IN ${creators}`, here || undefined, tookHold);
  const [changed, marked] = await db.batch([
    change,
    revocationStatement(deps, theirs),
    db.delete(invitations).where(and(within(invitations.accountId), sql`${invitations.createdBy} IN ${creators}`, tookHold)),
    db.delete(tokens).where(and(theirTokens, tookHold)),
  ]);
  await revokeInClusters(deps, marked as Parameters<typeof revokeInClusters>[1]);
  return [changed as T['_']['result']];
}

/** Accounts that nobody else owns, without those being deleted. */
function onlyTheirs({ db }: ManagementDeps, personId: string) {
  const another = sql`EXISTS (SELECT 1 FROM ${members} AS other WHERE other.account_id = ${members.accountId}
    AND other.role = 'owner' AND other.person_id <> ${personId})`;
  return db
    .select({ name: accounts.name })
    .from(members)
    .innerJoin(accounts, eq(accounts.id, members.accountId))
    .where(and(eq(members.personId, personId), eq(members.role, 'owner'), isNull(accounts.deletedAt), not(another)))
    .orderBy(asc(accounts.name));
}

/**
 * Deletes a person: revokes everything they created in every account, and their sessions and sign-ins. Only the audit log keeps their id.
 * Accounts that nobody else owns must be transferred or deleted first.
 */
export async function forgetPerson(deps: ManagementDeps, personId: string): Promise<void> {
  const removal = deps.db
    .delete(people)
    .where(and(eq(people.id, personId), notExists(onlyTheirs(deps, personId))))
    .returning({ id: people.id });
  const [removed] = await revokeEverythingOf(deps, personId, removal, {});
  if ((removed as unknown[]).length > 0) return;
  const names = (await onlyTheirs(deps, personId)).map(({ name }) => `"${name}"`);
  const what = names.length > 0 ? `nobody else owns ${names.join(', ')}` : 'an account of yours was changed at the same moment';
  throw new Problem('conflict', `${what}: hand it over first, or delete it`);
}
