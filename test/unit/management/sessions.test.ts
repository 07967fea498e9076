import { describe, expect, it } from 'vitest';
import { SESSIONS_PER_PERSON } from '../../../src/management/limits.ts';
import { issuersOf } from '../../../src/management/people/issuers.ts';
import { newSession, tidySessions } from '../../../src/management/people/sessions.ts';
import { sessions } from '../../../src/management/people/tables.ts';
import { makePeople, problem, type Somebody } from './people-world.ts';
import { OPERATOR } from './world.ts';

function makeSessions() {
  const world = makePeople();
  const { deps, db, clock } = world;
  /** One more device of somebody's. */
  const device = async (who: Somebody, name: string, ms = 86_400_000): Promise<string> => {
    clock.now += 1;
    const { row, secret } = newSession(deps, name, ms);
    await db.insert(sessions).values({ ...row, personId: who.id });
    await tidySessions(deps, who.id);
    return secret;
  };
  return { ...world, device };
}

describe('[MG6] sessions', () => {
  it('are listed to their person without their secrets, and lie hashed', async () => {
    const { call, person, device, raw } = makeSessions();
    const alice = await person('alice');
    const phone = await device(alice, 'phone');
    const listed = await call(phone, 'GET', '/v1/sessions');
    expect(listed.body.items).toMatchObject([
      { name: "alice's laptop", current: false, hint: alice.session.slice(0, 11) },
      { name: 'phone', current: true, hint: phone.slice(0, 11), expiresAt: '2026-11-22T00:00:00.001Z' },
    ]);
    const rows = JSON.stringify(raw.prepare('SELECT * FROM sessions').all());
    for (const secret of [alice.session, phone]) {
      expect(listed.text).not.toContain(secret);
      expect(rows).not.toContain(secret);
    }
  });

  it('end one by one, all together, and when their time is up: at once', async () => {
    const { call, person, device, clock } = makeSessions();
    const [alice, bob] = [await person('alice'), await person('bob')];
    const [phone, tablet] = [await device(alice, 'phone'), await device(alice, 'tablet', 1000)];
    const works = async (secret: string) => (await call(secret, 'GET', '/v1/me')).status;
    const { items } = (await call(phone, 'GET', '/v1/sessions')).body;
    expect(problem(await call(bob.session, 'DELETE', `/v1/sessions/${items[0].id}`))).toEqual([404, 'not-found']);
    expect((await call(phone, 'DELETE', `/v1/sessions/${items[0].id}`)).status).toBe(204);
    expect([await works(alice.session), await works(phone), await works(tablet)]).toEqual([401, 200, 200]);
    clock.now += 1000;
    expect([await works(phone), await works(tablet)]).toEqual([200, 401]);
    expect((await call(phone, 'GET', '/v1/sessions')).body.items).toHaveLength(1);
    expect((await call(phone, 'DELETE', '/v1/sessions/self')).status).toBe(204);
    expect(await works(phone)).toBe(401);
    const [one, two] = [await device(bob, 'one'), await device(bob, 'two')];
    expect((await call(one, 'DELETE', '/v1/sessions')).status).toBe(204);
    expect([await works(bob.session), await works(one), await works(two)]).toEqual([401, 401, 401]);
  });

  it('get another secret when asked, and the old one is worth nothing', async () => {
    const { call, person } = makeSessions();
    const alice = await person('alice');
    const before = (await call(alice.session, 'GET', '/v1/sessions')).body.items[0];
    const { body } = await call(alice.session, 'POST', '/v1/sessions/self/rotate');
    expect(body).toMatchObject({ id: before.id, expiresAt: before.expiresAt, session: expect.stringMatching(/^atolls_/) });
    expect(problem(await call(alice.session, 'GET', '/v1/me'))).toEqual([401, 'unauthenticated']);
    expect((await call(body.session, 'GET', '/v1/me')).body.id).toBe(alice.id);
  });

  it('are for people', async () => {
    const { call, account } = makeSessions();
    const { token } = await account('shop');
    for (const bearer of [token, OPERATOR]) {
      expect(problem(await call(bearer, 'GET', '/v1/sessions'))).toEqual([403, 'forbidden']);
      expect(problem(await call(bearer, 'DELETE', '/v1/sessions'))).toEqual([403, 'forbidden']);
      expect(problem(await call(bearer, 'POST', '/v1/sessions/self/rotate'))).toEqual([403, 'forbidden']);
    }
  });

  it('[MG14] of one person are bounded: the oldest goes, and nobody else’s', async () => {
    const { call, person, device } = makeSessions();
    const [alice, bob] = [await person('alice'), await person('bob')];
    let last = '';
    for (let i = 0; i < SESSIONS_PER_PERSON; i++) last = await device(alice, `d${i}`);
    expect(problem(await call(alice.session, 'GET', '/v1/me'))).toEqual([401, 'unauthenticated']);
    const { items } = (await call(last, 'GET', '/v1/sessions')).body;
    expect([items.length, items[0].name]).toEqual([SESSIONS_PER_PERSON, 'd0']);
    expect((await call(bob.session, 'GET', '/v1/me')).status).toBe(200);
  });
});

describe('[MG1] ATOLL_OIDC', () => {
  const one = { issuer: 'https://issuer.test', clientId: 'x', name: 'Work' };

  it('names issuers', () => {
    expect(
      issuersOf(
        JSON.stringify([one, { ...one, issuer: 'http://localhost:1/realm', name: 'Here', clientSecret: 's', scopes: ['email'] }]),
      ),
    ).toEqual([
      { ...one, scopes: ['email', 'profile'] },
      { issuer: 'http://localhost:1/realm', clientId: 'x', name: 'Here', clientSecret: 's', scopes: ['email'] },
    ]);
    for (const issuer of ['http://127.0.0.1:1', 'http://[::1]:1'])
      expect(issuersOf(JSON.stringify([{ ...one, issuer }]))).toHaveLength(1);
  });

  it.each([
    ['nonsense', 'ATOLL_OIDC is not JSON'],
    ['{}', 'ATOLL_OIDC: Invalid input: expected array, received object'],
    [
      JSON.stringify([{ ...one, clientId: undefined }]),
      'ATOLL_OIDC[0].clientId: Invalid input: expected string, received undefined',
    ],
    [JSON.stringify([{ ...one, issuer: 'http://issuer.test' }]), 'ATOLL_OIDC[0].issuer: an https address'],
    [JSON.stringify([{ ...one, issuer: 'https://issuer.test?x' }]), 'ATOLL_OIDC[0].issuer: an https address'],
    [JSON.stringify([{ ...one, issuer: 'https://a:b@issuer.test' }]), 'ATOLL_OIDC[0].issuer: an https address'],
    [JSON.stringify([{ ...one, issuer: 'https://127.0.0.1.issuer.test', name: '<b>' }]), 'ATOLL_OIDC[0].name: letters'],
    [JSON.stringify([{ ...one, secret: 'x' }]), 'ATOLL_OIDC[0]: Unrecognized key: "secret"'],
    [JSON.stringify([one, one]), 'ATOLL_OIDC: two have the same name'],
    [JSON.stringify([one, { ...one, name: 'Again' }]), 'ATOLL_OIDC: two are the same issuer'],
    [JSON.stringify([{ ...one, scopes: ['a b'] }]), 'ATOLL_OIDC[0].scopes[0]: is no scope'],
  ])('%s is refused in words', (text, words) => {
    expect(() => issuersOf(text)).toThrow(words);
  });
});
