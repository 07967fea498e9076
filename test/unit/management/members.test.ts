import { describe, expect, it } from 'vitest';
import { clusters as clusterTable } from '../../../src/management/clusters/tables.ts';
import { inside, tokenOf } from './credentials-world.ts';
import { makePeople, problem } from './people-world.ts';

describe('[MG8] roles', () => {
  it('decide what one may do: each level has all before it', async () => {
    const { call, team, roles } = makePeople();
    const { at, owner, admin, member, viewer } = await team();
    expect(await roles(viewer.session, at)).toEqual({ owner: 'owner', admin: 'admin', member: 'member', viewer: 'viewer' });
    const may = async (session: string) => [
      (await call(session, 'GET', `${at}/clusters`)).status,
      (await call(session, 'POST', `${at}/clusters`, {})).status,
      (await call(session, 'GET', `${at}/invitations`)).status,
      (await call(session, 'PATCH', at, {})).status,
    ];
    expect(await may(viewer.session)).toEqual([200, 403, 403, 403]);
    expect(await may(member.session)).toEqual([200, 400, 403, 403]);
    expect(await may(admin.session)).toEqual([200, 400, 200, 403]);
    expect(await may(owner.session)).toEqual([200, 400, 200, 400]);
  });

  it('are given up to one’s own, to those who are not above', async () => {
    const { call, team, roles } = makePeople();
    const { at, owner, admin, member, viewer } = await team();
    const set = (session: string, id: string, role: unknown) => call(session, 'PATCH', `${at}/members/${id}`, { role });
    expect(problem(await set(member.session, viewer.id, 'member'))).toEqual([403, 'forbidden']);
    expect(problem(await set(admin.session, viewer.id, 'owner'))).toEqual([403, 'forbidden']);
    expect(problem(await set(admin.session, owner.id, 'viewer'))).toEqual([403, 'forbidden']);
    expect(problem(await set(admin.session, admin.id, 'owner'))).toEqual([403, 'forbidden']);
    expect(problem(await call(admin.session, 'DELETE', `${at}/members/${owner.id}`))).toEqual([403, 'forbidden']);
    expect(problem(await set(owner.session, 'nobody', 'viewer'))).toEqual([404, 'not-found']);
    for (const role of ['king', '', 7, null])
      expect(problem(await set(owner.session, viewer.id, role))).toEqual([400, 'invalid-request']);
    expect((await set(admin.session, viewer.id, 'admin')).body).toMatchObject({ name: 'viewer', role: 'admin' });
    expect((await set(owner.session, member.id, 'owner')).body.role).toBe('owner');
    expect((await set(admin.session, admin.id, 'member')).body.role).toBe('member');
    expect(await roles(owner.session, at)).toEqual({ owner: 'owner', admin: 'member', member: 'owner', viewer: 'admin' });
    expect(problem(await set(admin.session, viewer.id, 'viewer'))).toEqual([403, 'forbidden']);
  });

  it('of another account are out of reach, also by the id of a person', async () => {
    const { call, team, person, accountOf } = makePeople();
    const { at, viewer } = await team();
    const stranger = await person('stranger');
    const other = `/v1/accounts/${await accountOf(stranger, 'other')}`;
    expect(problem(await call(stranger.session, 'DELETE', `${other}/members/${viewer.id}`))).toEqual([404, 'not-found']);
    expect(problem(await call(stranger.session, 'DELETE', `${at}/members/${viewer.id}`))).toEqual([404, 'not-found']);
    expect(problem(await call(stranger.session, 'POST', `${other}/transfer`, { person: viewer.id }))).toEqual([404, 'not-found']);
  });

  it('lists come in pages', async () => {
    const { call, team } = makePeople();
    const { at, viewer } = await team();
    const first = (await call(viewer.session, 'GET', `${at}/members?limit=3`)).body;
    const second = (await call(viewer.session, 'GET', `${at}/members?limit=3&after=${first.next}`)).body;
    expect([...first.items, ...second.items].map((m: { name: string }) => m.name)).toEqual([
      'owner',
      'admin',
      'member',
      'viewer',
    ]);
    expect(second.next).toBeUndefined();
  });
});

