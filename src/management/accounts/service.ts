import { and, asc, count, eq, gt, isNull, or } from 'drizzle-orm';
import { type Level, levelOf, type Principal } from '../http/access.ts';
import { cursorOf, partsOf } from '../http/cursors.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { ACCOUNTS_PER_PERSON } from '../limits.ts';
import { newSecret } from '../tokens/service.ts';
import { tokens } from '../tokens/tables.ts';
import { accounts, members } from './tables.ts';

export type AccountRow = typeof accounts.$inferSelect;
/** An account, and the caller's level in it; the operator has none inside. */
export interface Membership {
  account: AccountRow;
  level?: Level;
}

/** Refuses a person who is a member of too many accounts. */
export async function checkMemberships(deps: ManagementDeps, personId: string): Promise<void> {
  const [{ n }] = await deps.db.select({ n: count() }).from(members).where(eq(members.personId, personId));
  if (n >= ACCOUNTS_PER_PERSON) throw new Problem('limit-reached', `a person may belong to ${ACCOUNTS_PER_PERSON} accounts`);
}

/** Creates an account. A person becomes its owner; the operator gets a first token of level owner. */
export async function createAccount(
  deps: ManagementDeps,
  who: Principal,
  name: string,
): Promise<{ row: AccountRow; token?: string }> {
  const createdAt = deps.now();
  const id = deps.random.uuid();
  const account = deps.db.insert(accounts).values({ id, name, createdAt }).returning();
  if (who.type === 'person') {
    await checkMemberships(deps, who.id);
    const owner = deps.db.insert(members).values({ accountId: id, personId: who.id, role: 'owner', createdAt });
    const [[row]] = await deps.db.batch([account, owner]);
    return { row };
  }
  const first = newSecret(deps, { accountId: id, name: 'first', scope: 'owner', createdBy: 'operator' });
  const [[row]] = await deps.db.batch([account, deps.db.insert(tokens).values(first.row)]);
  return { row, token: first.secret };
}

export async function getAccount(deps: ManagementDeps, id: string): Promise<AccountRow> {
  const [row] = await deps.db.select().from(accounts).where(eq(accounts.id, id));
  if (!row) throw new Problem('not-found', `account "${id}" not found`);
  return row;
}

export async function renameAccount(deps: ManagementDeps, id: string, name: string): Promise<AccountRow> {
  const [row] = await deps.db.update(accounts).set({ name }).where(eq(accounts.id, id)).returning();
  if (!row) throw new Problem('not-found', `account "${id}" not found`);
  return row;
}

/** Accounts of a principal, with the level; the operator has none. */
export async function accountsOf(deps: ManagementDeps, who: Principal): Promise<Required<Membership>[]> {
  if (who.type === 'operator') return [];
  if (who.type === 'token') return [{ account: await getAccount(deps, who.accountId), level: who.level }];
  const rows = await deps.db
    .select({ account: accounts, role: members.role })
    .from(members)
    .innerJoin(accounts, and(eq(accounts.id, members.accountId), isNull(accounts.deletedAt)))
    .where(eq(members.personId, who.id))
    .orderBy(asc(accounts.createdAt), asc(accounts.id));
  return rows.map(({ account, role }) => ({ account, level: levelOf(role) }));
}

/** A page of accounts, oldest first: the caller's, or for the operator all of the deployment. */
export async function listAccounts(
  deps: ManagementDeps,
  who: Principal,
  page: { limit: number; after?: string },
): Promise<{ items: Membership[]; next?: string }> {
  const from = partsOf(page.after, 'number', 'string');
  const { createdAt, id } = accounts;
  let found: Membership[];
  if (who.type === 'operator') {
    const later = from && or(gt(createdAt, from[0]), and(eq(createdAt, from[0]), gt(id, from[1])));
    const order = [asc(createdAt), asc(id)];
    const rows = await deps.db
      .select()
      .from(accounts)
      .where(later)
      .orderBy(...order)
      .limit(page.limit + 1);
    found = rows.map((account) => ({ account }));
  } else {
    const isLater = ({ account: a }: Membership) => !from || a.createdAt > from[0] || (a.createdAt === from[0] && a.id > from[1]);
    found = (await accountsOf(deps, who)).filter(isLater);
  }
  const items = found.slice(0, page.limit);
  const last = items.at(-1)?.account;
  return { items, ...(last && found.length > items.length && { next: cursorOf(last.createdAt, last.id) }) };
}
