import { atOnce } from '../../fixtures/api.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditTask } from '../../../src/management/audit/service.ts';
import { audit } from '../../../src/management/audit/tables.ts';
import { AUDIT_KEPT_MS } from '../../../src/management/limits.ts';
import { Browser } from '../../host/browser.ts';
import { RealIssuer } from '../../host/issuer.ts';
import { makeManagement, OPERATOR, ORIGIN } from './world.ts';

const POLICY = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] };
const CLUSTERS = '/v1/accounts/self/clusters';

interface Entry {
  id: number;
  action: string;
  actor: { type: string; id: string; name: string };
  target: Record<string, string>;
  status: number;
  requestId: string;
  at: string;
}

describe('the audit log of an account', () => {
  it('[MG90] has every change before it is answered: who, what, about what, how it went', async () => {
    const { call, account } = makeManagement();
    const alice = await account('alice');
    const made = (await call(alice.token, 'POST', CLUSTERS, { name: 'demo' }, { 'x-request-id': 'chosen-by-me' })).body;
    await call(alice.token, 'POST', CLUSTERS, { name: 'demo' });
    await call(alice.token, 'POST', CLUSTERS, { name: 'Not a name' });
    await call(alice.token, 'GET', CLUSTERS);
    const { items } = (await call(alice.token, 'GET', '/v1/accounts/self/audit')).body as { items: Entry[] };
    expect(items.map(({ action, status }) => [action, status])).toEqual([
      ['createCluster', 400],
      ['createCluster', 409],
      ['createCluster', 201],
    ]);
    expect(items[2]).toEqual({
      id: items[2].id,
      at: '2026-11-21T00:00:00.000Z',
      accountId: alice.id,
      actor: { type: 'token', id: expect.any(String), name: 'first' },
      action: 'createCluster',
      target: { account: alice.id, id: made.id, name: 'demo' },
      status: 201,
      requestId: 'chosen-by-me',
    });
  });

  it('[MG91] has what somebody known was refused, in their own account, and nothing of nobody', async () => {
    const { call, account } = makeManagement();
    const [alice, bob] = [await account('alice'), await account('bob')];
    const reader = (await call(bob.token, 'POST', '/v1/accounts/self/tokens', { name: 'ci', scope: 'read' })).body;
    await call(reader.token, 'GET', `/v1/accounts/${alice.id}/clusters`);
    await call(reader.token, 'GET', `${CLUSTERS}/none`);
    await call(reader.token, 'POST', CLUSTERS, { name: 'demo' });
    await call(undefined, 'POST', CLUSTERS, { name: 'demo' });
    await call('atoll_made-up', 'POST', CLUSTERS, { name: 'demo' });
    const of = async (token: string) =>
      ((await call(token, 'GET', '/v1/accounts/self/audit?order=asc')).body.items as Entry[]).map((e) => [e.action, e.status]);
    expect(await of(bob.token)).toEqual([
      ['createToken', 201],
      ['listClusters', 404],
      ['getCluster', 404],
      ['createCluster', 403],
    ]);
    expect(await of(alice.token)).toEqual([]);
  });

  it('[MG92] never holds a secret', async () => {
    const { call, account, db } = makeManagement();
    const { token } = await account('alice');
    const made = (await call(token, 'POST', '/v1/accounts/self/tokens', { name: 'ci' })).body;
    const cluster = (await call(token, 'POST', CLUSTERS, { name: 'demo' })).body;
    await call(token, 'DELETE', `/v1/accounts/self/tokens/${made.token}`);
    await call(token, 'GET', `${CLUSTERS}/${encodeURIComponent(`x ${token}`)}`);
    const text = JSON.stringify(await db.select().from(audit));
    for (const secret of [token, made.token, JSON.parse(cluster.kubeconfig).users[0].user.token])
      expect(text).not.toContain(secret);
    expect(text).toContain('<secret>');
  });

  it('[MG93] is read by admins, in pages, between times, as JSON or as JSON lines; what is of no account by the operator', async () => {
    const { call, account, clock, app } = makeManagement();
    const { token } = await account('alice');
    for (const name of ['a', 'b', 'c']) {
      clock.now += 60_000;
      await call(token, 'POST', CLUSTERS, { name });
    }
    const page = (query: string) => call(token, 'GET', `/v1/accounts/self/audit?${query}`);
    const first = (await page('limit=2&order=asc')).body as { items: Entry[]; next: string };
    expect(first.items.map((e) => e.target.name)).toEqual(['a', 'b']);
    const second = (await page(`limit=2&order=asc&after=${first.next}`)).body as { items: Entry[]; next?: string };
    expect(second.items.map((e) => e.target.name)).toEqual(['c']);
    expect(second.next).toBeUndefined();
    const window = 'from=2026-11-21T00:02:00Z&to=2026-11-21T00:02:00Z';
    expect((await page(window)).body.items.map((e: Entry) => e.target.name)).toEqual(['b']);
    const lines = await app.request('https://atoll.test/v1/accounts/self/audit?limit=2&order=asc', {
      headers: { authorization: `Bearer ${token}`, accept: 'application/x-ndjson', host: 'atoll.test' },
    });
    expect(lines.headers.get('content-type')).toBe('application/x-ndjson');
    expect(
      (await lines.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).target.name),
    ).toEqual(['a', 'b']);
    expect(lines.headers.get('link')).toBe(
      `<https://atoll.test/v1/accounts/self/audit?limit=2&order=asc&after=${first.next}>; rel="next"`,
    );
    const reader = (await call(token, 'POST', '/v1/accounts/self/tokens', { name: 'ci', scope: 'write' })).body;
    expect((await call(reader.token, 'GET', '/v1/accounts/self/audit')).status).toBe(403);
    expect((await call(token, 'GET', '/v1/audit')).status).toBe(403);
    const operators = (await call(OPERATOR, 'GET', '/v1/audit')).body.items as Entry[];
    expect(operators.map(({ action, actor }) => [action, actor.type])).toEqual([['createAccount', 'operator']]);
  });

  it('[MG94] is only ever added to: the database refuses the rest, but for what is older than 400 days', async () => {
    const { call, account, db, deps, clock } = makeManagement();
    const { token } = await account('alice');
    await call(token, 'POST', CLUSTERS, { name: 'demo' });
    const refusal = async (statement: PromiseLike<unknown>) =>
      String(
        await Promise.resolve(statement).then(
          () => 'done',
          (error) => error.cause ?? error,
        ),
      );
    expect(await refusal(db.update(audit).set({ status: 200 }))).toContain('only ever added to');
    expect(await refusal(db.delete(audit))).toContain('kept for 400 days');
    const old = { accountId: null, actor: { type: 'operator', id: 'operator', name: 'operator' }, target: {}, requestId: 'r' };
    const before = (await db.select().from(audit)).length;
    // An old row has the lowest id, as time would have it.
    await db.insert(audit).values({ ...old, id: -1, at: clock.now - AUDIT_KEPT_MS - 1000, action: 'createAccount', status: 201 });
    expect(await auditTask.next(deps)).toBe(clock.now - 1000);
    await auditTask.run(deps, clock.now);
    expect(await db.select().from(audit)).toHaveLength(before);
  });

  it('[MG95] names a request as its client did, if that is well-formed, and tells the name with every answer', async () => {
    const { app } = makeManagement();
    const ask = async (id?: string) =>
      (await app.request('https://atoll.test/v1/me', { headers: id === undefined ? {} : { 'x-request-id': id } })).headers.get(
        'x-request-id',
      );
    expect(await ask('my-request.1')).toBe('my-request.1');
    expect(await ask()).toMatch(/^[0-9a-f-]{36}$/);
    expect(await ask('short')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await ask('with "quotes" inside')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("a cluster's audit log", () => {
  it('[MG96] is switched on by a policy, JSON or YAML, by admins only, and read as JSON lines in pages', async () => {
    const { call, account, clusters, app } = makeManagement();
    const { token } = await account('alice');
    const { id } = (await call(token, 'POST', CLUSTERS, { name: 'demo' })).body;
    const at = `${CLUSTERS}/demo/audit-policy`;
    expect((await call(token, 'GET', at)).status).toBe(404);
    expect((await call(token, 'PUT', at, { ...POLICY, rules: [{ level: 'Loud' }] })).status).toBe(400);
    expect((await call(token, 'PUT', at, { ...POLICY, extra: 1 })).body).toEqual({
      policy: POLICY,
      warnings: ['unknown field "extra"'],
    });
    const yaml = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n  omitStages: [RequestReceived]\n';
    const put = await call(token, 'PUT', at, yaml, { 'content-type': 'application/yaml' });
    expect(put.body.policy.rules).toEqual([{ level: 'Metadata', omitStages: ['RequestReceived'] }]);
    expect((await call(token, 'GET', at)).body).toEqual(put.body.policy);
    const bad = await call(token, 'PUT', at, yaml.replace('Metadata', 'Loud'), { 'content-type': 'application/yaml' });
    expect([bad.status, bad.body.detail]).toEqual([400, expect.stringContaining('rules[0].level: Unsupported value: "Loud"')]);

    const cluster = clusters.made.get(id);
    const request = (url: string) =>
      atOnce(cluster?.handle({ method: 'GET', url, header: () => null, body: '', now: Date.UTC(2026, 10, 21) }));
    for (const url of ['/api/v1/pods', '/version', '/healthz']) request(url);
    const read = (query: string) =>
      app.request(`https://atoll.test${CLUSTERS}/demo/audit${query}`, { headers: { authorization: `Bearer ${token}` } });
    const first = await read('?limit=2');
    expect(
      (await first.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).requestURI),
    ).toEqual(['/api/v1/pods', '/version']);
    const next = /<https:\/\/atoll\.test(.*)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await app.request(`https://atoll.test${next}`, { headers: { authorization: `Bearer ${token}` } });
    expect(
      (await second.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).requestURI),
    ).toEqual(['/healthz']);
    expect(second.headers.get('link')).toBeNull();
    expect((await read('?from=2026-11-22T00:00:00Z')).status).toBe(200);
    expect(await (await read('?from=2026-11-22T00:00:00Z')).text()).toBe('');
    expect((await read('?after=x')).status).toBe(400);

    const writer = (await call(token, 'POST', '/v1/accounts/self/tokens', { name: 'ci', scope: 'write' })).body;
    for (const [method, path] of [
      ['GET', at],
      ['PUT', at],
      ['DELETE', at],
      ['GET', `${CLUSTERS}/demo/audit`],
    ]) {
      expect((await call(writer.token, method, path, method === 'PUT' ? POLICY : undefined)).status, path).toBe(403);
    }
    expect((await call(token, 'DELETE', at)).status).toBe(204);
    expect((await call(token, 'GET', at)).status).toBe(404);
  });
});

describe('sign-ins', () => {
  let issuer: RealIssuer;
  beforeAll(async () => {
    issuer = await RealIssuer.start({
      clients: [{ id: 'atoll', redirectUris: [`${ORIGIN}/v1/auth/callback`] }],
      people: { alice: { email: 'alice@example.test', email_verified: true, name: 'Alice' } },
    });
  });
  afterAll(() => issuer.stop());

  it('[MG91] are in the log of the operator: the browser, the approval and the device', async () => {
    const issuers = [{ issuer: issuer.url, clientId: 'atoll', name: 'real', scopes: ['email'] }];
    const { app, call, clock } = makeManagement({ url: ORIGIN, fetch: (url, init) => fetch(url, init), issuers });
    clock.now = Date.now();
    const browser = new Browser((url, init) =>
      url.startsWith(ORIGIN) ? Promise.resolve(app.request(url, init)) : fetch(url, { ...init, redirect: 'manual' }),
    );
    const post = async (path: string, form: Record<string, string>) => {
      const headers = { host: 'atoll.test', 'content-type': 'application/x-www-form-urlencoded' };
      const answer = await app.request(`${ORIGIN}${path}`, {
        method: 'POST',
        headers,
        body: new URLSearchParams(form).toString(),
      });
      return (await answer.json()) as Record<string, string>;
    };
    const begun = await post('/v1/auth/device', { device_name: 'laptop' });
    const code = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: begun.device_code };
    expect((await post('/v1/auth/device/token', code)).error).toBe('authorization_pending');
    await browser.visit(begun.verification_uri_complete);
    await browser.follow(/Sign in with real/);
    await browser.submit({ login: 'alice', password: 'x' });
    await browser.submit();
    await browser.submit({ decision: 'approve' });
    clock.now += 5_000;
    const { access_token: session } = await post('/v1/auth/device/token', code);
    const me = (await call(session, 'GET', '/v1/me')).body;
    const { items } = (await call(OPERATOR, 'GET', '/v1/audit?order=asc')).body as { items: Entry[] };
    expect(items.map(({ action, actor, status }) => [action, actor.type, actor.name, status])).toEqual([
      ['finishSignIn', 'person', 'alice@example.test', 302],
      ['decideDevice', 'person', 'alice@example.test', 200],
      ['pollDevice', 'person', 'alice@example.test', 200],
    ]);
    expect(new Set(items.map(({ actor }) => actor.id)).size).toBe(1);
    expect(JSON.stringify(me)).toContain(items[0].actor.id);
    expect(items[0].target.session).not.toBe(items[2].target.session);
  });
});
