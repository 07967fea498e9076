import { settle } from '../../host/settle.ts';
import { eq } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { makeSecret, PREFIXES } from '../../../src/lib/secrets.ts';
import { type Role } from '../../../src/management/http/access.ts';
import { members } from '../../../src/management/accounts/tables.ts';
import { revokeCreatedBy } from '../../../src/management/clusters/credentials.ts';
import { credentials } from '../../../src/management/clusters/tables.ts';
import { REVOKE_STANDBY_MS } from '../../../src/management/limits.ts';
import { people, sessions } from '../../../src/management/people/tables.ts';
import { tokens } from '../../../src/management/tokens/tables.ts';
import { inside, tokenOf } from './credentials-world.ts';
import { makeManagement } from './world.ts';

const HOUR = 3_600_000;

async function world() {
  const w = makeManagement();
  const account = await w.account('alice');
  const base = `/v1/accounts/${account.id}/clusters`;
  const made = (await w.call(account.token, 'POST', base, { name: 'demo', apiOnly: true })).body;
  const one = `${base}/demo`;
  const object = inside(w.clusters, made.id, w.clock);
  const person = async (
    name: string,
    role: Role,
    issuer = 'https://issuer.test',
    email: string | null = `${name}@atoll.test`,
  ) => {
    const secret = makeSecret(PREFIXES.session, w.deps.crypto);
    const id = `person-${name}-${issuer.length}`;
    await w.db.insert(people).values({ id, issuer, subject: name, email, name, createdAt: w.clock.now });
    await w.db.insert(members).values({ accountId: account.id, personId: id, role, createdAt: w.clock.now });
    const session = {
      id: `session-${id}`,
      personId: id,
      name: 'laptop',
      hash: w.deps.crypto.sha256(secret),
      hint: 'x',
      createdAt: 0,
    };
    await w.db.insert(sessions).values({ ...session, expiresAt: w.clock.now + 1000 * HOUR });
    return { id, token: secret };
  };
  /** A kubeconfig; its bearer token and the id of its credential. */
  const config = async (token: string, body: object = {}) => {
    const answer = await w.app.request(`https://atoll.test${one}/kubeconfig`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', host: 'atoll.test' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    expect(answer.status, text).toBe(201);
    return { token: tokenOf(text), id: answer.headers.get('x-credential-id') as string };
  };
  const listed = async () =>
    (await w.call(account.token, 'GET', `${one}/credentials`)).body.items as { id: string; role: string }[];
  return {
    ...w,
    owner: account.token,
    accountId: account.id,
    id: made.id,
    first: tokenOf(made.kubeconfig),
    one,
    object,
    person,
    config,
    listed,
  };
}

it('[MG46] a kubeconfig names whoever asked for it, with as much as they may have', async () => {
  const { config, person, object, call, one, owner } = await world();
  const [viewer, member] = [await person('vera', 'viewer'), await person('mia', 'member')];
  const token = (await call(owner, 'POST', '/v1/accounts/self/tokens', { name: 'ci', scope: 'write' })).body.token;
  const who = async (by: string, body?: object) => {
    const made = await config(by, body);
    const { username, groups, extra } = object.whoami(made.token);
    expect(extra['authentication.kubernetes.io/credential-id']).toEqual([`ATOLL=${made.id}`]);
    return [username, ...groups];
  };
  const everybody = 'system:authenticated';
  expect(await who(viewer.token)).toEqual(['vera@atoll.test', 'atoll:view', everybody]);
  expect(await who(member.token)).toEqual(['mia@atoll.test', 'system:masters', everybody]);
  expect(await who(member.token, { role: 'edit' })).toEqual(['mia@atoll.test', 'atoll:edit', everybody]);
  expect(await who(member.token, { role: 'none' })).toEqual(['mia@atoll.test', everybody]);
  expect(await who(token)).toEqual(['atoll:token:ci', 'system:masters', everybody]);
  expect((await who(token, { name: 'anna' }))[0]).toBe('atoll:credential:anna');
  expect((await who(token, { name: 'anna' }))[0]).toBe('atoll:credential:anna:2');
  expect((await who(token, { name: 'operator' }))[0]).toBe('atoll:credential:operator');
  expect((await who(member.token, { name: 'laptop' }))[0]).toBe('mia@atoll.test');
  for (const role of ['edit', 'admin'])
    expect((await call(viewer.token, 'POST', `${one}/kubeconfig`, { role })).status).toBe(403);
  expect((await call(viewer.token, 'POST', `${one}/kubeconfig`, { role: 'root' })).status).toBe(400);
});

it('[MG46] a view is one: RBAC inside refuses the rest', async () => {
  const { config, person, object } = await world();
  const { token } = await config((await person('vera', 'viewer')).token);
  const status = (method: string, url: string, body?: object) => {
    const answer = object.ask(token, method, url, body);
    return 'status' in answer ? answer.status : 0;
  };
  expect(status('GET', '/api/v1/namespaces/default/configmaps')).toBe(200);
  expect(status('GET', '/api/v1/namespaces/default/secrets')).toBe(403);
  const map = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'x' } };
  expect(status('POST', '/api/v1/namespaces/default/configmaps', map)).toBe(403);
});

