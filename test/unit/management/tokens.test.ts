import { expect, it } from 'vitest';
import { members } from '../../../src/management/accounts/tables.ts';
import { people, sessions } from '../../../src/management/people/tables.ts';
import { makeSecret, PREFIXES } from '../../../src/lib/secrets.ts';
import { inside, tokenOf } from './credentials-world.ts';
import { makeManagement } from './world.ts';

const PATH = '/v1/accounts/self/tokens';
const HOUR = 3_600_000;

async function world() {
  const w = makeManagement();
  const account = await w.account('alice');
  const make = async (body: object, token = account.token) => {
    const made = await w.call(token, 'POST', PATH, { name: 'ci', ...body });
    expect(made.status, made.text).toBe(201);
    return made.body as { id: string; token: string; expiresAt?: string; personId?: string };
  };
  const works = async (token: string) => (await w.call(token, 'GET', '/v1/me')).status === 200;
  /** Somebody of the account, with a session. */
  const person = async (name: string, role: 'viewer' | 'member' | 'admin' | 'owner') => {
    const secret = makeSecret(PREFIXES.session, w.deps.crypto);
    const row = { id: `person-${name}`, issuer: 'https://issuer.test', subject: name, email: `${name}@atoll.test`, name };
    await w.db.insert(people).values({ ...row, createdAt: w.clock.now });
    await w.db.insert(members).values({ accountId: account.id, personId: row.id, role, createdAt: w.clock.now });
    const hash = w.deps.crypto.sha256(secret);
    const session = { id: `session-${name}`, personId: row.id, name: 'laptop', hash, hint: 'x', createdAt: 0 };
    await w.db.insert(sessions).values({ ...session, expiresAt: w.clock.now + 1000 * HOUR });
    return { id: row.id, token: secret };
  };
  return { ...w, owner: account.token, accountId: account.id, make, works, person, at: `/v1/accounts/${account.id}/tokens` };
}

it('[MG40] has an end: a time, or so many seconds from now', async () => {
  const { make, works, clock, call, owner } = await world();
  const later = new Date(clock.now + HOUR).toISOString();
  const [timed, counted, endless] = [await make({ expiresAt: later }), await make({ expiresIn: 3600 }), await make({})];
  expect([timed.expiresAt, counted.expiresAt, endless.expiresAt]).toEqual([later, later, undefined]);
  clock.now += HOUR - 1;
  for (const { token } of [timed, counted, endless]) expect(await works(token)).toBe(true);
  clock.now += 1;
  expect([await works(timed.token), await works(counted.token), await works(endless.token)]).toEqual([false, false, true]);
  for (const bad of [
    { expiresAt: later },
    { expiresIn: 0 },
    { expiresIn: 1, expiresAt: '2099-01-01T00:00:00Z' },
    { expiresIn: '1h' },
  ]) {
    expect((await call(owner, 'POST', PATH, { name: 'ci', ...bad })).status, JSON.stringify(bad)).toBe(400);
  }
});

it('[MG40] what an expiring token makes or changes does not outlive it', async () => {
  const { make, clock, call, owner } = await world();
  const short = await make({ scope: 'admin', expiresIn: 60 });
  const end = new Date(clock.now + 60_000).toISOString();
  expect((await make({}, short.token)).expiresAt).toBe(end);
  expect((await make({ expiresIn: 30 }, short.token)).expiresAt).toBe(new Date(clock.now + 30_000).toISOString());
  expect((await make({ expiresIn: 3600 }, short.token)).expiresAt).toBe(end);
  for (const expiresAt of [null, '2099-01-01T00:00:00Z']) {
    expect((await call(short.token, 'PATCH', `${PATH}/${short.id}`, { expiresAt })).body.expiresAt).toBe(end);
  }
  const freed = await call(owner, 'PATCH', `${PATH}/${short.id}`, { expiresAt: null, name: 'long' });
  expect(freed.body).toMatchObject({ id: short.id, name: 'long', scope: 'admin' });
  expect(freed.body.expiresAt).toBeUndefined();
});

