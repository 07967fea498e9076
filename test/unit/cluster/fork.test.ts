import { timersIn } from '../../host/timers-in.ts';
import { settle } from '../../host/settle.ts';
import { atOnce } from '../../fixtures/api.ts';
import { describe, expect, it } from 'vitest';
import { isStream } from '../../../src/apiserver/messages.ts';
import { Cluster } from '../../../src/cluster/cluster.ts';
import type { Platform } from '../../../src/cluster/platform.ts';
import { beginFork, finishFork, forkOf, takeChunk } from '../../../src/cluster/fork.ts';
import { storeLifecycle } from '../../../src/cluster/lifecycle.ts';
import { seeded } from '../../fixtures/prng.ts';
import { nodeCrypto } from '../../host/crypto.ts';
import { type TestCluster, makeCluster } from '../../host/make-cluster.ts';
import { openSqlite } from '../../host/sqlite.ts';

const OWN = { id: 'copy', name: 'copy' };
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const MAPS = '/api/v1/namespaces/default/configmaps';
const deployment = (name: string, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});
const map = (name: string, value: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value } });

const platformOf = (seed: number): Platform => {
  const random = seeded(seed);
  return { sql: openSqlite(), random, crypto: nodeCrypto(random) };
};

/** Everything that lives, as it is served. */
const contents = (cluster: Cluster) =>
  cluster.registry.store.sql.all(
    'SELECT h.resource, h.namespace, h.name, h.rev, l.json FROM heads h JOIN log l ON l.rev = h.rev ORDER BY 1, 2, 3',
  );

/** Copies a whole cluster; `between` happens to the source before each chunk. */
function fork(source: TestCluster, between: () => void = () => undefined, platform = platformOf(77)): Cluster {
  const start = source.cluster.exportStart(source.now);
  let at = beginFork(platform.sql, 'source', OWN, start);
  while (at.done < at.total) {
    between();
    expect(Cluster.open(platform), 'no cluster before it is whole').toBeUndefined();
    const chunk = source.cluster.exportChunk(at.revision, at.after, source.now);
    if (!chunk) throw new Error('the source is gone');
    at = takeChunk(platform.sql, at, chunk);
  }
  finishFork(platform.sql, platform.crypto);
  const cluster = Cluster.open(platform);
  if (!cluster) throw new Error('no cluster');
  return cluster;
}

const asked = (cluster: Cluster, now: number, token: string, url: string, method = 'GET', body?: object) =>
  atOnce(
    cluster.handle({
      method,
      url,
      header: (name) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' })[name] ?? null,
      body: body ? JSON.stringify(body) : '',
      now,
    }),
  );
const statusOf = (answer: ReturnType<typeof asked>) => (isStream(answer) ? 'watch' : answer.status);

