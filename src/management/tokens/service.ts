import { and, asc, count, eq, gt, or } from 'drizzle-orm';
import { hintOf, makeSecret, PREFIXES } from '../../lib/secrets.ts';
import { type Access, creatorOf, type Level, type Principal, type ClusterSelector, atLeast } from '../http/access.ts';
import { revocationStatement, revokeCreatedBy, revokedBy, revokeInClusters } from '../clusters/credentials.ts';
import { findCluster } from '../clusters/rows.ts';
import { cursorOf, partsOf } from '../http/cursors.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { REVOKE_STANDBY_MS, TOKENS_PER_ACCOUNT } from '../limits.ts';
import { tokens } from './tables.ts';

export type TokenRow = typeof tokens.$inferSelect;
type NewRow = typeof tokens.$inferInsert;

/** A token row, and the secret that only its owner keeps. */
export function newSecret(
  deps: ManagementDeps,
  of: Pick<NewRow, 'accountId' | 'name' | 'scope' | 'createdBy'> & Partial<NewRow>,
): { row: NewRow; secret: string } {
  const { secret, ...kept } = freshSecret(deps);
  return { row: { id: deps.random.uuid(), ...of, ...kept, createdAt: deps.now() }, secret };
}

function freshSecret(deps: ManagementDeps): { secret: string; hash: string; hint: string } {
  const secret = makeSecret(PREFIXES.token, deps.crypto);
  return { secret, hash: deps.crypto.sha256(secret), hint: hintOf(secret) };
}

/** Request for a token. */
export interface TokenRequest {
  name: string;
  scope: Level;
  clusters?: string[];
  labels?: Record<string, string>;
  /** ms since the epoch; absent: never. */
  expires?: number;
}

/** Person who owns tokens that the principal creates: a person's token creates tokens of that person. */
const personOf = (who: Principal): string | undefined =>
  who.type === 'person' ? who.id : who.type === 'token' ? who.personId : undefined;

/** Bounds an expiry by that of the caller's token. */
function boundBy(deps: ManagementDeps, who: Principal, wanted: number | undefined): number | undefined {
  if (wanted !== undefined && wanted <= deps.now()) throw new Problem('invalid-request', 'expiresAt: is in the past');
  const end = who.type === 'token' ? who.expires : undefined;
  return end === undefined ? wanted : Math.min(wanted ?? end, end);
}

