import { describe, expect, it } from 'vitest';
import { PRINCIPAL_BURST, ANONYMOUS_BURST, ANONYMOUS_TOTAL_BURST } from '../../../src/management/limits.ts';
import { clusterLimits, PLANS } from '../../../src/management/plans.ts';
import { Rates } from '../../../src/management/http/rates.ts';
import { limitsOf } from '../../../src/cluster/plan-limits.ts';
import { makeManagement, OPERATOR, ORIGIN } from './world.ts';

type World = ReturnType<typeof makeManagement>;
const create = ({ call }: World, token: string, name: string) =>
  call(token, 'POST', '/v1/accounts/self/clusters', { name, apiOnly: true });
const setPlan = ({ call }: World, id: string, plan: string, token = OPERATOR) =>
  call(token, 'PATCH', `/v1/accounts/${id}/plan`, { plan });
const limits = ({ clusters }: World, id: string) => {
  const platform = clusters.databases.get(id);
  return platform && limitsOf(platform.sql);
};

describe('the plan of an account', () => {
  it('[MG75] is the standard one until the operator says another', async () => {
    const world = makeManagement();
    const { id, token } = await world.account('alice');
    const { body: cluster } = await create(world, token, 'first');
    expect(limits(world, cluster.id)).toEqual(clusterLimits('standard'));
    expect((await setPlan(world, id, 'free', token)).status).toBe(403);
    expect((await setPlan(world, id, 'golden')).status).toBe(400);
    expect((await setPlan(world, 'nobody', 'free')).status).toBe(404);
    expect((await setPlan(world, id, 'free')).body).toMatchObject({ id, plan: 'free' });
    expect((await world.call(token, 'GET', `/v1/accounts/${id}`)).body.plan).toBe('free');
    const second = (await create(world, token, 'second')).body;
    expect(limits(world, second.id)).toEqual(clusterLimits('free'));
    expect(limits(world, cluster.id)).toEqual(clusterLimits('standard'));
    await world.pass(1000);
    expect(limits(world, cluster.id)).toEqual(clusterLimits('free'));
    expect(world.clusters.made.get(cluster.id)?.limits.turnMs).toBe(PLANS.free.cluster.turnMs);
  });

  it('[MG75] bounds the clusters, and says so by name', async () => {
    const world = makeManagement();
    const { id, token } = await world.account('alice');
    await setPlan(world, id, 'free');
    for (let n = 0; n < PLANS.free.clusters; n++) expect((await create(world, token, `c-${n}`)).status).toBe(201);
    const refused = await create(world, token, 'more');
    expect([refused.status, refused.body.code, refused.body.detail]).toEqual([
      429,
      'limit-reached',
      'the plan "free" allows 3 clusters',
    ]);
    expect((await world.call(token, 'DELETE', '/v1/accounts/self/clusters/c-0')).status).toBe(200);
    expect((await create(world, token, 'more')).status).toBe(201);
    expect((await world.call(token, 'POST', '/v1/accounts/self/clusters/c-0/restore')).status).not.toBe(200);
    await setPlan(world, id, 'unlimited');
    expect((await create(world, token, 'and-more')).status).toBe(201);
  });

  it('[MG75] is told to forks, to those that rest, and again to those that could not be reached', async () => {
    const world = makeManagement();
    const { id, token } = await world.account('alice');
    const { body: source } = await create(world, token, 'source');
    await setPlan(world, id, 'free');
    const fork = (await world.call(token, 'POST', '/v1/accounts/self/clusters/source/fork', { name: 'fork' })).body;
    expect(limits(world, fork.id)).toEqual(clusterLimits('free'));
    await world.pass(1000);
    await world.call(token, 'POST', '/v1/accounts/self/clusters/source/suspend');
    const limit = world.clusters.limit.bind(world.clusters);
    world.clusters.limit = () => Promise.reject(new Error('no answer'));
    await setPlan(world, id, 'standard');
    await world.pass(5000);
    expect(limits(world, source.id)).toEqual(clusterLimits('free'));
    world.clusters.limit = limit;
    await world.pass(60_000);
    for (const one of [source, fork]) expect(limits(world, one.id)).toEqual(clusterLimits('standard'));
    const pending = world.raw.prepare('SELECT count(*) AS n FROM accounts WHERE plan_due IS NOT NULL').get() as { n: number };
    expect(pending.n).toBe(0);
  });
});

describe('rates of the management API', () => {
  const ask = async ({ app }: World, token: string | undefined, address = '192.0.2.1', path = '/v1/me') => {
    const headers = { host: 'atoll.test', 'cf-connecting-ip': address, ...(token && { authorization: `Bearer ${token}` }) };
    const answer = await app.request(`${ORIGIN}${path}`, { headers });
    return { status: answer.status, retry: answer.headers.get('retry-after') };
  };
  const many = async (count: number, request: () => Promise<{ status: number }>) => {
    const found = new Map<number, number>();
    for (let n = 0; n < count; n++) {
      const { status } = await request();
      found.set(status, (found.get(status) ?? 0) + 1);
    }
    return found;
  };

  it('[MG78] bound each principal by itself, but not the operator', async () => {
    const world = makeManagement({ rates: new Rates() });
    const [alice, bob] = [await world.account('alice'), await world.account('bob')];
    expect(await many(PRINCIPAL_BURST, () => ask(world, alice.token))).toEqual(new Map([[200, PRINCIPAL_BURST]]));
    expect(await ask(world, alice.token)).toEqual({ status: 429, retry: '1' });
    expect((await ask(world, bob.token)).status).toBe(200);
    expect(await many(PRINCIPAL_BURST + 1, () => ask(world, OPERATOR))).toEqual(new Map([[200, PRINCIPAL_BURST + 1]]));
    world.clock.now += 1000;
    expect((await ask(world, alice.token)).status).toBe(200);
  });

  it('[MG78] bound strangers by their address, and all of them together', async () => {
    const world = makeManagement({ rates: new Rates() });
    const { token } = await world.account('alice');
    const wrong = `${token.slice(0, -1)}${token.endsWith('x') ? 'y' : 'x'}`;
    const page = '/v1/problems/not-found';
    expect(await many(ANONYMOUS_BURST - 1, () => ask(world, undefined, '192.0.2.1', page))).toEqual(
      new Map([[200, ANONYMOUS_BURST - 1]]),
    );
    expect((await ask(world, wrong)).status).toBe(401);
    expect((await ask(world, wrong)).status).toBe(429);
    expect((await ask(world, undefined, '192.0.2.1', page)).status).toBe(429);
    expect((await ask(world, token)).status).toBe(200);
    expect((await ask(world, undefined, '192.0.2.2', page)).status).toBe(200);
    let n = 3;
    await many(ANONYMOUS_TOTAL_BURST, () => ask(world, undefined, `198.51.100.${n++}`, page));
    expect((await ask(world, undefined, '203.0.113.1', page)).status).toBe(429);
    expect((await ask(world, token)).status).toBe(200);
  });
});
