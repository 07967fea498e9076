import { describe, expect, it } from 'vitest';
import { load } from 'js-yaml';
import { makeManagement, OPERATOR, ORIGIN } from './world.ts';

const problem = (answer: { status: number; type: string; body: { code: string } }) => {
  expect(answer.type).toBe('application/problem+json');
  return [answer.status, answer.body.code];
};

describe('who may', () => {
  it('refuses every route without a token, and with one that is not known', async () => {
    const { call } = makeManagement();
    const routes = [
      'POST /v1/accounts',
      'GET /v1/me',
      'POST /v1/accounts/self/tokens',
      'GET /v1/accounts/self/tokens',
      'DELETE /v1/accounts/self/tokens/x',
      'POST /v1/accounts/self/clusters',
      'GET /v1/accounts/self/clusters',
      'GET /v1/accounts/self/clusters/x',
      'DELETE /v1/accounts/self/clusters/x',
      'POST /v1/accounts/self/clusters/x/kubeconfig',
      'GET /v1/accounts/self/clusters/x/usage',
    ];
    for (const route of routes) {
      const [method, path] = route.split(' ');
      expect(problem(await call(undefined, method, path)), route).toEqual([401, 'unauthenticated']);
      expect(problem(await call('atoll_made-up', method, path)), route).toEqual([401, 'unauthenticated']);
    }
  });

  it('lets only the operator make accounts', async () => {
    const { call, account } = makeManagement();
    const alice = await account('alice');
    expect(alice.token).toMatch(/^atoll_[0-9A-Za-z]{49}$/);
    expect(problem(await call(alice.token, 'POST', '/v1/accounts', { name: 'bob' }))).toEqual([403, 'forbidden']);
    expect(problem(await call(OPERATOR, 'GET', '/v1/accounts/self/clusters'))).toEqual([404, 'not-found']);
    expect(problem(await call(OPERATOR, 'GET', `/v1/accounts/${alice.id}/clusters`))).toEqual([404, 'not-found']);
    expect((await call(alice.token, 'GET', `/v1/accounts/${alice.id}`)).body).toEqual({
      id: alice.id,
      name: 'alice',
      plan: 'standard',
      createdAt: '2026-11-21T00:00:00.000Z',
    });
  });

  it('makes no accounts at all without an operator', async () => {
    const { call } = makeManagement({ operatorSha256: undefined });
    expect(problem(await call(OPERATOR, 'POST', '/v1/accounts', { name: 'bob' }))).toEqual([401, 'unauthenticated']);
  });

  it('refuses browsers that come from another site or under a foreign name', async () => {
    const { call, account } = makeManagement({ hosts: ['atoll.test'] });
    const { token } = await account('alice');
    const get = (headers: Record<string, string>) => call(token, 'GET', '/v1/accounts/self/clusters', undefined, headers);
    expect((await get({ origin: ORIGIN })).status).toBe(200);
    expect(problem(await get({ origin: 'https://evil.test' }))).toEqual([403, 'foreign-origin']);
    expect(problem(await get({ origin: 'null' }))).toEqual([403, 'foreign-origin']);
    expect(problem(await get({ 'sec-fetch-site': 'cross-site' }))).toEqual([403, 'foreign-origin']);
    expect(problem(await get({ host: 'rebound.test', 'sec-fetch-site': 'same-origin' }))).toEqual([403, 'foreign-origin']);
    expect((await get({ host: 'by-address.test' })).status).toBe(200);
  });
});

describe('tokens', () => {
  it('are shown once, listed by their beginning, and dead when deleted', async () => {
    const { call, account } = makeManagement();
    const { token } = await account('alice');
    const made = (await call(token, 'POST', '/v1/accounts/self/tokens', { name: 'ci', scope: 'admin' })).body;
    const listed = await call(made.token, 'GET', '/v1/accounts/self/tokens');
    expect(listed.body.items.map((t: { name: string }) => t.name).sort()).toEqual(['ci', 'first']);
    expect(listed.text).not.toContain(made.token);
    expect(listed.text).toContain(made.token.slice(0, 10));
    expect((await call(token, 'DELETE', `/v1/accounts/self/tokens/${made.id}`)).status).toBe(204);
    expect(problem(await call(made.token, 'GET', '/v1/accounts/self/tokens'))).toEqual([401, 'unauthenticated']);
    expect(problem(await call(token, 'DELETE', `/v1/accounts/self/tokens/${made.id}`))).toEqual([404, 'not-found']);
  });

  it('of another account are not there', async () => {
    const { call, account } = makeManagement();
    const [alice, bob] = [await account('alice'), await account('bob')];
    const { id } = (await call(alice.token, 'POST', '/v1/accounts/self/tokens', { name: 'ci' })).body;
    expect(problem(await call(bob.token, 'DELETE', `/v1/accounts/self/tokens/${id}`))).toEqual([404, 'not-found']);
  });
});

