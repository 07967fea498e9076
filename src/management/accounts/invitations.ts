import { and, asc, count, eq, exists, gt, isNull, lte, or, sql } from 'drizzle-orm';
import { isSecret, makeSecret, PREFIXES } from '../../lib/secrets.ts';
import { type Access, creatorOf, type Level, levelOf, type Principal, atLeast, type Role } from '../http/access.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { INVITATION_MAX_MS, INVITATION_MS, INVITATIONS_PER_ACCOUNT, MEMBERS_PER_ACCOUNT } from '../limits.ts';
import { people } from '../people/tables.ts';
import { tokens } from '../tokens/tables.ts';
import { type AccountRow, checkMemberships } from './service.ts';
import { accounts, invitations, members } from './tables.ts';

export type InvitationRow = typeof invitations.$inferSelect;

/** Request for an invitation. */
export interface InvitationRequest {
  role: Role;
  email?: string;
  expiresAt?: string;
}

/** Creates an invitation to at most the caller's role. Returns its secret. */
export async function invite(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  request: InvitationRequest,
): Promise<{ row: InvitationRow; secret: string }> {
  const { accountId, level } = access;
  if (!atLeast(level, levelOf(request.role)))
    throw new Problem('forbidden', `"${level}" cannot invite somebody as ${request.role}`);
  const now = deps.now();
  const expiresAt = request.expiresAt === undefined ? now + INVITATION_MS : Date.parse(request.expiresAt);
  if (expiresAt <= now) throw new Problem('invalid-request', 'expiresAt: is in the past');
  if (expiresAt > now + INVITATION_MAX_MS) {
    throw new Problem('invalid-request', `expiresAt: at most ${INVITATION_MAX_MS / 86_400_000} days ahead`);
  }
  await deps.db.delete(invitations).where(and(eq(invitations.accountId, accountId), lte(invitations.expiresAt, now)));
  const [{ n }] = await deps.db.select({ n: count() }).from(invitations).where(eq(invitations.accountId, accountId));
  if (n >= INVITATIONS_PER_ACCOUNT) {
    throw new Problem('limit-reached', `an account may have ${INVITATIONS_PER_ACCOUNT} invitations that wait`);
  }
  const secret = makeSecret(PREFIXES.invitation, deps.crypto);
  const [row] = await deps.db
    .insert(invitations)
    .values({
      id: deps.random.uuid(),
      accountId,
      email: request.email?.toLowerCase() ?? null,
      role: request.role,
      hash: deps.crypto.sha256(secret),
      createdBy: creatorOf(who),
      createdAt: now,
      expiresAt,
    })
    .returning();
  return { row, secret };
}

/**
 * Condition: not expired, and its creator is still the same member, or a working token. An invitation made with a stolen token ends with
 * the token's revocation.
 */
const isValid = (deps: ManagementDeps) =>
  and(
    gt(invitations.expiresAt, deps.now()),
    sql`(${invitations.createdBy} IN (SELECT 'person:' || m.person_id FROM ${members} AS m
        WHERE m.account_id = ${invitations.accountId} AND m.created_at <= ${invitations.createdAt})
      OR ${invitations.createdBy} IN (SELECT 'token:' || t.id FROM ${tokens} AS t WHERE t.account_id = ${invitations.accountId}
        AND (t.expires_at IS NULL OR t.expires_at > ${deps.now()})))`,
  );

/** Acceptable invitations, oldest first. */
export function listInvitations(deps: ManagementDeps, accountId: string): Promise<InvitationRow[]> {
  return deps.db
    .select()
    .from(invitations)
    .where(and(eq(invitations.accountId, accountId), isValid(deps)))
    .orderBy(asc(invitations.createdAt), asc(invitations.id));
}

export async function revokeInvitation(deps: ManagementDeps, accountId: string, id: string): Promise<void> {
  const deleted = await deps.db
    .delete(invitations)
    .where(and(eq(invitations.accountId, accountId), eq(invitations.id, id)))
    .returning({ id: invitations.id });
  if (deleted.length === 0) throw new Problem('not-found', `invitation "${id}" not found`);
}

/** The same refusal for unknown, mistyped, expired, revoked and used ones, and those meant for others. */
const noInvitation = () => new Problem('not-found', 'there is no such invitation for you');

/** Accepts an invitation: once, before it expires, by its addressee. Joining and using it up are one transaction. */
export async function acceptInvitation(
  deps: ManagementDeps,
  personId: string,
  secret: string,
): Promise<{ account: AccountRow; level: Level }> {
  if (!isSecret(PREFIXES.invitation, secret)) throw noInvitation();
  const { db } = deps;
  const now = deps.now();
  const [person] = await db.select({ email: people.email }).from(people).where(eq(people.id, personId));
  const forThem = person?.email ? or(isNull(invitations.email), eq(invitations.email, person.email)) : isNull(invitations.email);
  const valid = and(eq(invitations.hash, deps.crypto.sha256(secret)), isValid(deps), forThem);
  const inUse = and(eq(accounts.id, invitations.accountId), isNull(accounts.deletedAt));
  const [found] = await db.select({ account: accounts }).from(invitations).innerJoin(accounts, inUse).where(valid);
  if (!found) throw noInvitation();
  const { account } = found;
  await checkLimits(deps, account.id, personId);
  const membership = db
    .select({
      accountId: invitations.accountId,
      personId: sql`${personId}`.as('person_id'),
      role: invitations.role,
      createdAt: sql`${now}`.as('created_at'),
    })
    .from(invitations)
    .innerJoin(accounts, inUse)
    .where(valid);
  const accepted = exists(
    db
      .select({ one: sql`1` })
      .from(members)
      .where(and(eq(members.accountId, account.id), eq(members.personId, personId))),
  );
  const [joined] = await db.batch([
    db.insert(members).select(membership).onConflictDoNothing().returning({ role: members.role }),
    db.delete(invitations).where(and(valid, accepted)),
  ]);
  const [member] = joined;
  if (!member) throw noInvitation();
  return { account, level: levelOf(member.role) };
}

async function checkLimits(deps: ManagementDeps, accountId: string, personId: string): Promise<void> {
  const ofAccount = eq(members.accountId, accountId);
  const [already] = await deps.db
    .select({ role: members.role })
    .from(members)
    .where(and(ofAccount, eq(members.personId, personId)));
  if (already) throw new Problem('conflict', `you are a member of the account already, as ${already.role}`);
  const [{ n }] = await deps.db.select({ n: count() }).from(members).where(ofAccount);
  if (n >= MEMBERS_PER_ACCOUNT) throw new Problem('limit-reached', `an account may have ${MEMBERS_PER_ACCOUNT} members`);
  await checkMemberships(deps, personId);
}
