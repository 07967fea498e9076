import { and, isNotNull, isNull, lte, min, sql } from 'drizzle-orm';
import type { Task } from '../task.ts';
import { REVOKE_STANDBY_MS } from '../limits.ts';
import { tokens } from '../tokens/tables.ts';
import { finishRevocations, revokeCreatedBy } from './credentials.ts';
import { credentials } from './tables.ts';

/** Tokens whose end is taken care of in one go. */
const BATCH = 100;

/** Revocations whose request died before every cluster was told. */
const revocations: Task = {
  name: 'revocations',
  next: async ({ db }) => {
    const [{ at }] = await db
      .select({ at: min(credentials.revokedAt) })
      .from(credentials)
      .where(isNotNull(credentials.revokedAt));
    return at === null ? undefined : at + REVOKE_STANDBY_MS;
  },
  run: finishRevocations,
};

/** The clusters let nobody in by what has expired; the index forgets it. */
const expired: Task = {
  name: 'expired credentials',
  next: async ({ db }) => {
    const [{ at }] = await db
      .select({ at: min(credentials.expiresAt) })
      .from(credentials)
      .where(and(isNotNull(credentials.expiresAt), isNull(credentials.revokedAt)));
    return at ?? undefined;
  },
  run: async ({ db }, now) => {
    await db.delete(credentials).where(and(lte(credentials.expiresAt, now), isNull(credentials.revokedAt)));
  },
};

/** Tokens that will expire, and have made credentials which are still there. */
const expiring = isNotNull(tokens.expiresAt);
const madeSomething = sql`EXISTS (SELECT 1 FROM credentials WHERE created_by = 'token:' || ${tokens.id} AND revoked_at IS NULL)`;

/** What an expired token made goes with it: of most the expiry is bounded when they are made, but a token's may be brought forward later. */
const outlived: Task = {
  name: 'credentials of expired tokens',
  next: async ({ db }) => {
    const [{ at }] = await db
      .select({ at: min(tokens.expiresAt) })
      .from(tokens)
      .where(and(expiring, madeSomething));
    return at ?? undefined;
  },
  run: async (deps, now) => {
    const over = await deps.db
      .select({ id: tokens.id, accountId: tokens.accountId })
      .from(tokens)
      .where(and(lte(tokens.expiresAt, now), madeSomething))
      .limit(BATCH);
    for (const { id, accountId } of over) await revokeCreatedBy(deps, accountId, `token:${id}`);
  },
};

export const credentialTasks: readonly Task[] = [revocations, expired, outlived];