describe('clusters', () => {
  it('are made with options and a kubeconfig, got, listed and deleted', async () => {
    const { call, account, clusters } = makeManagement({ ca: 'PEM', url: 'https://localhost:8443' });
    const { token } = await account('alice');
    const made = await call(token, 'POST', '/v1/accounts/self/clusters', { name: 'demo', legacyApis: true });
    expect(made.status).toBe(201);
    const { kubeconfig, ...cluster } = made.body;
    expect(cluster).toEqual({
      id: cluster.id,
      name: 'demo',
      state: 'ready',
      apiOnly: false,
      legacyApis: true,
      nodes: 3,
      clock: 'real',
      labels: {},
      isTemplate: false,
      server: `https://localhost:8443/clusters/${cluster.id}`,
      createdBy: expect.stringMatching(/^token:/),
      createdAt: '2026-11-21T00:00:00.000Z',
      updatedAt: '2026-11-21T00:00:00.000Z',
    });
    expect(clusters.made.get(cluster.id)?.options).toEqual({
      id: cluster.id,
      name: 'demo',
      apiOnly: false,
      legacyApis: true,
      nodes: 3,
      clock: 'real',
      caPem: 'PEM',
    });
    expect(load(kubeconfig)).toMatchObject({
      'current-context': 'atoll-demo',
      clusters: [{ cluster: { server: cluster.server, 'certificate-authority-data': btoa('PEM') } }],
      users: [{ user: { token: expect.stringMatching(/^atollk_[0-9A-Za-z]{49}$/) } }],
    });
    expect((await call(token, 'GET', '/v1/accounts/self/clusters')).body).toEqual({ items: [cluster] });
    for (const key of [cluster.id, 'demo'])
      expect((await call(token, 'GET', `/v1/accounts/self/clusters/${key}`)).body).toEqual(cluster);
    expect((await call(token, 'GET', '/v1/accounts/self/clusters/demo/usage')).body.meter.watchers).toBe(0);
    const another = await call(token, 'POST', '/v1/accounts/self/clusters/demo/kubeconfig', { role: 'view' });
    expect(load(another.text)).toMatchObject({ users: [{ user: { token: expect.stringMatching(/^atollk_/) } }] });
    expect((await call(token, 'DELETE', '/v1/accounts/self/clusters/demo?grace=0')).status).toBe(204);
    expect(clusters.databases.size).toBe(0);
    expect(problem(await call(token, 'GET', `/v1/accounts/self/clusters/${cluster.id}`))).toEqual([404, 'not-found']);
  });

  it('of another account are as absent as ones that never were', async () => {
    const { call, account } = makeManagement();
    const [alice, bob] = [await account('alice'), await account('bob')];
    const { id } = (await call(alice.token, 'POST', '/v1/accounts/self/clusters', { name: 'demo' })).body;
    for (const path of [id, 'demo']) {
      for (const [method, rest] of [
        ['GET', ''],
        ['DELETE', ''],
        ['POST', '/kubeconfig'],
        ['GET', '/usage'],
      ]) {
        expect(
          problem(await call(bob.token, method, `/v1/accounts/self/clusters/${path}${rest}`, method === 'POST' ? {} : undefined)),
        ).toEqual([404, 'not-found']);
      }
    }
    expect((await call(bob.token, 'GET', '/v1/accounts/self/clusters')).body).toEqual({ items: [] });
    expect((await call(bob.token, 'POST', '/v1/accounts/self/clusters', { name: 'demo' })).status).toBe(201);
  });

  it('have names of their own within an account', async () => {
    const { call, account } = makeManagement();
    const { token } = await account('alice');
    await call(token, 'POST', '/v1/accounts/self/clusters', { name: 'demo' });
    expect(problem(await call(token, 'POST', '/v1/accounts/self/clusters', { name: 'demo' }))).toEqual([409, 'name-taken']);
  });

  it('leave no row when their object cannot be made', async () => {
    const { call, account, clusters } = makeManagement();
    const { token } = await account('alice');
    clusters.fail = new Error('no room');
    expect(problem(await call(token, 'POST', '/v1/accounts/self/clusters', { name: 'demo' }))).toEqual([500, 'internal']);
    clusters.fail = undefined;
    expect((await call(token, 'POST', '/v1/accounts/self/clusters', { name: 'demo' })).status).toBe(201);
  });
});

describe('bad requests', () => {
  it('are told what is wrong', async () => {
    const { call, account } = makeManagement();
    const { token } = await account('alice');
    for (const body of [
      {},
      { name: 'Demo' },
      { name: '' },
      { name: 'x'.repeat(64) },
      { name: 'demo', nodes: -1 },
      { name: 'demo', apiOnly: 'yes' },
      '{',
      '[]',
    ]) {
      expect(problem(await call(token, 'POST', '/v1/accounts/self/clusters', body)), JSON.stringify(body)).toEqual([
        400,
        'invalid-request',
      ]);
    }
    expect((await call(token, 'POST', '/v1/accounts/self/clusters', { name: 'Demo' })).body.detail).toMatch(/^name: lower-case/);
    expect(problem(await call(token, 'POST', '/v1/accounts/self/clusters', 'x'.repeat(70_000)))).toEqual([413, 'too-large']);
    expect(problem(await call(token, 'GET', '/v1/nothing'))).toEqual([404, 'not-found']);
  });
});
