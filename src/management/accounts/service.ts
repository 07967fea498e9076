import { and, asc, eq, isNull } from 'drizzle-orm';
import { levelOf, type Principal } from '../access.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { mint } from '../tokens/service.ts';
import { tokens } from '../tokens/tables.ts';
import { accounts, members } from './tables.ts';

export type AccountRow = typeof accounts.$inferSelect;

/** Makes an account. A person becomes its owner; the operator gets a first token, which may do everything. */
export async function createAccount(
  deps: ManagementDeps,
  who: Principal,
  name: string,
): Promise<{ row: AccountRow; token?: string }> {
  const now = deps.now();
  const [row] = await deps.db.insert(accounts).values({ id: deps.random.uuid(), name, createdAt: now }).returning();
  if (who.type === 'person') {
    await deps.db.insert(members).values({ accountId: row.id, personId: who.id, role: 'owner', createdAt: now });
    return { row };
  }
  const first = mint(deps, { accountId: row.id, name: 'first', scope: 'owner', createdBy: 'operator' });
  await deps.db.insert(tokens).values(first.row);
  return { row, token: first.secret };
}

export async function getAccount(deps: ManagementDeps, id: string): Promise<AccountRow> {
  const [row] = await deps.db.select().from(accounts).where(eq(accounts.id, id));
  if (!row) throw new Problem('not-found', `account "${id}" not found`);
  return row;
}

/** The accounts in which somebody may do something, with how much. The operator may do nothing inside of them. */
export async function accountsOf(deps: ManagementDeps, who: Principal) {
  if (who.type === 'operator') return [];
  if (who.type === 'token') return [{ account: await getAccount(deps, who.accountId), level: who.level }];
  const rows = await deps.db
    .select({ account: accounts, role: members.role })
    .from(members)
    .innerJoin(accounts, and(eq(accounts.id, members.accountId), isNull(accounts.deletedAt)))
    .where(eq(members.personId, who.id))
    .orderBy(asc(accounts.name), asc(accounts.id));
  return rows.map(({ account, role }) => ({ account, level: levelOf(role) }));
}
