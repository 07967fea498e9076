import { settle } from '../host/settle.ts';
import { atOnce } from '../fixtures/api.ts';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isStream } from '../../src/apiserver/messages.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import { seeded } from '../fixtures/prng.ts';
import { audit } from '../../src/management/audit/tables.ts';
import { clusters } from '../../src/management/clusters/tables.ts';
import { tokens } from '../../src/management/tokens/tables.ts';
import { migrate } from '../../src/store/schema.ts';
import { textOf } from '../fixtures/api.ts';
import { nodeCrypto } from '../host/crypto.ts';
import { openSqlite } from '../host/sqlite.ts';
import { makeManagement } from '../unit/management/world.ts';

const released = (name: string): string => readFileSync(new URL(`../fixtures/released/${name}.sql`, import.meta.url), 'utf8');
const secretIn = (sql: string): string[] => sql.match(/(?<= )atollk?_[\w-]{43}$/gm) ?? [];

/** What a release wrote, in a database of its own. */
function databaseOf(name: string) {
  const text = released(name);
  const sql = openSqlite();
  for (const statement of text.replace(/^--.*$/gm, '').split(/;\n(?=CREATE |INSERT |$)/))
    if (statement.trim()) sql.run(statement);
  return { sql, token: secretIn(text)[0] };
}

/** Where the fixture's clock stood. */
const THEN = Date.UTC(2026, 10, 20, 0, 0, 45);
const DEFAULT = '/api/v1/namespaces/default';

function openCluster(name: string) {
  const { sql, token } = databaseOf(name);
  const random = seeded(3);
  const before = sql.all<{ json: string }>('SELECT json FROM log ORDER BY rev').map(({ json }) => json);
  const cluster = Cluster.open({ sql, random, crypto: nodeCrypto(random) });
  if (!cluster) throw new Error('there is no cluster');
  let now = THEN;
  const ask = (method: string, url: string, body?: object, type = 'application/json') => {
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      'content-type': type,
    };
    const text = body ? JSON.stringify(body) : '';
    const answer = atOnce(cluster.handle({ method, url, header: (key) => headers[key] ?? null, body: text, now }));
    if (isStream(answer)) throw new Error('a watch');
    return { status: answer.status, body: JSON.parse(textOf(answer)) };
  };
  const advance = (ms: number) => {
    const end = now + ms;
    for (let next = cluster.nextAlarm(); next !== undefined && next <= end; next = cluster.nextAlarm()) {
      now = Math.max(now, next);
      cluster.removeExpired(now);
      settle(cluster, now);
    }
    now = end;
  };
  return { sql, cluster, before, ask, advance };
}

describe('a cluster of the first release', () => {
  it('is brought to the newest schema when it wakes, its objects equal byte for byte', () => {
    const { sql, before } = openCluster('cluster-1');
    expect(before.length).toBeGreaterThan(50);
    expect(sql.all<{ json: string }>('SELECT json FROM log ORDER BY rev').map(({ json }) => json)).toEqual(before);
    const fresh = openSqlite();
    migrate(fresh);
    const schema = "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name";
    expect(sql.all(schema)).toEqual(fresh.all(schema));
    const tables = fresh.all<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    );
    for (const { name } of tables) {
      const columns = `SELECT name, type, "notnull", pk FROM pragma_table_info('${name}') ORDER BY name`;
      expect(sql.all(columns), name).toEqual(fresh.all(columns));
    }
    const version = "SELECT value FROM meta WHERE key = 'schema'";
    expect(sql.all(version)).toEqual(fresh.all(version));
  });

  it('knows its old token, and serves what it held', () => {
    const { ask } = openCluster('cluster-1');
    expect(ask('GET', `${DEFAULT}/configmaps/kept`).body).toMatchObject({
      data: { k: 'w' },
      metadata: { labels: { of: 'first' } },
    });
    expect(ask('GET', `${DEFAULT}/configmaps/gone`).status).toBe(404);
    expect(ask('GET', `${DEFAULT}/secrets/s`).body.data).toEqual({ p: btoa('q') });
    expect(ask('GET', `${DEFAULT}/configmaps?resourceVersion=0`).status).toBe(200);
    expect(ask('GET', `${DEFAULT}/pods`).body.items).toHaveLength(3);
    const made = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' } };
    expect(ask('POST', `${DEFAULT}/configmaps`, made).status).toBe(201);
    expect(
      ask('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
      }).body.status.userInfo.username,
    ).toBe('kubernetes-admin');
  });

  it('goes on with what it was doing: a rollout, and a timer', () => {
    const { cluster, ask, advance } = openCluster('cluster-1');
    const names = () => ask('GET', `${DEFAULT}/pods`).body.items.map((pod: { metadata: { name: string } }) => pod.metadata.name);
    cluster.removeExpired(THEN);
    settle(cluster, THEN);
    advance(30_000);
    expect(ask('GET', '/apis/apps/v1/namespaces/default/deployments/web').body.status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
    });
    expect(names()).toContain('patient');
    advance(600_000);
    expect(names()).not.toContain('patient');
  });

  it('opens as often as one likes, also when it died in between', () => {
    const { sql } = openCluster('cluster-1');
    const random = seeded(4);
    const open = () => Cluster.open({ sql, random, crypto: nodeCrypto(random) });
    expect(open()?.options).toEqual(open()?.options);
    const { sql: half } = databaseOf('cluster-1');
    const broken = { ...half, run: (text: string) => (text.startsWith('INSERT INTO meta') ? fail() : half.run(text)) };
    const fail = () => {
      throw new Error('the power went');
    };
    expect(() => Cluster.open({ sql: broken as typeof half, random, crypto: nodeCrypto(random) })).toThrow('the power went');
    expect(half.all("SELECT value FROM meta WHERE key = 'schema'")).toEqual([{ value: '1' }]);
    expect(Cluster.open({ sql: half, random, crypto: nodeCrypto(random) })).toBeDefined();
  });
});

