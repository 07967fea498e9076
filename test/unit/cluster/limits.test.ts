import { describe, expect, it } from 'vitest';
import { makeCluster } from '../../host/make-cluster.ts';

const ITEMS = '/api/v1/namespaces/default/configmaps';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const configMap = (name: string, size = 0) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...(size > 0 && { data: { pad: 'x'.repeat(size) } }),
});
const deployment = (replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'wide' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'wide' } },
    template: { metadata: { labels: { app: 'wide' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});

describe('objects of a cluster', () => {
  it('[MG76] beyond the plan are refused as a quota does, until some go', () => {
    const host = makeCluster({ apiOnly: true });
    const used = host.cluster.registry.store.live();
    host.cluster.limits.set({ plan: 'small', objects: used + 2 });
    expect(host.do('POST', ITEMS, configMap('a')).status).toBe(201);
    expect(host.do('POST', ITEMS, configMap('b')).status).toBe(201);
    const refused = host.do('POST', ITEMS, configMap('c'));
    expect(refused.status).toBe(403);
    const n = used + 2;
    expect(refused.body).toMatchObject({
      reason: 'Forbidden',
      message: `configmaps "c" is forbidden: exceeded quota: small, requested: objects=1, used: objects=${n}, limited: objects=${n}`,
      details: { name: 'c', kind: 'configmaps' },
    });
    expect(host.do('GET', `${ITEMS}/c`).status).toBe(404);
    expect(host.do('PATCH', `${ITEMS}/a`, { data: { a: 'b' } }, MERGE).status).toBe(200);
    expect(host.do('DELETE', `${ITEMS}/a`).status).toBe(200);
    expect(host.do('POST', ITEMS, configMap('c')).status).toBe(201);
  });

  it('[MG76] are asked last: what others refuse is refused in their words, and a dry run ends as the write would', () => {
    const host = makeCluster({ apiOnly: true });
    host.cluster.limits.set({ plan: 'small', objects: 1 });
    const elsewhere = '/api/v1/namespaces/nowhere/configmaps';
    expect(host.do('POST', elsewhere, configMap('a')).body.message).toBe('namespaces "nowhere" not found');
    expect(host.do('POST', ITEMS, configMap('A')).body.reason).toBe('Invalid');
    for (const query of ['', '?dryRun=All']) {
      expect(host.do('POST', `${ITEMS}${query}`, configMap('a')).body.message).toContain('exceeded quota: small');
    }
  });

  it('[MG76] that controllers want are refused too, and the rollout says why', () => {
    const host = makeCluster();
    const room = 15;
    host.cluster.limits.set({ plan: 'small', objects: host.cluster.registry.store.live() + room });
    expect(host.do('POST', '/apis/apps/v1/namespaces/default/deployments', deployment(100)).status).toBe(201);
    host.advance(60_000);
    expect(host.cluster.registry.objects('pods', 'default').length).toBeLessThan(room);
    const [set] = host.cluster.registry.objects('apps/replicasets', 'default');
    const failure = set.status.conditions.find((c: { type: string }) => c.type === 'ReplicaFailure');
    expect(failure).toMatchObject({
      status: 'True',
      reason: 'FailedCreate',
      message: expect.stringContaining('exceeded quota: small'),
    });
    host.do('DELETE', '/apis/apps/v1/namespaces/default/deployments/wide');
    host.advance(120_000);
    expect(host.cluster.registry.objects('pods', 'default')).toEqual([]);
  });
});

describe('bytes of an object', () => {
  it('[MG76] beyond the plan are too large, for new ones and for what grows by the wish of a client', () => {
    const host = makeCluster({ apiOnly: true });
    const padded = (name: string, bytes: number) => ({ ...configMap(name), data: { pad: 'x'.repeat(bytes) } });
    expect(host.do('POST', ITEMS, padded('before', 5_000)).status).toBe(201);
    host.cluster.limits.set({ plan: 'small', objectBytes: 4_000 });
    const refused = host.do('POST', ITEMS, padded('large', 4_000));
    expect(refused.status).toBe(413);
    expect(refused.body).toMatchObject({
      reason: 'RequestEntityTooLarge',
      message: expect.stringMatching(
        /^Request entity too large: the limit "objectBytes" of the plan "small" is 4000, and this has 4\d{3}$/,
      ),
    });
    expect(host.do('GET', `${ITEMS}/large`).status).toBe(404);
    expect(host.do('POST', ITEMS, padded('fits', 3_000)).status).toBe(201);
    expect(host.do('PATCH', `${ITEMS}/fits`, { data: { more: 'x'.repeat(1_000) } }, MERGE).status).toBe(413);
    expect(host.do('GET', `${ITEMS}/fits`).body.data.more).toBeUndefined();
    expect(host.do('PATCH', `${ITEMS}/before`, { data: { pad: 'x'.repeat(4_500) } }, MERGE).status, 'shrinks').toBe(200);
  });
});

describe('bytes of a cluster', () => {
  it.each([true, false])(
    '[MG76] beyond the plan nothing grows by the wish of a client, and deleting makes room (apiOnly: %s)',
    (apiOnly) => {
      const host = makeCluster({ apiOnly });
      host.do('POST', ITEMS, configMap('small'));
      const limit = host.sql.size() + 600_000;
      host.cluster.limits.set({ plan: 'small', bytes: limit });
      const made: string[] = [];
      for (let n = 0; n < 20; n++) {
        host.now += 1000;
        const answer = host.do('POST', ITEMS, configMap(`large-${n}`, 100_000));
        if (answer.status !== 201) {
          expect(answer.body.message).toMatch(
            /exceeded quota: small, requested: bytes=\d+, used: bytes=\d+, limited: bytes=\d+$/,
          );
          break;
        }
        made.push(`large-${n}`);
      }
      expect(made.length).toBeGreaterThan(2);
      expect(made.length).toBeLessThan(8);
      expect(host.sql.size()).toBeLessThan(limit + 100_000);
      const grow = { data: { pad: 'x'.repeat(200_000) } };
      expect(host.do('PATCH', `${ITEMS}/small`, grow, MERGE).status).toBe(403);
      expect(host.do('PATCH', `${ITEMS}/${made[0]}`, { data: { pad: 'y' } }, MERGE).status).toBe(200);
      for (const name of made) {
        host.now += 1000;
        expect(host.do('DELETE', `${ITEMS}/${name}`).status).toBe(200);
      }
      expect(host.sql.size()).toBeLessThan(limit - 300_000);
      host.now += 1000;
      expect(host.do('POST', ITEMS, configMap('again', 100_000)).status).toBe(201);
    },
  );

  it('[MG76] the cluster itself goes on: pods end, and say so', () => {
    const host = makeCluster();
    host.do('POST', '/apis/apps/v1/namespaces/default/deployments', deployment(3));
    host.advance(10_000);
    expect(host.cluster.registry.objects('pods', 'default')).toHaveLength(3);
    host.cluster.limits.set({ plan: 'small', bytes: 1 });
    expect(host.do('DELETE', '/apis/apps/v1/namespaces/default/deployments/wide').status).toBe(200);
    host.advance(120_000);
    expect(host.cluster.registry.objects('pods', 'default')).toEqual([]);
  });
});

describe('requests and watches', () => {
  it('[MG77] beyond the rate are told when to come back, if they are somebody', () => {
    const host = makeCluster({ apiOnly: true });
    host.cluster.limits.set({ plan: 'small', requestsPerSecond: 2, requestBurst: 3 });
    for (let n = 0; n < 3; n++) expect(host.do('GET', ITEMS).status).toBe(200);
    const refused = host.do('GET', ITEMS);
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'retry-after-ms': '500' });
    expect(refused.body).toMatchObject({
      reason: 'TooManyRequests',
      message: 'the limit "requestsPerSecond" of the plan "small" is reached (2, at once 3)',
      details: { retryAfterSeconds: 1 },
    });
    expect(host.do('GET', ITEMS, undefined, { authorization: 'Bearer wrong' }).status).toBe(401);
    host.now += 499;
    expect(host.do('GET', ITEMS).status).toBe(429);
    host.now += 1;
    expect(host.do('GET', ITEMS).status).toBe(200);
    const { requests } = host.cluster.usage.hours(0, Number.MAX_SAFE_INTEGER, host.now)[0];
    expect(requests).toBe(4);
  });

  it('[MG77] beyond the bytes that they were sent are told when to come back; what has begun comes whole, and events count', () => {
    const host = makeCluster({ apiOnly: true });
    host.do('POST', ITEMS, configMap('large', 10_000));
    host.cluster.limits.set({ plan: 'small', egressPerSecond: 1_000, egressBurst: 15_000 });
    const get = () => host.do('GET', `${ITEMS}/large`);
    expect(get().status).toBe(200);
    expect(get().body.data.pad, 'over the bound, and whole').toHaveLength(10_000);
    const refused = get();
    expect(refused.status).toBe(429);
    expect(refused.body.message).toBe('the limit "egressPerSecond" of the plan "small" is reached (1000, at once 15000)');
    const seconds = Number(refused.headers['retry-after']);
    expect(seconds).toBeGreaterThanOrEqual(5);
    host.now += seconds * 1000;
    const watch = host.watch(`${ITEMS}?watch=1`);
    expect(host.do('PATCH', `${ITEMS}/large`, { data: { more: 'x' } }, MERGE).status, 'the first event made it overdrawn').toBe(
      429,
    );
    expect(JSON.stringify(watch.events).length, 'and came whole').toBeGreaterThan(10_000);
    host.now += 60_000;
    host.do('PATCH', `${ITEMS}/large`, { data: { pad: 'y'.repeat(30_000) } }, MERGE);
    host.now += 60_000;
    expect(get().status, 'the answer and the event are made up for').toBe(200);
    watch.close();
  });

  it('[MG77] beyond the watches are told so, until one ends', () => {
    const host = makeCluster({ apiOnly: true });
    host.cluster.limits.set({ plan: 'small', watches: 2 });
    const first = host.watch(`${ITEMS}?watch=1`);
    host.watch(`${ITEMS}?watch=1`);
    const refused = host.do('GET', `${ITEMS}?watch=1`);
    expect([refused.status, refused.body.message]).toEqual([429, 'the limit "watches" of the plan "small" is reached (2)']);
    first.close();
    host.watch(`${ITEMS}?watch=1`).close();
  });
});

describe('the plan', () => {
  it('[MG75] is with the cluster from birth, and over a crash', () => {
    const limits = { plan: 'small', watches: 0 };
    const host = makeCluster({ apiOnly: true, limits });
    expect(host.do('GET', `${ITEMS}?watch=1`).status).toBe(429);
    host.crash();
    expect(host.do('GET', `${ITEMS}?watch=1`).status).toBe(429);
    expect(host.cluster.options).not.toHaveProperty('limits');
  });
});