describe('[MG9] an account keeps an owner', () => {
  it('its last one cannot leave, be removed, or be less', async () => {
    const { call, team, roles } = makePeople();
    const { at, owner, admin } = await team();
    const refused = [
      await call(owner.session, 'POST', `${at}/leave`),
      await call(owner.session, 'DELETE', `${at}/members/${owner.id}`),
      await call(owner.session, 'PATCH', `${at}/members/${owner.id}`, { role: 'admin' }),
    ];
    for (const answer of refused) expect(problem(answer)).toEqual([409, 'conflict']);
    await call(owner.session, 'PATCH', `${at}/members/${admin.id}`, { role: 'owner' });
    expect((await call(owner.session, 'POST', `${at}/leave`)).status).toBe(204);
    expect(await roles(admin.session, at)).toEqual({ admin: 'owner', member: 'member', viewer: 'viewer' });
    expect(problem(await call(admin.session, 'POST', `${at}/leave`))).toEqual([409, 'conflict']);
  });

  it('also when two owners leave at the same moment', async () => {
    const { call, team, roles } = makePeople();
    const { at, owner, admin, viewer } = await team();
    await call(owner.session, 'PATCH', `${at}/members/${admin.id}`, { role: 'owner' });
    const answers = await Promise.all([
      call(owner.session, 'POST', `${at}/leave`),
      call(admin.session, 'POST', `${at}/leave`),
      call(owner.session, 'DELETE', `${at}/members/${admin.id}`),
      call(admin.session, 'PATCH', `${at}/members/${admin.id}`, { role: 'viewer' }),
    ]);
    expect(answers.some(({ status }) => status < 300)).toBe(true);
    expect(Object.values(await roles(viewer.session, at)).filter((role) => role === 'owner')).toHaveLength(1);
  });

  it('who hands it over is an administrator from then on, in one step', async () => {
    const { call, team, roles, account, join, person } = makePeople();
    const { at, owner, admin, member } = await team();
    expect(problem(await call(admin.session, 'POST', `${at}/transfer`, { person: admin.id }))).toEqual([403, 'forbidden']);
    expect(problem(await call(owner.session, 'POST', `${at}/transfer`, { person: owner.id }))).toEqual([409, 'conflict']);
    expect(problem(await call(owner.session, 'POST', `${at}/transfer`, { person: 'nobody' }))).toEqual([404, 'not-found']);
    expect(problem(await call(owner.session, 'POST', `${at}/transfer`, {}))).toEqual([400, 'invalid-request']);
    expect((await call(owner.session, 'POST', `${at}/transfer`, { person: member.id })).body).toMatchObject({ role: 'owner' });
    expect(await roles(member.session, at)).toEqual({ owner: 'admin', admin: 'admin', member: 'owner', viewer: 'viewer' });
    expect(problem(await call(owner.session, 'PATCH', at, { name: 'mine' }))).toEqual([403, 'forbidden']);
    // An owner's token has nobody to step back.
    const shop = await account('shop');
    const heir = await person('heir');
    await join(shop.id, heir, 'viewer');
    expect((await call(shop.token, 'POST', '/v1/accounts/self/transfer', { person: heir.id })).status).toBe(200);
    expect((await call(heir.session, 'PATCH', `/v1/accounts/${shop.id}`, { name: 'shop-2' })).status).toBe(200);
    expect(problem(await call(shop.token, 'POST', '/v1/accounts/self/leave'))).toEqual([409, 'conflict']);
  });
});