describe('a cluster of a release to come', () => {
  it('is refused in a clear sentence, and left as it is', () => {
    const { sql } = databaseOf('cluster-1');
    sql.run("UPDATE meta SET value = '99' WHERE key = 'schema'");
    const before = sql.all('SELECT * FROM meta ORDER BY key');
    const random = seeded(5);
    expect(() => Cluster.open({ sql, random, crypto: nodeCrypto(random) })).toThrow(
      /^the cluster was written by a newer version \(schema 99, known \d+\)$/,
    );
    expect(sql.all('SELECT * FROM meta ORDER BY key')).toEqual(before);
  });
});

describe("the deployment's database of the first release", () => {
  const text = released('d1-0000');
  const [first, ci] = secretIn(text);

  it('is brought to the newest migration: old tokens work, with every right that they had', async () => {
    const { call, db } = makeManagement({}, text);
    for (const token of [first, ci]) {
      const { status, body } = await call(token, 'GET', '/v1/accounts/self');
      expect([status, body.name, body.plan]).toEqual([200, 'first', 'unlimited']);
    }
    expect(
      (await call(ci, 'GET', '/v1/accounts/self/tokens')).body.items.map((t: { name: string; scope: string }) => [
        t.name,
        t.scope,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['first', 'owner'],
        ['ci', 'owner'],
      ]),
    );
    expect(await db.select({ scope: tokens.scope, expires: tokens.expiresAt }).from(tokens)).toEqual([
      { scope: 'owner', expires: null },
      { scope: 'owner', expires: null },
    ]);
    expect((await call(`${first.slice(0, -1)}x`, 'GET', '/v1/accounts/self')).status).toBe(401);
  });

  it('its clusters are there, ready, and can be worked with', async () => {
    const { call, db } = makeManagement({}, text);
    const { items } = (await call(first, 'GET', '/v1/accounts/self/clusters')).body;
    expect(items).toEqual([
      expect.objectContaining({ id: 'zijyavqihvzstvnsri36drmxh5', name: 'demo', state: 'ready', legacyApis: true, labels: {} }),
    ]);
    expect((await call(first, 'PATCH', '/v1/accounts/self/clusters/demo', { labels: { a: 'b' } })).status).toBe(200);
    expect((await call(first, 'POST', '/v1/accounts/self/clusters', { name: 'demo' })).status).toBe(409);
    expect((await call(first, 'POST', '/v1/accounts/self/clusters', { name: 'second' })).status).toBe(201);
    expect(await db.select({ name: clusters.name }).from(clusters)).toHaveLength(2);
    expect((await db.select().from(audit)).length).toBeGreaterThan(0);
  });
});