it('[MG47] an administrator may name another identity, but nobody who is somebody', async () => {
  const { config, person, object, call, one, owner } = await world();
  await person('mia', 'member');
  await person('nameless', 'member', 'https://other.test', null);
  const admin = (await person('ada', 'admin')).token;
  const { token } = await config(admin, { username: 'jenkins', groups: ['builders', 'x'], role: 'none' });
  const { username, groups } = object.whoami(token);
  expect([username, ...groups]).toEqual(['jenkins', 'builders', 'x', 'system:authenticated']);
  const refused = async (by: string, body: object) => (await call(by, 'POST', `${one}/kubeconfig`, body)).status;
  for (const name of ['mia@atoll.test', 'MIA@atoll.test', 'https://other.test#nameless']) {
    expect(await refused(owner, { username: name }), name).toBe(403);
  }
  for (const name of [
    'system:admin',
    'System:masters',
    'atoll:operator',
    'atoll:token:ci',
    'kubernetes:x',
    '',
    'a b',
    'a\n',
    'é',
    'x'.repeat(254),
  ]) {
    expect(await refused(owner, { username: name }), name).toBe(400);
    expect(await refused(owner, { groups: [name] }), name).toBe(400);
  }
  expect(await refused(owner, { groups: Array.from({ length: 33 }, (_, n) => `g${n}`) })).toBe(400);
  const member = (await person('max', 'member')).token;
  expect([await refused(member, { username: 'jenkins' }), await refused(member, { groups: [] })]).toEqual([403, 403]);
});

it('[MG47] two people whose issuers vouch for the same address are told apart', async () => {
  const { config, person, object } = await world();
  const one = await person('mia', 'member');
  expect(object.whoami((await config(one.token)).token).username).toBe('mia@atoll.test');
  const two = await person('mia', 'member', 'https://another-issuer.test');
  expect(object.whoami((await config(two.token)).token).username).toBe(`atoll:person:${two.id}`);
  expect(object.whoami((await config(one.token)).token).username).toBe(`atoll:person:${one.id}`);
});

it('[MG48] temporary credentials end, and the watches that they opened', async () => {
  const { config, owner, object, clock, pass, listed } = await world();
  const { token } = await config(owner, { expiresIn: 900, name: 'short' });
  const watch = object.watch(token);
  expect(watch.spec.timeoutSeconds).toBe(900);
  settle(object.cluster(), clock.now);
  expect(object.cluster().nextAlarm()).toBe(clock.now + 900_000);
  expect(await listed()).toHaveLength(2);
  await pass(899_999);
  expect([object.status(token), watch.closed]).toEqual([200, false]);
  await pass(1);
  expect(object.status(token)).toBe(401);
  object.cluster().removeExpired(clock.now);
  expect(watch.closed).toBe(true);
  expect(await listed()).toHaveLength(1);
});

it('[MG48] no event passes after the end, though no alarm rang', async () => {
  const { config, owner, object, clock, first } = await world();
  const watch = object.watch((await config(owner, { expiresIn: 60 })).token);
  const make = (name: string) =>
    object.ask(first, 'POST', '/api/v1/namespaces', { kind: 'Namespace', apiVersion: 'v1', metadata: { name } });
  make('before');
  settle(object.cluster(), clock.now);
  clock.now += 60_000;
  make('after');
  object.cluster().flush(clock.now);
  expect(watch.text).toContain('"before"');
  expect(watch.text).not.toContain('"after"');
  expect(watch.closed).toBe(true);
});

