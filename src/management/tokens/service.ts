import { and, count, eq } from 'drizzle-orm';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { TOKENS_PER_ACCOUNT } from '../limits.ts';
import { tokens } from './tables.ts';

/** Every API token begins so, for people and for scanners of leaked secrets. */
export const PREFIX = 'atoll_';
const SECRET_BYTES = 32;
const HINT_LENGTH = PREFIX.length + 4;

export type TokenRow = typeof tokens.$inferSelect;

/** A token row and the secret that only its owner keeps. */
export function mint(deps: ManagementDeps, accountId: string, name: string): { row: TokenRow; token: string } {
  const token = PREFIX + deps.crypto.token(SECRET_BYTES);
  const row = {
    id: deps.random.uuid(),
    accountId,
    name,
    hash: deps.crypto.sha256(token),
    hint: token.slice(0, HINT_LENGTH),
    createdAt: deps.now(),
  };
  return { row, token };
}

export async function createToken(
  deps: ManagementDeps,
  accountId: string,
  name: string,
): Promise<{ row: TokenRow; token: string }> {
  const [{ n }] = await deps.db.select({ n: count() }).from(tokens).where(eq(tokens.accountId, accountId));
  if (n >= TOKENS_PER_ACCOUNT) throw new Problem('limit-reached', `an account may have ${TOKENS_PER_ACCOUNT} tokens`);
  const made = mint(deps, accountId, name);
  await deps.db.insert(tokens).values(made.row);
  return made;
}

export function listTokens(deps: ManagementDeps, accountId: string): Promise<TokenRow[]> {
  return deps.db.select().from(tokens).where(eq(tokens.accountId, accountId)).orderBy(tokens.createdAt);
}

export async function deleteToken(deps: ManagementDeps, accountId: string, id: string): Promise<void> {
  const gone = await deps.db
    .delete(tokens)
    .where(and(eq(tokens.accountId, accountId), eq(tokens.id, id)))
    .returning({ id: tokens.id });
  if (gone.length === 0) throw new Problem('not-found', `token "${id}" not found`);
}

/** Whose token it is. */
export async function accountOfToken(deps: ManagementDeps, token: string): Promise<string | undefined> {
  if (!token.startsWith(PREFIX)) return undefined;
  const rows = await deps.db
    .select({ accountId: tokens.accountId })
    .from(tokens)
    .where(eq(tokens.hash, deps.crypto.sha256(token)));
  return rows[0]?.accountId;
}
