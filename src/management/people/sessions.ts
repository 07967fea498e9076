import { and, asc, desc, eq, gt, lte, notInArray, or } from 'drizzle-orm';
import { hintOf, makeSecret, PREFIXES } from '../../lib/secrets.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { SESSIONS_PER_PERSON } from '../limits.ts';
import { people, sessions } from './tables.ts';

export type PersonRow = typeof people.$inferSelect;
export type SessionRow = typeof sessions.$inferSelect;

/** A session of a person, and the secret that only their device keeps. */
export function newSession(
  deps: ManagementDeps,
  name: string,
  ms: number,
): { row: Omit<SessionRow, 'personId'>; secret: string } {
  const secret = makeSecret(PREFIXES.session, deps.crypto);
  const now = deps.now();
  const row = {
    id: deps.random.uuid(),
    name,
    hash: deps.crypto.sha256(secret),
    hint: hintOf(secret),
    createdAt: now,
    expiresAt: now + ms,
    lastUsedAt: null,
  };
  return { row, secret };
}

/** Deletes expired sessions, and the oldest beyond the bound. */
export const tidySessions = (deps: ManagementDeps, personId: string) => {
  const newest = deps.db
    .select({ id: sessions.id })
    .from(sessions)
    .where(eq(sessions.personId, personId))
    .orderBy(desc(sessions.createdAt), desc(sessions.id))
    .limit(SESSIONS_PER_PERSON);
  return deps.db
    .delete(sessions)
    .where(and(eq(sessions.personId, personId), or(lte(sessions.expiresAt, deps.now()), notInArray(sessions.id, newest))));
};

/** Sessions of a person, oldest first. */
export function listSessions(deps: ManagementDeps, personId: string): Promise<SessionRow[]> {
  return deps.db
    .select()
    .from(sessions)
    .where(and(eq(sessions.personId, personId), gt(sessions.expiresAt, deps.now())))
    .orderBy(asc(sessions.createdAt), asc(sessions.id));
}

/** Ends a session; `all`: every one. */
export async function endSessions(deps: ManagementDeps, personId: string, which: { id: string } | 'all'): Promise<void> {
  const one = which === 'all' ? undefined : eq(sessions.id, which.id);
  const deleted = await deps.db
    .delete(sessions)
    .where(and(eq(sessions.personId, personId), one))
    .returning({ id: sessions.id });
  if (which !== 'all' && deleted.length === 0) throw new Problem('not-found', `session "${which.id}" not found`);
}

/** Rotates the secret of a session; the old one is invalid. */
export async function rotateSession(deps: ManagementDeps, sessionId: string): Promise<{ row: SessionRow; secret: string }> {
  const secret = makeSecret(PREFIXES.session, deps.crypto);
  const [row] = await deps.db
    .update(sessions)
    .set({ hash: deps.crypto.sha256(secret), hint: hintOf(secret) })
    .where(eq(sessions.id, sessionId))
    .returning();
  if (!row) throw new Problem('unauthenticated', 'the session is over');
  return { row, secret };
}

/** Upserts a person by issuer and subject, with the issuer's current claims. */
export async function upsertPerson(
  deps: ManagementDeps,
  issuer: string,
  { subject, email, name }: { subject: string; email?: string; name: string },
): Promise<PersonRow> {
  const [person] = await deps.db
    .insert(people)
    .values({ id: deps.random.uuid(), issuer, subject, name, email: email ?? null, createdAt: deps.now() })
    .onConflictDoUpdate({ target: [people.issuer, people.subject], set: { name, email: email ?? null } })
    .returning();
  return person;
}

/** A person by their id. */
export async function personOf(deps: ManagementDeps, id: string): Promise<PersonRow | undefined> {
  const [person] = await deps.db.select().from(people).where(eq(people.id, id));
  return person;
}