it('[MG41] rotated, the old secret is dead at once', async () => {
  const { make, works, call, owner } = await world();
  const made = await make({ scope: 'read' });
  const rotated = await call(owner, 'POST', `${PATH}/${made.id}/rotate`, {});
  expect(rotated.status).toBe(200);
  expect(rotated.body).toMatchObject({
    id: made.id,
    name: 'ci',
    scope: 'read',
    token: expect.stringMatching(/^atoll_[0-9A-Za-z]{49}$/),
  });
  expect(rotated.body.token).not.toBe(made.token);
  expect([await works(made.token), await works(rotated.body.token)]).toEqual([false, true]);
  expect((await call(owner, 'GET', `${PATH}/${made.id}`)).body.hint).toBe(rotated.body.token.slice(0, 10));
});

it('[MG41] or after an overlap; one from before that is dead in any case', async () => {
  const { make, works, call, owner, clock } = await world();
  const first = await make({});
  const rotate = async (overlapSeconds: number) =>
    (await call(owner, 'POST', `${PATH}/${first.id}/rotate`, { overlapSeconds })).body as { token: string; formerUntil?: string };
  const second = await rotate(60);
  expect(second.formerUntil).toBe(new Date(clock.now + 60_000).toISOString());
  clock.now += 59_999;
  expect([await works(first.token), await works(second.token)]).toEqual([true, true]);
  const third = await rotate(60);
  expect([await works(first.token), await works(second.token), await works(third.token)]).toEqual([false, true, true]);
  clock.now += 60_000;
  expect([await works(second.token), await works(third.token)]).toEqual([false, true]);
  expect((await call(owner, 'GET', `${PATH}/${first.id}`)).body.formerUntil).toBeUndefined();
  expect((await call(owner, 'POST', `${PATH}/${first.id}/rotate`, { overlapSeconds: -1 })).status).toBe(400);
  expect((await call(owner, 'POST', `${PATH}/none/rotate`, {})).status).toBe(404);
});

it('[MG42] nobody changes a token that may do more than they', async () => {
  const { make, call, works } = await world();
  const [admin, owner] = [await make({ scope: 'admin' }), await make({ scope: 'owner' })];
  expect((await call(admin.token, 'POST', PATH, { name: 'x', scope: 'owner' })).status).toBe(403);
  expect((await call(admin.token, 'POST', `${PATH}/${owner.id}/rotate`, {})).status).toBe(403);
  expect((await call(admin.token, 'PATCH', `${PATH}/${owner.id}`, { name: 'x' })).status).toBe(403);
  expect((await call(admin.token, 'DELETE', `${PATH}/${owner.id}`)).status).toBe(403);
  expect(await works(owner.token)).toBe(true);
  expect((await call(admin.token, 'DELETE', `${PATH}/${admin.id}`)).status).toBe(204);
  expect(await works(admin.token)).toBe(false);
});

it("[MG43] a person's token is theirs: what it makes is too, and only they rotate it", async () => {
  const { make, call, person, works, db, at, accountId } = await world();
  const [carol, dave] = [await person('carol', 'admin'), await person('dave', 'owner')];
  const mine = (await call(carol.token, 'POST', at, { name: 'mine', scope: 'admin' })).body;
  const child = await make({ scope: 'admin' }, mine.token);
  expect([mine.personId, child.personId]).toEqual([carol.id, carol.id]);
  expect((await call(dave.token, 'POST', `${at}/${mine.id}/rotate`, {})).status).toBe(403);
  for (const by of [carol.token, child.token]) expect((await call(by, 'POST', `${at}/${mine.id}/rotate`, {})).status).toBe(200);
  await db.delete(members);
  expect(await works(child.token)).toBe(false);
  expect(accountId).toBeTruthy();
});

