import { eq } from 'drizzle-orm';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { mint } from '../tokens/service.ts';
import { tokens } from '../tokens/tables.ts';
import { accounts } from './tables.ts';

export type AccountRow = typeof accounts.$inferSelect;

/** Makes an account with a first token. */
export async function createAccount(deps: ManagementDeps, name: string): Promise<{ row: AccountRow; token: string }> {
  const row = { id: deps.random.uuid(), name, createdAt: deps.now() };
  const first = mint(deps, row.id, 'first');
  await deps.db.insert(accounts).values(row);
  await deps.db.insert(tokens).values(first.row);
  return { row, token: first.token };
}

export async function getAccount(deps: ManagementDeps, id: string): Promise<AccountRow> {
  const [row] = await deps.db.select().from(accounts).where(eq(accounts.id, id));
  if (!row) throw new Problem('not-found', `account "${id}" not found`);
  return row;
}
