import { and, isNotNull, isNull, lte, min, sql } from 'drizzle-orm';
import type { Task } from '../task.ts';
import { REVOKE_STANDBY_MS, EXPIRED_TOKENS_PER_TASK_STEP } from '../limits.ts';
import { tokens } from '../tokens/tables.ts';
import { finishRevocations, revokeCreatedBy } from './credentials.ts';
import { credentials } from './tables.ts';

/** Task: finishes revocations that a crash interrupted. */
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

/** Task: deletes expired credentials from the index; the clusters refuse them already. */
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

/** Expiring tokens with live credentials that they created. */
const expiring = isNotNull(tokens.expiresAt);
const madeSomething = sql`EXISTS (SELECT 1 FROM credentials WHERE created_by = 'token:' || ${tokens.id} AND revoked_at IS NULL)`;

/** Task: revokes credentials of expired tokens. Most are bounded at creation, but a token's expiry may be moved forward later. */
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
      .limit(EXPIRED_TOKENS_PER_TASK_STEP);
    for (const { id, accountId } of over) await revokeCreatedBy(deps, accountId, `token:${id}`);
  },
};

export const credentialTasks: readonly Task[] = [revocations, expired, outlived];