/** Refuses a token with a level or selector beyond the caller's. */
export async function createToken(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  request: TokenRequest,
): Promise<{ row: TokenRow; secret: string }> {
  const { accountId } = access;
  const { name, scope, clusters, labels } = request;
  if (!atLeast(access.level, scope)) throw new Problem('forbidden', `"${access.level}" cannot make a token of "${scope}"`);
  const expiresAt = boundBy(deps, who, request.expires);
  const [{ n }] = await deps.db.select({ n: count() }).from(tokens).where(eq(tokens.accountId, accountId));
  if (n >= TOKENS_PER_ACCOUNT) throw new Problem('limit-reached', `an account may have ${TOKENS_PER_ACCOUNT} tokens`);
  const selector: ClusterSelector = {
    ...(clusters && { clusters: await idsOf(deps, accountId, clusters) }),
    ...(labels && { labels }),
  };
  const made = newSecret(deps, {
    accountId,
    name,
    scope,
    ...selector,
    expiresAt,
    personId: personOf(who),
    createdBy: creatorOf(who),
  });
  const [row] = await deps.db.insert(tokens).values(made.row).returning();
  return { row, secret: made.secret };
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

/** A page of an account's tokens, the oldest first. */
export async function listTokens(
  deps: ManagementDeps,
  accountId: string,
  page: { limit: number; after?: string },
): Promise<{ items: TokenRow[]; next?: string }> {
  const from = partsOf(page.after, 'number', 'string');
  const { createdAt, id } = tokens;
  const later = from && or(gt(createdAt, from[0]), and(eq(createdAt, from[0]), gt(id, from[1])));
  const rows = await deps.db
    .select()
    .from(tokens)
    .where(and(eq(tokens.accountId, accountId), later))
    .orderBy(asc(createdAt), asc(id))
    .limit(page.limit + 1);
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  return { items, ...(last && rows.length > items.length && { next: cursorOf(last.createdAt, last.id) }) };
}

const one = (accountId: string, id: string) => and(eq(tokens.accountId, accountId), eq(tokens.id, id));

/** One token of the account. */
export async function getToken(deps: ManagementDeps, accountId: string, id: string): Promise<TokenRow> {
  const [row] = await deps.db.select().from(tokens).where(one(accountId, id));
  if (!row) throw new Problem('not-found', `token "${id}" not found`);
  return row;
}

/** A token that the caller may change: none with a higher level. */
async function changeable(deps: ManagementDeps, access: Access, id: string): Promise<TokenRow> {
  const row = await getToken(deps, access.accountId, id);
  if (atLeast(access.level, row.scope)) return row;
  throw new Problem('forbidden', `"${access.level}" cannot change a token of "${row.scope}"`);
}

/** Changes a token's name or expiry. Its credentials end with it (credential-tasks.ts). */
export async function updateToken(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  id: string,
  request: { name?: string; expires?: number | null },
): Promise<TokenRow> {
  const { name, expires } = request;
  const old = await changeable(deps, access, id);
  const expiresAt = expires === undefined ? old.expiresAt : (boundBy(deps, who, expires ?? undefined) ?? null);
  if (expiresAt !== null) await deps.taskRunner.wakeBy(expiresAt);
  const [row] = await deps.db
    .update(tokens)
    .set({ expiresAt, name: name ?? old.name })
    .where(one(access.accountId, id))
    .returning();
  if (!row) throw new Problem('not-found', `token "${id}" not found`);
  return row;
}

/**
 * Rotates the secret of a token. The old one is invalid at once, or after an overlap; one from before that in any case. The caller gets the
 * secret, so only the person rotates a person's token; others can revoke it.
 */
export async function rotateToken(
  deps: ManagementDeps,
  access: Access,
  who: Principal,
  id: string,
  request: { overlapMs: number; revokeCredentials: boolean },
): Promise<{ row: TokenRow; secret: string }> {
  const old = await changeable(deps, access, id);
  if (old.personId !== null && old.personId !== personOf(who)) {
    throw new Problem('forbidden', "a person's token is rotated by that person; revoke it instead");
  }
  const { secret, ...kept } = freshSecret(deps);
  const overlaps = request.overlapMs > 0;
  const former = { formerHash: overlaps ? old.hash : null, formerUntil: overlaps ? deps.now() + request.overlapMs : null };
  const [row] = await deps.db
    .update(tokens)
    .set({ ...kept, ...former })
    // Of two concurrent rotations one sees the other's result, or fails.
    .where(and(one(access.accountId, id), eq(tokens.hash, old.hash)))
    .returning();
  if (!row) throw new Problem('conflict', `token "${id}" was rotated or revoked meanwhile`);
  if (request.revokeCredentials) await revokeCreatedBy(deps, access.accountId, `token:${id}`);
  return { row, secret };
}

/** Deletes a token; it and its cluster credentials are invalid when this returns. */
export async function deleteToken(deps: ManagementDeps, access: Access, id: string): Promise<void> {
  await changeable(deps, access, id);
  await deps.taskRunner.wakeBy(deps.now() + REVOKE_STANDBY_MS);
  const made = revokedBy(deps, access.accountId, `token:${id}`);
  // One transaction, so that a crash leaves no credential unrevoked.
  const [rows, gone] = await deps.db.batch([
    revocationStatement(deps, made),
    deps.db.delete(tokens).where(one(access.accountId, id)).returning({ id: tokens.id }),
  ]);
  await revokeInClusters(deps, rows);
  if (gone.length === 0) throw new Problem('not-found', `token "${id}" not found`);
}