it('[MG44] revoked, it lets nobody in, nor do the credentials of clusters that it made', async () => {
  const { make, call, clusters, owner } = await world();
  const ci = await make({ scope: 'write' });
  const cluster = (await call(ci.token, 'POST', '/v1/accounts/self/clusters', { name: 'demo', apiOnly: true })).body;
  const more = await call(ci.token, 'POST', '/v1/accounts/self/clusters/demo/kubeconfig', { role: 'view' });
  const kept = await call(owner, 'POST', '/v1/accounts/self/clusters/demo/kubeconfig', {});
  const object = inside(clusters, cluster.id);
  const all = [tokenOf(cluster.kubeconfig), tokenOf(more.text), tokenOf(kept.text)];
  expect(all.map(object.status)).toEqual([200, 200, 200]);
  expect((await call(owner, 'DELETE', `${PATH}/${ci.id}`)).status).toBe(204);
  expect(all.map(object.status)).toEqual([401, 401, 200]);
  const left = (await call(owner, 'GET', '/v1/accounts/self/clusters/demo/credentials')).body.items;
  expect(left).toHaveLength(1);
});

it('[MG44] so with a rotation that says so', async () => {
  const { make, call, clusters, owner } = await world();
  const ci = await make({ scope: 'write' });
  const cluster = (await call(ci.token, 'POST', '/v1/accounts/self/clusters', { name: 'demo', apiOnly: true })).body;
  const { status } = inside(clusters, cluster.id);
  await call(owner, 'POST', `${PATH}/${ci.id}/rotate`, {});
  expect(status(tokenOf(cluster.kubeconfig))).toBe(200);
  await call(owner, 'POST', `${PATH}/${ci.id}/rotate`, { revokeCredentials: true });
  expect(status(tokenOf(cluster.kubeconfig))).toBe(401);
});

it('[MG44] what an expired token made goes with it, also when its end was brought forward', async () => {
  const { make, call, clusters, owner, clock, pass } = await world();
  const [bounded, brought] = [await make({ expiresIn: 60 }), await make({})];
  const cluster = (await call(bounded.token, 'POST', '/v1/accounts/self/clusters', { name: 'demo', apiOnly: true })).body;
  const other = (await call(brought.token, 'POST', '/v1/accounts/self/clusters/demo/kubeconfig', {})).text;
  const { status } = inside(clusters, cluster.id, clock);
  await call(owner, 'PATCH', `${PATH}/${brought.id}`, { expiresAt: new Date(clock.now + 90_000).toISOString() });
  await pass(59_999);
  expect([tokenOf(cluster.kubeconfig), tokenOf(other)].map(status)).toEqual([200, 200]);
  await pass(1);
  expect([tokenOf(cluster.kubeconfig), tokenOf(other)].map(status)).toEqual([401, 200]);
  await pass(30_000);
  expect(status(tokenOf(other))).toBe(401);
  expect((await call(owner, 'GET', '/v1/accounts/self/clusters/demo/credentials')).body.items).toEqual([]);
});

it('[MG45] a list comes in pages, without a secret', async () => {
  const { make, call, owner, clock } = await world();
  const secrets: string[] = [owner];
  for (let n = 0; n < 5; n++) {
    clock.now += n % 2;
    secrets.push((await make({ name: `t${n}` })).token);
  }
  const names: string[] = [];
  for (let after = ''; ; ) {
    const { body, text } = await call(owner, 'GET', `${PATH}?limit=2${after && `&after=${after}`}`);
    for (const secret of secrets) expect(text).not.toContain(secret);
    names.push(...body.items.map((token: { name: string }) => token.name));
    if (body.next === undefined) break;
    after = body.next;
  }
  expect(names.toSorted()).toEqual(['first', 't0', 't1', 't2', 't3', 't4']);
  for (const bad of ['limit=0', 'limit=501', 'after=x']) expect((await call(owner, 'GET', `${PATH}?${bad}`)).status).toBe(400);
});