describe('[MG26] a fork', () => {
  it('has the same objects at the same revisions', () => {
    const source = makeCluster();
    source.do('POST', DEPLOYMENTS, deployment('web', 3));
    source.do('POST', MAPS, map('gone', 'x'));
    source.do('DELETE', `${MAPS}/gone`);
    const copy = fork(source);
    expect(contents(copy)).toEqual(contents(source.cluster));
    expect(copy.registry.store.revision()).toBe(source.cluster.registry.store.revision());
    const refs = (cluster: Cluster) => cluster.registry.store.sql.all('SELECT * FROM refs ORDER BY 1, 2, 3, 4');
    expect(refs(copy)).toEqual(refs(source.cluster));
    expect(refs(copy).length).toBeGreaterThan(3);
    expect(timersIn(copy.registry.store.sql)).toEqual(timersIn(source.sql));
    expect(copy.options).toEqual({ ...source.cluster.options, ...OWN });
  });

  it('is of one revision, however the source goes on meanwhile', () => {
    const source = makeCluster({ apiOnly: true });
    for (let i = 0; i < 3000; i++) source.request('POST', MAPS, map(`m-${i}`, 'x'.repeat(400)));
    const before = contents(source.cluster);
    let n = 0;
    let rounds = 0;
    const copy = fork(source, () => {
      rounds++;
      for (let i = 0; i < 200; i++)
        source.request('PUT', `${MAPS}/m-${(n * 37) % 3000}`, map(`m-${(n++ * 37) % 3000}`, 'changed'));
      source.request('DELETE', `${MAPS}/m-${2999 - rounds}`);
      source.request('POST', MAPS, map(`a-${rounds}`, 'new'));
      settle(source.cluster, source.now);
    });
    expect(rounds).toBeGreaterThan(2);
    expect(contents(copy)).toEqual(before);
  });

  it('takes what hardly fits into a row', () => {
    const source = makeCluster({ apiOnly: true });
    source.request('POST', MAPS, map('large', '"'.repeat(500_000)));
    source.request('POST', MAPS, map('larger', 'ä'.repeat(500_000)));
    for (let i = 0; i < 5; i++) source.request('POST', MAPS, map(`quotes-${i}`, '"\\'.repeat(100_000)));
    let largest = 0;
    const start = source.cluster.exportStart(source.now);
    for (let after: { resource: string; namespace: string; name: string } | undefined; ; ) {
      const chunk = source.cluster.exportChunk(start.revision, after, source.now);
      if (!chunk?.last) break;
      after = chunk.last;
      largest = Math.max(largest, Buffer.byteLength(chunk.packed ?? chunk.single?.json ?? ''));
    }
    expect(largest).toBeLessThan(2_000_000);
    expect(contents(fork(source))).toEqual(contents(source.cluster));
  });

  it('goes its own way, and works on with what was due', () => {
    const source = makeCluster();
    source.do('POST', DEPLOYMENTS, deployment('web', 2));
    source.advance(60_000);
    const copy = fork(source);
    const token = copy.issue({ id: 'a', username: 'u', role: 'admin' }, source.now);
    expect(statusOf(asked(copy, source.now, token, `${DEPLOYMENTS}/web`, 'DELETE'))).toBe(200);
    for (let i = 0; i < 100; i++) {
      settle(copy, source.now + i * 1000);
      copy.removeExpired(source.now + i * 1000);
    }
    expect(copy.registry.store.count({ resource: 'pods' })).toBe(0);
    expect(source.cluster.registry.store.count({ resource: 'pods' })).toBe(2);
  });

  it('derives what is due when the source was at work', () => {
    const source = makeCluster();
    source.request('POST', DEPLOYMENTS, deployment('web', 5));
    const start = source.cluster.exportStart(source.now, () => false);
    expect(start.timers).toBeUndefined();
    const busy = makeCluster();
    busy.request('POST', DEPLOYMENTS, deployment('web', 5));
    storeLifecycle(busy.sql, { version: 1, state: 'suspended' });
    busy.crash();
    const copy = fork(busy);
    const end = busy.now + 60_000;
    for (let now = busy.now; now <= end; now += 100) {
      copy.removeExpired(now);
      settle(copy, now);
    }
    const web = copy.registry.object('apps/deployments', 'default', 'web');
    expect(web?.status.readyReplicas).toBe(5);
    expect(copy.registry.store.sql.all("SELECT 1 FROM meta WHERE key = 'derive'")).toEqual([]);
  });

  it('knows no token of its source, neither credentials nor of service accounts', () => {
    const source = makeCluster();
    const url = '/api/v1/namespaces/default/serviceaccounts/default/token';
    const { token } = source.do('POST', url, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }).body
      .status;
    expect(statusOf(asked(source.cluster, source.now, token, '/version'))).toBe(200);
    const copy = fork(source);
    expect(statusOf(asked(copy, source.now, token, '/api'))).toBe(401);
    expect(statusOf(asked(copy, source.now, source.token, '/api'))).toBe(401);
    const meta = (cluster: Cluster, key: string) => cluster.registry.store.sql.all('SELECT value FROM meta WHERE key = ?', key);
    expect(meta(copy, 'signing-key')).not.toEqual(meta(source.cluster, 'signing-key'));
    expect(copy.registry.store.sql.all('SELECT * FROM credentials')).toEqual([]);
  });

  it('[CTL350] signs the tokens of token Secrets anew; one that no cluster signed stays', () => {
    const source = makeCluster();
    const secret = (name: string, more: object = {}) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/service-account-token',
      metadata: { name, annotations: { 'kubernetes.io/service-account.name': 'default' } },
      ...more,
    });
    const url = '/api/v1/namespaces/default/secrets';
    source.do('POST', url, secret('robot'));
    source.do('POST', url, secret('other', { stringData: { token: 'kept' } }));
    const tokenIn = (cluster: Cluster, name: string) =>
      Buffer.from(cluster.registry.object('secrets', 'default', name)?.data.token ?? '', 'base64').toString();
    settle(source.cluster, source.now);
    const old = tokenIn(source.cluster, 'robot');
    expect(statusOf(asked(source.cluster, source.now, old, '/version'))).toBe(200);
    const copy = fork(source);
    expect(tokenIn(copy, 'robot'), 'what the source signed is gone before anything acts').toBe('');
    settle(copy, source.now);
    const own = tokenIn(copy, 'robot');
    expect([statusOf(asked(copy, source.now, own, '/version')), statusOf(asked(copy, source.now, old, '/version'))]).toEqual([
      200, 401,
    ]);
    expect(statusOf(asked(source.cluster, source.now, own, '/version'))).toBe(401);
    expect(tokenIn(copy, 'other')).toBe('kept');
    expect(tokenIn(source.cluster, 'robot')).toBe(old);
  });

  it('has no history before it: watches from there get 410', () => {
    const source = makeCluster();
    const old = source.do('POST', MAPS, map('one', '1')).body.metadata.resourceVersion;
    source.do('POST', MAPS, map('two', '2'));
    const copy = fork(source);
    const token = copy.issue({ id: 'a', username: 'u', role: 'admin' }, source.now);
    const events = (rev: string) => {
      const answer = asked(copy, source.now, token, `${MAPS}?watch=1&resourceVersion=${rev}`);
      if (!isStream(answer)) return answer.body;
      const seen: string[] = [];
      answer.open({ send: (text) => void seen.push(String(text)), save: () => undefined, close: () => undefined });
      asked(copy, source.now, token, MAPS, 'POST', map(`new-${rev}`, 'n'));
      copy.flush(source.now);
      return seen.join('');
    };
    expect(events(old)).toContain('"code":410');
    expect(events(String(copy.registry.store.revision()))).toContain('"type":"ADDED"');
  });

  it('of a fork is a fork too', () => {
    const source = makeCluster();
    source.do('POST', DEPLOYMENTS, deployment('web', 2));
    const platform = platformOf(5);
    const first = fork(source, undefined, platform);
    settle(first, source.now);
    const second = fork({ ...source, cluster: first, now: source.now } as TestCluster, undefined, platformOf(6));
    expect(contents(second)).toEqual(contents(first));
  });

  it('says so when its source has lost that revision, and when two go on with it', () => {
    const source = makeCluster({ apiOnly: true });
    for (let i = 0; i < 1500; i++) source.request('POST', MAPS, map(`m-${i}`, 'x'));
    const start = source.cluster.exportStart(source.now);
    source.request('PUT', `${MAPS}/m-1`, map('m-1', 'y'));
    source.cluster.registry.store.compact(source.cluster.registry.store.revision());
    expect(source.cluster.exportChunk(start.revision, undefined, source.now)).toBeUndefined();
    const platform = platformOf(8);
    const fresh = source.cluster.exportStart(source.now);
    const begun = beginFork(platform.sql, 'source', OWN, fresh);
    const chunk = source.cluster.exportChunk(begun.revision, undefined, source.now);
    if (!chunk) throw new Error('no chunk');
    takeChunk(platform.sql, begun, chunk);
    expect(() => takeChunk(platform.sql, begun, chunk)).toThrow('somebody else');
    expect(() => beginFork(platform.sql, 'source', OWN, fresh)).toThrow('there is a cluster already');
    expect(forkOf(platform.sql)?.done).toBe(chunk.count);
  });
});