describe('[MG10] who goes or loses level', () => {
  /** Everything that a member can leave behind, and what it opens. */
  async function belongings(how: (w: ReturnType<typeof makePeople>) => void = () => undefined) {
    const w = makePeople();
    const { call, team, clusters, clock, person } = w;
    const { at, id, owner, admin, viewer } = await team();
    await call(owner.session, 'POST', `${at}/clusters`, { name: 'demo', nodes: 0 });
    const cluster = (await call(owner.session, 'GET', `${at}/clusters/demo`)).body.id as string;
    const config = async (token: string) => tokenOf((await call(token, 'POST', `${at}/clusters/demo/kubeconfig`, {})).text);
    const token = async (by: string, name: string, scope: string) =>
      (await call(by, 'POST', `${at}/tokens`, { name, scope })).body.token as string;
    const own = await token(admin.session, 'own', 'admin');
    const made = await token(own, 'made', 'write');
    const others = await token(owner.session, 'others', 'admin');
    const kubeconfigs = [await config(admin.session), await config(own), await config(made)];
    const ownersKubeconfig = await config(owner.session);
    const invitation = (await call(admin.session, 'POST', `${at}/invitations`, { role: 'admin' })).body.invitation as string;
    const byToken = (await call(own, 'POST', `${at}/invitations`, { role: 'admin' })).body.invitation as string;
    const byOwner = (await call(owner.session, 'POST', `${at}/invitations`, {})).body.invitation as string;
    how(w);
    const { status } = inside(clusters, cluster, clock);
    const friend = await person('friend');
    const state = async () => ({
      tokens: [(await call(own, 'GET', at)).status, (await call(made, 'GET', at)).status],
      kubeconfigs: kubeconfigs.map(status),
      invitations: [
        (await call(friend.session, 'POST', '/v1/invitations/accept', { invitation })).status,
        (await call(friend.session, 'POST', '/v1/invitations/accept', { invitation: byToken })).status,
      ],
      session: (await call(admin.session, 'GET', at)).status,
      others: [(await call(others, 'GET', at)).status, status(ownersKubeconfig)],
    });
    const dead = { tokens: [401, 401], kubeconfigs: [401, 401, 401], invitations: [404, 404], others: [200, 200] };
    return { ...w, at, id, cluster, owner, admin, viewer, friend, byOwner, state, dead };
  }

  it('loses tokens, invitations and credentials when they leave, with those of their tokens, and nobody else does', async () => {
    const { call, at, admin, friend, byOwner, state, dead } = await belongings();
    expect((await call(admin.session, 'POST', `${at}/leave`)).status).toBe(204);
    expect(await state()).toEqual({ ...dead, session: 404 });
    expect((await call(friend.session, 'POST', '/v1/invitations/accept', { invitation: byOwner })).status).toBe(200);
  });

  it('when they are removed', async () => {
    const { call, at, owner, admin, state, dead } = await belongings();
    expect((await call(owner.session, 'DELETE', `${at}/members/${admin.id}`)).status).toBe(204);
    expect(await state()).toEqual({ ...dead, session: 404 });
  });

  it('when they are given a lower role, and does not get it back with a higher one', async () => {
    const { call, at, owner, admin, state, dead } = await belongings();
    expect((await call(owner.session, 'PATCH', `${at}/members/${admin.id}`, { role: 'member' })).status).toBe(200);
    expect((await call(owner.session, 'PATCH', `${at}/members/${admin.id}`, { role: 'admin' })).status).toBe(200);
    expect(await state()).toEqual({ ...dead, session: 200 });
  });

  it('when they hand the account over', async () => {
    const { call, at, owner, admin, viewer, state, dead } = await belongings();
    await call(owner.session, 'PATCH', `${at}/members/${admin.id}`, { role: 'owner' });
    expect((await call(admin.session, 'POST', `${at}/transfer`, { person: viewer.id })).status).toBe(200);
    expect(await state()).toEqual({ ...dead, session: 200 });
  });

  it('keeps everything when the change is refused, and when it is a higher role', async () => {
    const { call, at, owner, admin, viewer, state } = await belongings();
    await call(owner.session, 'PATCH', `${at}/members/${admin.id}`, { role: 'owner' });
    await call(admin.session, 'PATCH', `${at}/members/${owner.id}`, { role: 'admin' });
    expect(problem(await call(admin.session, 'POST', `${at}/leave`))).toEqual([409, 'conflict']);
    expect(problem(await call(viewer.session, 'DELETE', `${at}/members/${admin.id}`))).toEqual([403, 'forbidden']);
    expect(await state()).toMatchObject({ tokens: [200, 200], kubeconfigs: [200, 200, 200], session: 200 });
  });

  it('is stripped by the task when the clusters cannot be told at once, and is told that it is not over', async () => {
    const w = await belongings();
    w.clusters.fail = new Error('away');
    const answer = await w.call(w.admin.session, 'POST', `${w.at}/leave`);
    expect(problem(answer)).toEqual([500, 'internal']);
    w.clusters.fail = undefined;
    await w.pass(60_000);
    expect(await w.state()).toEqual({ ...w.dead, session: 404 });
  });

  it('a token is worth no more than its person, even when nothing could be taken away yet', async () => {
    const { call, at, admin, person, join, id, raw } = await belongings();
    const late = await person('late');
    await join(id, late, 'admin');
    const { token } = (await call(late.session, 'POST', `${at}/tokens`, { name: 'late', scope: 'admin' })).body;
    raw.exec(`UPDATE members SET role = 'viewer' WHERE person_id = '${late.id}'`);
    expect((await call(token, 'GET', `${at}/clusters`)).status).toBe(200);
    expect(problem(await call(token, 'GET', `${at}/invitations`))).toEqual([403, 'forbidden']);
    raw.exec(`DELETE FROM members WHERE person_id = '${late.id}'`);
    expect(problem(await call(token, 'GET', `${at}/clusters`))).toEqual([401, 'unauthenticated']);
    expect((await call(admin.session, 'GET', at)).status).toBe(200);
  });

  it('what was made while they left is not theirs when they come back', async () => {
    const { call, team, join, raw, person, clock } = makePeople();
    const { at, id, admin } = await team();
    const token = (await call(admin.session, 'POST', `${at}/tokens`, { name: 'ci', scope: 'write' })).body.token as string;
    const { invitation } = (await call(admin.session, 'POST', `${at}/invitations`, {})).body;
    const kept = ['tokens', 'invitations'].map((table) => [table, raw.prepare(`SELECT * FROM ${table}`).all()] as const);
    clock.now += 1000;
    await call(admin.session, 'POST', `${at}/leave`);
    // As if both had been written by requests that had passed the gate before.
    for (const [table, rows] of kept) {
      for (const row of rows) {
        const marks = Object.keys(row).map(() => '?');
        raw
          .prepare(`INSERT INTO ${table} (${Object.keys(row).join()}) VALUES (${marks.join()})`)
          .run(...(Object.values(row) as string[]));
      }
    }
    await join(id, admin, 'admin');
    expect((await call(admin.session, 'GET', at)).status).toBe(200);
    expect(problem(await call(token, 'GET', at))).toEqual([401, 'unauthenticated']);
    const guest = await person('guest');
    expect(problem(await call(guest.session, 'POST', '/v1/invitations/accept', { invitation }))).toEqual([404, 'not-found']);
  });

  it('credentials in clusters of another account stay', async () => {
    const w = await belongings();
    const other = await w.accountOf(w.admin, 'private');
    await w.call(w.admin.session, 'POST', `/v1/accounts/${other}/clusters`, { name: 'mine', nodes: 0 });
    const kept = tokenOf((await w.call(w.admin.session, 'POST', `/v1/accounts/${other}/clusters/mine/kubeconfig`, {})).text);
    const rows = await w.db.select().from(clusterTable);
    const mine = rows.find(({ name }) => name === 'mine')?.id ?? '';
    await w.call(w.admin.session, 'POST', `${w.at}/leave`);
    expect(inside(w.clusters, mine, w.clock).status(kept)).toBe(200);
    expect((await w.call(w.admin.session, 'GET', `/v1/accounts/${other}`)).status).toBe(200);
  });
});

