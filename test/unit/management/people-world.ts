import { expect } from 'vitest';
import { hintOf, makeSecret, PREFIXES } from '../../../src/lib/secrets.ts';
import type { Role } from '../../../src/management/http/access.ts';
import { members } from '../../../src/management/accounts/tables.ts';
import type { ManagementDeps } from '../../../src/management/deps.ts';
import { people, sessions } from '../../../src/management/people/tables.ts';
import { makeManagement } from './world.ts';

export interface Somebody {
  id: string;
  session: string;
}

/** Status and code of a refusal, which is a Problem like all others. */
export function problem(answer: { status: number; type: string; body: { code: string } }): [number, string] {
  expect(answer.type).toBe('application/problem+json');
  return [answer.status, answer.body.code];
}

/** A world in which people are known already, as if they had signed in. */
export function makePeople(more: Partial<ManagementDeps> = {}) {
  const world = makeManagement(more);
  const { db, deps, call, clock } = world;
  /** Somebody with a session; without `email` their issuer verified none. */
  const person = async (name: string, email?: string): Promise<Somebody> => {
    const id = deps.random.uuid();
    const session = makeSecret(PREFIXES.session, deps.crypto);
    const createdAt = clock.now;
    await db.insert(people).values({ id, issuer: 'https://issuer.test', subject: name, name, email: email ?? null, createdAt });
    await db.insert(sessions).values({
      id: deps.random.uuid(),
      personId: id,
      name: `${name}'s laptop`,
      hash: deps.crypto.sha256(session),
      hint: hintOf(session),
      createdAt,
      expiresAt: createdAt + 30 * 86_400_000,
    });
    return { id, session };
  };
  /** An account that somebody made. */
  const accountOf = async (who: Somebody, name = 'team'): Promise<string> => {
    const made = await call(who.session, 'POST', '/v1/accounts', { name });
    expect(made.status).toBe(201);
    return made.body.id;
  };
  /** Makes somebody a member at once. */
  const join = async (accountId: string, who: Somebody, role: Role): Promise<void> => {
    await db.insert(members).values({ accountId, personId: who.id, role, createdAt: ++clock.now });
  };
  /** An account with one of each role. */
  const team = async () => {
    const [owner, admin, member, viewer] = [
      await person('owner'),
      await person('admin'),
      await person('member'),
      await person('viewer'),
    ];
    const id = await accountOf(owner);
    await join(id, admin, 'admin');
    await join(id, member, 'member');
    await join(id, viewer, 'viewer');
    return { id, owner, admin, member, viewer, at: `/v1/accounts/${id}` };
  };
  const roles = async (session: string, at: string): Promise<Record<string, string>> => {
    const { items } = (await call(session, 'GET', `${at}/members`)).body as { items: { name: string; role: string }[] };
    return Object.fromEntries(items.map(({ name, role }) => [name, role]));
  };
  return { ...world, person, accountOf, join, team, roles };
}