describe('[MG24] a standing', () => {
  it('suspended: 503 for those who are known, as ever for strangers; nothing goes on until it is resumed', () => {
    const host = makeCluster();
    host.do('POST', DEPLOYMENTS, deployment('web', 2));
    expect(host.cluster.nextAlarm()).toBeDefined();
    expect(storeLifecycle(host.sql, { version: 3, state: 'suspended' })).toBe('changed');
    host.crash();
    const refused = host.request('GET', '/api/v1/pods');
    expect([refused.status, refused.body.reason, refused.body.kind]).toEqual([503, 'ServiceUnavailable', 'Status']);
    expect(refused.body.message).toContain('suspended');
    expect(host.request('GET', '/healthz').status).toBe(503);
    const strange = { authorization: 'Bearer x' };
    expect(host.request('GET', '/api/v1/pods', undefined, strange).status).toBe(401);
    expect(host.request('GET', '/healthz', undefined, { authorization: '' }).status).toBe(200);
    expect(host.cluster.nextAlarm()).toBeUndefined();
    const revision = host.cluster.registry.store.revision();
    host.now += 3_600_000;
    host.cluster.removeExpired(host.now);
    host.settle();
    expect(host.cluster.registry.store.revision()).toBe(revision);
    expect(storeLifecycle(host.sql, { version: 2, state: 'deleted' }), 'an older word').toBe('same');
    expect(storeLifecycle(host.sql, { version: 4, state: 'ready' })).toBe('changed');
    host.crash();
    expect(host.request('GET', '/api/v1/pods').status).toBe(200);
    host.settle();
    host.advance(1000);
    expect(host.request('GET', `${DEPLOYMENTS}/web`).body.status.readyReplicas).toBe(2);
  });

  it('deleted: there is no cluster; restored: it is as it was', () => {
    const host = makeCluster();
    const before = contents(host.cluster);
    storeLifecycle(host.sql, { version: 1, state: 'deleted' });
    expect(() => host.crash()).toThrow('the cluster is gone');
    storeLifecycle(host.sql, { version: 2, state: 'ready' });
    host.crash();
    expect(contents(host.cluster)).toEqual(before);
  });

  it('is nothing to a database without a cluster, which it leaves empty', () => {
    const { sql } = platformOf(1);
    expect(storeLifecycle(sql, { version: 1, state: 'deleted' })).toBe('none');
    expect(sql.all('SELECT * FROM sqlite_master')).toEqual([]);
  });
});
