import { and, count, eq } from 'drizzle-orm';
import { hintOf, makeSecret, PREFIXES } from '../../lib/secrets.ts';
import { type Access, creatorOf, type Level, type Principal, type Reach, reaches } from '../access.ts';
import { findCluster } from '../clusters/rows.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { TOKENS_PER_ACCOUNT } from '../limits.ts';
import { tokens } from './tables.ts';

export type TokenRow = typeof tokens.$inferSelect;
type NewRow = typeof tokens.$inferInsert;

/** A token row and the secret that only its owner keeps. */
export function mint(
  deps: ManagementDeps,
  of: Pick<NewRow, 'accountId' | 'name' | 'scope' | 'createdBy'> & Partial<NewRow>,
): { row: NewRow; secret: string } {
  const secret = makeSecret(PREFIXES.token, deps.crypto);
  const hash = deps.crypto.sha256(secret);
  return { row: { id: deps.random.uuid(), ...of, hash, hint: hintOf(secret), createdAt: deps.now() }, secret };
}

/** What a token is asked to be. */
export interface TokenWish {
  name: string;
  scope: Level;
  clusters?: string[];
  labels?: Record<string, string>;
  expiresAt?: string;
}

/** Nobody makes a token that may do more than they may. */
export async function createToken(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  wish: TokenWish,
): Promise<{ row: TokenRow; secret: string }> {
  const { accountId } = access;
  if (!reaches(access.level, wish.scope))
    throw new Problem('forbidden', `"${access.level}" cannot make a token of "${wish.scope}"`);
  const expiresAt = wish.expiresAt === undefined ? undefined : Date.parse(wish.expiresAt);
  if (expiresAt !== undefined && expiresAt <= deps.now()) throw new Problem('invalid-request', 'expiresAt: is in the past');
  const [{ n }] = await deps.db.select({ n: count() }).from(tokens).where(eq(tokens.accountId, accountId));
  if (n >= TOKENS_PER_ACCOUNT) throw new Problem('limit-reached', `an account may have ${TOKENS_PER_ACCOUNT} tokens`);
  const reach: Reach = {
    ...(wish.clusters && { clusters: await idsOf(deps, accountId, wish.clusters) }),
    ...(wish.labels && { labels: wish.labels }),
  };
  const made = mint(deps, {
    accountId,
    name: wish.name,
    scope: wish.scope,
    ...reach,
    ...(expiresAt !== undefined && { expiresAt }),
    ...ownerOf(who),
    createdBy: creatorOf(who),
  });
  const [row] = await deps.db.insert(tokens).values(made.row).returning();
  return { row, secret: made.secret };
}

/** Whose token it becomes: that of a person who asks, by a session or by a token of theirs. */
function ownerOf(who: Principal): { personId?: string } {
  if (who.type === 'person') return { personId: who.id };
  return who.type === 'token' && who.personId !== undefined ? { personId: who.personId } : {};
}

async function idsOf(deps: ManagementDeps, accountId: string, names: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const row = await findCluster(deps, accountId, name);
    if (!row) throw new Problem('invalid-request', `clusters: cluster "${name}" not found`);
    ids.push(row.id);
  }
  return ids;
}

export function listTokens(deps: ManagementDeps, accountId: string): Promise<TokenRow[]> {
  return deps.db.select().from(tokens).where(eq(tokens.accountId, accountId)).orderBy(tokens.createdAt, tokens.id);
}

export async function deleteToken(deps: ManagementDeps, accountId: string, id: string): Promise<void> {
  const gone = await deps.db
    .delete(tokens)
    .where(and(eq(tokens.accountId, accountId), eq(tokens.id, id)))
    .returning({ id: tokens.id });
  if (gone.length === 0) throw new Problem('not-found', `token "${id}" not found`);
}
