import { and, asc, eq, exists, gt, inArray, or, type SQL, sql } from 'drizzle-orm';
import { type Access, levelOf, type Principal, atLeast, type Role } from '../http/access.ts';
import { cursorOf, partsOf } from '../http/cursors.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { people } from '../people/tables.ts';
import { revokeEverythingOf } from './offboarding.ts';
import { members } from './tables.ts';

/** A member in lists. */
export interface Member {
  personId: string;
  name: string;
  email: string | null;
  role: Role;
  createdAt: number;
}

const COLUMNS = {
  personId: members.personId,
  name: people.name,
  email: people.email,
  role: members.role,
  createdAt: members.createdAt,
};

const select = (deps: ManagementDeps) => deps.db.select(COLUMNS).from(members).innerJoin(people, eq(people.id, members.personId));

const isMember = (accountId: string, personId: string) => and(eq(members.accountId, accountId), eq(members.personId, personId));

/** A page of members, the oldest first. */
export async function listMembers(
  deps: ManagementDeps,
  accountId: string,
  page: { limit: number; after?: string },
): Promise<{ items: Member[]; next?: string }> {
  const from = partsOf(page.after, 'number', 'string');
  const { createdAt, personId } = members;
  const later = from && or(gt(createdAt, from[0]), and(eq(createdAt, from[0]), gt(personId, from[1])));
  const rows = await select(deps)
    .where(and(eq(members.accountId, accountId), later))
    .orderBy(asc(createdAt), asc(personId))
    .limit(page.limit + 1);
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  return { items, ...(last && rows.length > items.length && { next: cursorOf(last.createdAt, last.personId) }) };
}

async function memberOf(deps: ManagementDeps, accountId: string, personId: string): Promise<Member> {
  const [row] = await select(deps).where(isMember(accountId, personId));
  if (!row) throw new Problem('not-found', `member "${personId}" not found`);
  return row;
}

/** Refuses changes to a member of a higher level. */
async function memberWithin(deps: ManagementDeps, access: Access, personId: string): Promise<Member> {
  const member = await memberOf(deps, access.accountId, personId);
  if (atLeast(access.level, levelOf(member.role))) return member;
  throw new Problem('forbidden', `"${access.level}" cannot change what an ${member.role} is`);
}

/** Condition: the account has such a member; evaluated within the statement that changes it, so nothing comes in between. */
const has = (deps: ManagementDeps, accountId: string, such: SQL): SQL =>
  exists(deps.db.select({ found: sql`1` }).from(sql`${members} AS one`).where(sql`one.account_id = ${accountId} AND ${such}`));

const another = (deps: ManagementDeps, accountId: string, personId: string): SQL =>
  has(deps, accountId, sql`one.role = 'owner' AND one.person_id <> ${personId}`);

const lastOwner = () => new Problem('conflict', 'an account has an owner: hand it over first, or delete it');

/** Changes a member's role. A lower one revokes everything created under the former. */
export async function changeRole(deps: ManagementDeps, access: Access, personId: string, role: Role): Promise<Member> {
  const { accountId, level } = access;
  const member = await memberWithin(deps, access, personId);
  if (!atLeast(level, levelOf(role))) throw new Problem('forbidden', `"${level}" cannot make somebody an ${role}`);
  if (member.role === role) return member;
  const change = deps.db
    .update(members)
    .set({ role })
    .where(
      and(
        isMember(accountId, personId),
        eq(members.role, member.role),
        member.role === 'owner' ? another(deps, accountId, personId) : undefined,
      ),
    )
    .returning({ role: members.role });
  const isLess = atLeast(levelOf(member.role), levelOf(role));
  const [changed] = isLess
    ? await revokeEverythingOf(deps, personId, change, { accountId, role })
    : await deps.db.batch([change]);
  if ((changed as unknown[]).length === 0) throw member.role === 'owner' ? lastOwner() : changedMeanwhile();
  return { ...member, role };
}

const changedMeanwhile = () => new Problem('conflict', 'the member was changed at the same moment: look again');

/** Removes a member, and revokes everything that they created in the account. */
export async function removeMember(deps: ManagementDeps, access: Access, personId: string): Promise<void> {
  const { role } = await memberWithin(deps, access, personId);
  const { accountId } = access;
  const removal = deps.db
    .delete(members)
    .where(
      and(
        isMember(accountId, personId),
        eq(members.role, role),
        role === 'owner' ? another(deps, accountId, personId) : undefined,
      ),
    )
    .returning({ role: members.role });
  const [removed] = await revokeEverythingOf(deps, personId, removal, { accountId });
  if ((removed as unknown[]).length === 0) throw role === 'owner' ? lastOwner() : changedMeanwhile();
}

/** Removes the calling member. */
export async function leaveAccount(deps: ManagementDeps, access: Access, who: Principal): Promise<void> {
  if (who.type !== 'person') throw new Problem('conflict', 'a token is no member: people leave, tokens are revoked');
  await removeMember(deps, access, who.id);
}

/** Transfers ownership to a member; a calling owner becomes an administrator. Both or neither. */
export async function transfer(deps: ManagementDeps, access: Access, who: Principal, personId: string): Promise<Member> {
  const { accountId } = access;
  const member = await memberOf(deps, accountId, personId);
  const from = who.type === 'person' ? who.id : undefined;
  if (from === personId) throw new Problem('conflict', 'you own the account already');
  const change = deps.db
    .update(members)
    .set({ role: sql`CASE ${members.personId} WHEN ${personId} THEN 'owner' ELSE 'admin' END` })
    .where(
      and(
        eq(members.accountId, accountId),
        inArray(members.personId, from === undefined ? [personId] : [personId, from]),
        has(deps, accountId, sql`one.person_id = ${personId}`),
        from === undefined ? undefined : has(deps, accountId, sql`one.person_id = ${from} AND one.role = 'owner'`),
      ),
    )
    .returning({ personId: members.personId });
  const [changed] =
    from === undefined
      ? await deps.db.batch([change])
      : await revokeEverythingOf(deps, from, change, { accountId, role: 'admin' });
  if ((changed as unknown[]).length === 0) throw changedMeanwhile();
  return { ...member, role: 'owner' };
}