describe('[MG16] who deletes themselves', () => {
  it('leaves every account, is signed out everywhere, and comes back as somebody new', async () => {
    const { call, team, person, join, raw, account } = makePeople();
    const { at, admin, owner } = await team();
    const shop = await account('shop');
    await join(shop.id, admin, 'member');
    const token = (await call(admin.session, 'POST', `${at}/tokens`, { name: 'ci', scope: 'read' })).body.token as string;
    const inShop = (await call(admin.session, 'POST', `/v1/accounts/${shop.id}/tokens`, { name: 'ci', scope: 'read' })).body;
    expect((await call(admin.session, 'DELETE', '/v1/me')).status).toBe(204);
    for (const secret of [admin.session, token, inShop.token]) {
      expect(problem(await call(secret, 'GET', '/v1/me'))).toEqual([401, 'unauthenticated']);
    }
    const left = (await call(owner.session, 'GET', `${at}/members`)).body.items.map((m: { id: string }) => m.id);
    expect(left).toHaveLength(3);
    expect(left).not.toContain(admin.id);
    for (const table of ['people', 'sessions', 'members', 'tokens', 'invitations']) {
      expect(JSON.stringify(raw.prepare(`SELECT * FROM ${table}`).all())).not.toContain(admin.id);
    }
    const again = await person('admin');
    expect(again.id).not.toBe(admin.id);
    expect((await call(again.session, 'GET', '/v1/me')).body.accounts).toEqual([]);
  });

  it('is told which accounts nobody else owns, and keeps everything until those are handed over or deleted', async () => {
    const { call, team, accountOf, pass } = makePeople();
    const { at, owner, admin } = await team();
    const other = await accountOf(owner, 'other');
    const token = (await call(owner.session, 'POST', `${at}/tokens`, { name: 'ci', scope: 'read' })).body.token as string;
    const refused = await call(owner.session, 'DELETE', '/v1/me');
    expect(problem(refused)).toEqual([409, 'conflict']);
    expect(refused.body.detail).toMatch(/^nobody else owns ".+", ".+": hand it over first, or delete it$/);
    expect(refused.body.detail).toContain('"other"');
    expect((await call(token, 'GET', '/v1/me')).status).toBe(200);
    await call(owner.session, 'PATCH', `${at}/members/${admin.id}`, { role: 'owner' });
    expect((await call(owner.session, 'DELETE', '/v1/me')).body.detail).toBe(
      'nobody else owns "other": hand it over first, or delete it',
    );
    // One that is being deleted needs no owner.
    expect((await call(owner.session, 'DELETE', `/v1/accounts/${other}`)).status).toBe(202);
    expect((await call(owner.session, 'DELETE', '/v1/me')).status).toBe(204);
    expect((await call(token, 'GET', '/v1/me')).status).toBe(401);
    await pass(60_000);
    expect((await call(admin.session, 'GET', at)).status).toBe(200);
  });

  it('loses what they made to open clusters, and two owners who do it at once leave one', async () => {
    const { call, team, clusters, clock } = makePeople();
    const { at, owner, admin } = await team();
    await call(owner.session, 'POST', `${at}/clusters`, { name: 'demo', nodes: 0 });
    const cluster = (await call(owner.session, 'GET', `${at}/clusters/demo`)).body.id as string;
    const { status } = inside(clusters, cluster, clock);
    const config = async (by: string) => tokenOf((await call(by, 'POST', `${at}/clusters/demo/kubeconfig`, {})).text);
    const [owners, admins] = [await config(owner.session), await config(admin.session)];
    await call(owner.session, 'PATCH', `${at}/members/${admin.id}`, { role: 'owner' });
    const answers = await Promise.all([owner, admin].map(({ session }) => call(session, 'DELETE', '/v1/me')));
    expect(answers.map((answer) => answer.status).sort()).toEqual([204, 409]);
    expect([status(owners), status(admins)].sort()).toEqual([200, 401]);
  });
});
