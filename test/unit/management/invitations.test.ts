import { describe, expect, it } from 'vitest';
import { makeSecret, PREFIXES } from '../../../src/lib/secrets.ts';
import { INVITATIONS_PER_ACCOUNT } from '../../../src/management/limits.ts';
import { makePeople, problem } from './people-world.ts';

const DAY = 86_400_000;

describe('[MG11] invitations', () => {
  it('make a member of whoever brings one, once', async () => {
    const { call, team, person, roles } = makePeople();
    const { at, id, admin, viewer } = await team();
    const made = await call(admin.session, 'POST', `${at}/invitations`, { role: 'member' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      role: 'member',
      invitation: expect.stringMatching(/^atolli_[0-9A-Za-z]{49}$/),
      createdBy: `person:${admin.id}`,
      expiresAt: '2026-11-28T00:00:00.003Z',
    });
    const list = await call(admin.session, 'GET', `${at}/invitations`);
    expect(list.body.items).toHaveLength(1);
    expect(list.text).not.toContain(made.body.invitation);
    expect(problem(await call(viewer.session, 'GET', `${at}/invitations`))).toEqual([403, 'forbidden']);
    const [bob, eve] = [await person('bob'), await person('eve')];
    const accept = (who: { session: string }) =>
      call(who.session, 'POST', '/v1/invitations/accept', { invitation: made.body.invitation });
    expect(problem(await accept(viewer))).toEqual([409, 'conflict']);
    expect((await accept(bob)).body).toMatchObject({ id, name: 'team', level: 'write' });
    expect(problem(await accept(eve))).toEqual([404, 'not-found']);
    expect((await call(admin.session, 'GET', `${at}/invitations`)).body.items).toEqual([]);
    expect((await roles(bob.session, at)).bob).toBe('member');
  });

  it('of two who bring it at the same moment, one gets it', async () => {
    const { call, team, person } = makePeople();
    const { at, admin } = await team();
    const { invitation } = (await call(admin.session, 'POST', `${at}/invitations`, {})).body;
    const guests = [await person('bob'), await person('eve'), await person('mallory')];
    const answers = await Promise.all(
      guests.map(({ session }) => call(session, 'POST', '/v1/invitations/accept', { invitation })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404]);
  });

  it('lead to at most the role of whoever invites', async () => {
    const { call, team, account } = makePeople();
    const { at, owner, admin, member } = await team();
    const invite = (session: string, role: unknown) => call(session, 'POST', `${at}/invitations`, { role });
    expect(problem(await invite(member.session, 'viewer'))).toEqual([403, 'forbidden']);
    expect(problem(await invite(admin.session, 'owner'))).toEqual([403, 'forbidden']);
    expect((await invite(admin.session, 'admin')).status).toBe(201);
    expect((await invite(owner.session, 'owner')).status).toBe(201);
    expect(problem(await invite(owner.session, 'king'))).toEqual([400, 'invalid-request']);
    const shop = await account('shop');
    expect((await call(shop.token, 'POST', '/v1/accounts/self/invitations', { role: 'owner' })).status).toBe(201);
  });

  it('for an address are for the person whose issuer verified it', async () => {
    const { call, team, person } = makePeople();
    const { at, admin } = await team();
    const make = async () =>
      (await call(admin.session, 'POST', `${at}/invitations`, { email: 'Bob@Example.test' })).body as Record<string, string>;
    const { invitation, email } = await make();
    expect(email).toBe('bob@example.test');
    const [unverified, other, bob] = [
      await person('bob'),
      await person('eve', 'eve@example.test'),
      await person('b', 'bob@example.test'),
    ];
    const accept = (session: string) => call(session, 'POST', '/v1/invitations/accept', { invitation });
    expect(problem(await accept(unverified.session))).toEqual([404, 'not-found']);
    expect(problem(await accept(other.session))).toEqual([404, 'not-found']);
    expect((await accept(bob.session)).status).toBe(200);
    for (const bad of ['bob', 'bob@', '@x', `${'b'.repeat(250)}@example.test`, 7]) {
      expect(problem(await call(admin.session, 'POST', `${at}/invitations`, { email: bad }))).toEqual([400, 'invalid-request']);
    }
  });

  it('end when they say, when they are revoked, and with whoever made them', async () => {
    const { call, team, person, clock } = makePeople();
    const { at, owner, admin } = await team();
    const make = async (body: object = {}) => (await call(admin.session, 'POST', `${at}/invitations`, body)).body;
    const guest = await person('guest');
    const accept = (invitation: string) => call(guest.session, 'POST', '/v1/invitations/accept', { invitation });
    const soon = await make({ expiresAt: new Date(clock.now + 1000).toISOString() });
    clock.now += 1000;
    expect(problem(await accept(soon.invitation))).toEqual([404, 'not-found']);
    expect((await call(admin.session, 'GET', `${at}/invitations`)).body.items).toEqual([]);
    for (const expiresAt of [new Date(clock.now).toISOString(), new Date(clock.now + 91 * DAY).toISOString(), 'tomorrow']) {
      expect(problem(await call(admin.session, 'POST', `${at}/invitations`, { expiresAt }))).toEqual([400, 'invalid-request']);
    }
    const revoked = await make();
    expect((await call(owner.session, 'DELETE', `${at}/invitations/${revoked.id}`)).status).toBe(204);
    expect(problem(await call(owner.session, 'DELETE', `${at}/invitations/${revoked.id}`))).toEqual([404, 'not-found']);
    expect(problem(await accept(revoked.invitation))).toEqual([404, 'not-found']);
    const orphan = await make({ role: 'admin' });
    await call(owner.session, 'DELETE', `${at}/members/${admin.id}`);
    expect(problem(await accept(orphan.invitation))).toEqual([404, 'not-found']);
  });

  it('are worth nothing once the token that made them is', async () => {
    const { call, team, person, clock } = makePeople();
    const { at, owner } = await team();
    const guest = await person('guest');
    const expiresAt = new Date(clock.now + 1000).toISOString();
    const stolen = (await call(owner.session, 'POST', `${at}/tokens`, { name: 'stolen', scope: 'admin' })).body;
    const short = (await call(owner.session, 'POST', `${at}/tokens`, { name: 'short', scope: 'admin', expiresAt })).body;
    const made = [];
    for (const { token } of [stolen, short]) made.push((await call(token, 'POST', `${at}/invitations`, { role: 'admin' })).body);
    expect((await call(owner.session, 'GET', `${at}/invitations`)).body.items).toHaveLength(2);
    await call(owner.session, 'DELETE', `${at}/tokens/${stolen.id}`);
    clock.now += 1000;
    expect((await call(owner.session, 'GET', `${at}/invitations`)).body.items).toEqual([]);
    for (const { invitation } of made) {
      expect(problem(await call(guest.session, 'POST', '/v1/invitations/accept', { invitation }))).toEqual([404, 'not-found']);
    }
  });

  it('of another account are not there', async () => {
    const { call, team, person, accountOf } = makePeople();
    const { at, admin } = await team();
    const { id } = (await call(admin.session, 'POST', `${at}/invitations`, {})).body;
    const eve = await person('eve');
    const other = await accountOf(eve, 'other');
    expect(problem(await call(eve.session, 'DELETE', `/v1/accounts/${other}/invitations/${id}`))).toEqual([404, 'not-found']);
    expect((await call(eve.session, 'GET', `/v1/accounts/${other}/invitations`)).body.items).toEqual([]);
  });

  it('that are wrong, whyever, are answered with the same words', async () => {
    const { call, team, person, accountOf, clock, pass } = makePeople();
    const { at, admin } = await team();
    const make = async (path: string, session: string, body: object = {}) =>
      (await call(session, 'POST', `${path}/invitations`, body)).body as { id: string; invitation: string };
    const [host, guest, taker] = [await person('host'), await person('guest'), await person('taker')];
    const gone = `/v1/accounts/${await accountOf(host, 'gone')}`;
    const secrets: string[] = [];
    secrets.push((await make(gone, host.session)).invitation);
    await call(host.session, 'DELETE', gone);
    await pass(1000);
    const used = await make(at, admin.session);
    await call(taker.session, 'POST', '/v1/invitations/accept', { invitation: used.invitation });
    const revoked = await make(at, admin.session);
    await call(admin.session, 'DELETE', `${at}/invitations/${revoked.id}`);
    const old = await make(at, admin.session, { expiresAt: new Date(clock.now + 10).toISOString() });
    clock.now += 10;
    const elses = await make(at, admin.session, { email: 'somebody@else.test' });
    secrets.push(used.invitation, revoked.invitation, old.invitation, elses.invitation, 'nonsense', '', 'x'.repeat(200));
    secrets.push(makeSecret(PREFIXES.invitation, { token: (n) => 'Q'.repeat(n * 2) }), `${elses.invitation.slice(0, -1)}!`);
    const answers = new Set<string>();
    for (const invitation of secrets) {
      const { status, text } = await call(guest.session, 'POST', '/v1/invitations/accept', { invitation });
      answers.add(`${status} ${text}`);
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toMatch(/^404 /);
    for (const body of [{}, { invitation: 7 }, { invitation: 'x'.repeat(201) }, [], '{']) {
      expect(problem(await call(guest.session, 'POST', '/v1/invitations/accept', body))).toEqual([400, 'invalid-request']);
    }
  });

  it('are for people: no token joins an account', async () => {
    const { call, account } = makePeople();
    const shop = await account('shop');
    const answer = await call(shop.token, 'POST', '/v1/invitations/accept', { invitation: 'x' });
    expect(problem(answer)).toEqual([403, 'forbidden']);
  });

  it('[MG14] wait in a bounded number', async () => {
    const { call, team, raw } = makePeople();
    const { at, id, admin } = await team();
    const insert = raw.prepare(
      "INSERT INTO invitations (id, account_id, role, hash, created_by, created_at, expires_at) VALUES (?, ?, 'viewer', ?, 'operator', 0, 9e15)",
    );
    for (let i = 0; i < INVITATIONS_PER_ACCOUNT; i++) insert.run(`i${i}`, id, `h${i}`);
    expect(problem(await call(admin.session, 'POST', `${at}/invitations`, {}))).toEqual([429, 'limit-reached']);
  });
});