it('[MG49] a revoked credential lets nobody in, and its watches are closed, impersonating ones too', async () => {
  const { config, owner, object, call, one, first, clock, listed } = await world();
  const made = await config(owner);
  const [mine, acting, other] = [
    object.watch(made.token),
    object.watch(made.token, { 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' }),
    object.watch(first),
  ];
  expect((await call(owner, 'DELETE', `${one}/credentials/${made.id}`)).status).toBe(204);
  expect([mine.closed, acting.closed, other.closed]).toEqual([true, true, false]);
  expect([object.status(made.token), object.status(first)]).toEqual([401, 200]);
  expect(object.cluster().watchers).toBe(1);
  expect((await call(owner, 'DELETE', `${one}/credentials/${made.id}`)).status).toBe(404);
  expect((await listed()).map(({ id }) => id)).not.toContain(made.id);
  object.ask(first, 'POST', '/api/v1/namespaces', { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'later' } });
  settle(object.cluster(), clock.now);
  expect([mine.text.includes('later'), other.text.includes('later')]).toEqual([false, true]);
});

it('[MG49] one may revoke what one made; what others made, who may write', async () => {
  const { config, person, call, one } = await world();
  const [vera, viktor, mia] = [await person('vera', 'viewer'), await person('viktor', 'viewer'), await person('mia', 'member')];
  const [a, b] = [await config(vera.token), await config(vera.token)];
  const remove = async (by: string, id: string) => (await call(by, 'DELETE', `${one}/credentials/${id}`)).status;
  expect(await remove(viktor.token, a.id)).toBe(403);
  expect(await remove(vera.token, a.id)).toBe(204);
  expect(await remove(mia.token, b.id)).toBe(204);
});

it('[MG49] a revocation that dies is done by the task, and goes on beyond a failing cluster', async () => {
  const { config, owner, object, call, clusters, one, listed, pass } = await world();
  const made = await config(owner);
  clusters.fail = new Error('no answer');
  expect((await call(owner, 'DELETE', `${one}/credentials/${made.id}`)).status).toBe(500);
  expect(object.status(made.token)).toBe(200);
  expect((await listed()).find(({ id }) => id === made.id)).toMatchObject({ revokedAt: expect.any(String) });
  await pass(REVOKE_STANDBY_MS);
  expect(object.status(made.token)).toBe(200);
  clusters.fail = undefined;
  await pass(HOUR);
  expect(object.status(made.token)).toBe(401);
  expect((await listed()).map(({ id }) => id)).not.toContain(made.id);
});

it('[MG49] what somebody made in an account is dead with one call, in other accounts untouched', async () => {
  const { config, person, object, deps, accountId, first, db } = await world();
  const mia = await person('mia', 'member');
  const made = await Promise.all([1, 2, 3].map(() => config(mia.token)));
  await revokeCreatedBy(deps, 'another', `person:${mia.id}`);
  expect(made.map(({ token }) => object.status(token))).toEqual([200, 200, 200]);
  await revokeCreatedBy(deps, accountId, `person:${mia.id}`);
  expect(made.map(({ token }) => object.status(token))).toEqual([401, 401, 401]);
  expect(object.status(first)).toBe(200);
  expect(await db.select().from(credentials)).toHaveLength(1);
});

it('[MG49] a credential that is made while its maker is revoked does not stay', async () => {
  const { call, owner, clusters, one, object, db } = await world();
  const ci = (await call(owner, 'POST', '/v1/accounts/self/tokens', { name: 'ci', scope: 'write' })).body;
  let made = '';
  const issue = clusters.issue.bind(clusters);
  // The token goes exactly between the object's work and the index's.
  clusters.issue = async (id, credential) => {
    made = (await issue(id, credential)) ?? '';
    await db.delete(tokens).where(eq(tokens.id, ci.id));
    return made;
  };
  expect((await call(ci.token, 'POST', `${one}/kubeconfig`, {})).status).toBe(401);
  expect(object.status(made)).toBe(401);
  expect(await db.select().from(credentials)).toHaveLength(1);
});

it('[MG49] what was revoked while a cluster waited for its end stays so when it is restored', async () => {
  const { config, owner, object, deps, id, first, db } = await world();
  const made = await config(owner);
  await deps.clusters.setLifecycle(id, { version: 1, state: 'deleted' });
  await deps.clusters.revoke(id, { ids: [made.id] });
  await deps.clusters.setLifecycle(id, { version: 2, state: 'ready' });
  expect([object.status(made.token), object.status(first)]).toEqual([401, 200]);
  expect(await db.select().from(credentials)).not.toHaveLength(0);
});

it('[MG50] rotated, a credential has another secret and the same name inside', async () => {
  const { config, owner, object, call, one, clock, pass, listed } = await world();
  const made = await config(owner, { name: 'build', username: 'jenkins', groups: ['builders'], role: 'edit', expiresIn: 7200 });
  const watch = object.watch(made.token);
  const path = (id: string) => `${one}/credentials/${id}/rotate`;
  const second = tokenOf((await call(owner, 'POST', path(made.id), {})).text);
  expect([object.status(made.token), watch.closed]).toEqual([401, true]);
  expect(object.whoami(second)).toMatchObject({
    username: 'jenkins',
    groups: ['atoll:edit', 'builders', 'system:authenticated'],
  });
  const row = (await listed()).find(({ role }) => role === 'edit');
  expect(row).toMatchObject({ name: 'build', expiresAt: new Date(clock.now + 7_200_000).toISOString() });
  const overlapping = object.watch(second);
  const third = tokenOf((await call(owner, 'POST', path(row?.id ?? ''), { overlapSeconds: 60 })).text);
  await pass(59_999);
  expect([object.status(second), object.status(third), overlapping.closed]).toEqual([200, 200, false]);
  expect(overlapping.spec.expires).toBe(clock.now + 1);
  await pass(1);
  object.cluster().removeExpired(clock.now);
  expect([object.status(second), object.status(third), overlapping.closed]).toEqual([401, 200, true]);
  expect((await call(owner, 'POST', path(made.id), {})).status).toBe(404);
});

it('[MG50] only who made it rotates it, or an administrator when it names no member', async () => {
  const { config, person, call, one, owner, db } = await world();
  const [mia, ada] = [await person('mia', 'member'), await person('ada', 'admin')];
  const hers = await config(mia.token);
  const ci = (await call(owner, 'POST', '/v1/accounts/self/tokens', { name: 'ci', scope: 'write' })).body.token;
  const its = await config(ci);
  const rotate = async (by: string, id: string) => (await call(by, 'POST', `${one}/credentials/${id}/rotate`, {})).status;
  expect([await rotate(ada.token, hers.id), await rotate(owner, hers.id), await rotate(mia.token, its.id)]).toEqual([
    403, 403, 403,
  ]);
  expect(await rotate(mia.token, hers.id)).toBe(201);
  expect(await rotate(ada.token, its.id)).toBe(201);
  const again = await config(mia.token);
  await db.update(members).set({ role: 'viewer' }).where(eq(members.personId, mia.id));
  expect(await rotate(mia.token, again.id)).toBe(403);
});

it('[MG50] all at once: nothing but the new one is left, also of what the index does not know', async () => {
  const { config, owner, person, object, call, one, first, id, clusters, listed } = await world();
  const unknown = (await clusters.issue(id, { id: 'lost', username: 'x', role: 'admin' })) ?? '';
  const others = [first, unknown, (await config(owner)).token, (await config((await person('vera', 'viewer')).token)).token];
  const watches = others.slice(0, 3).map((token) => object.watch(token));
  expect((await call((await person('viktor', 'viewer')).token, 'POST', `${one}/credentials/rotate`, {})).status).toBe(403);
  const answer = await call(owner, 'POST', `${one}/credentials/rotate`, { name: 'fresh' });
  expect(answer.status).toBe(201);
  expect(others.map(object.status)).toEqual([401, 401, 401, 401]);
  expect(watches.map(({ closed }) => closed)).toEqual([true, true, true]);
  expect(object.status(tokenOf(answer.text))).toBe(200);
  expect(await listed()).toMatchObject([{ name: 'fresh', role: 'admin' }]);
});

it('[MG45] the list of credentials comes in pages and holds no secret', async () => {
  const { config, owner, first, call, one } = await world();
  const secrets = [first];
  for (let n = 0; n < 4; n++) secrets.push((await config(owner, { name: `c${n}` })).token);
  const names: string[] = [];
  for (let after = ''; ; ) {
    const { body, text } = await call(owner, 'GET', `${one}/credentials?limit=2${after && `&after=${after}`}`);
    for (const secret of secrets) expect(text).not.toContain(secret);
    names.push(...body.items.map(({ name }: { name: string }) => name));
    if (body.next === undefined) break;
    after = body.next;
  }
  expect(names.toSorted()).toEqual(['c0', 'c1', 'c2', 'c3', 'kubeconfig']);
});

it('[MG46] credentials of one name that are issued at once have usernames of their own', async () => {
  const { config, owner, object } = await world();
  const made = await Promise.all([1, 2, 3].map(() => config(owner, { name: 'shared' })));
  const names = made.map(({ token }) => object.whoami(token).username);
  expect(names.sort()).toEqual(['atoll:credential:shared', 'atoll:credential:shared:2', 'atoll:credential:shared:3']);
});

it('[MG46] asked for again under its Idempotency-Key, the same kubeconfig comes, and its id', async () => {
  const { app, owner, one, listed } = await world();
  const ask = async () => {
    const headers = {
      authorization: `Bearer ${owner}`,
      'content-type': 'application/json',
      host: 'atoll.test',
      'idempotency-key': 'k',
    };
    const answer = await app.request(`https://atoll.test${one}/kubeconfig`, { method: 'POST', headers, body: '{"name":"once"}' });
    return [answer.status, answer.headers.get('content-type'), answer.headers.get('x-credential-id'), await answer.text()];
  };
  const first = await ask();
  expect(first.slice(0, 2)).toEqual([201, 'application/yaml']);
  expect(await ask()).toEqual(first);
  expect(await listed()).toHaveLength(2);
});
