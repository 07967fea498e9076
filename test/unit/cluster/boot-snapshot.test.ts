import { settle } from '../../host/settle.ts';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../../../src/cluster/cluster.ts';
import type { Platform } from '../../../src/cluster/platform.ts';
import { BootSnapshots } from '../../../src/cluster/boot-snapshot.ts';
import type { ClusterOptions } from '../../../src/tenancy/cluster.ts';
import type { Sqlite } from '../../../src/lib/sqlite-port.ts';
import { getMeta } from '../../../src/store/schema.ts';
import { seeded } from '../../fixtures/prng.ts';
import { nodeCrypto } from '../../host/crypto.ts';
import { openSqlite } from '../../host/sqlite.ts';

const BEGIN = Date.UTC(2026, 0, 31, 23, 59, 59, 7);
const UID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** Each cluster has its own. */
const AUTHORITY = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/;
const TABLES = ['log', 'heads', 'refs', 'timers', 'checkpoints', 'usage'];

function made(seed: number, now: number, options: Partial<ClusterOptions>, bootSnapshots?: BootSnapshots) {
  const random = seeded(seed);
  const platform: Platform = { sql: openSqlite(), random, crypto: nodeCrypto(random), ...(bootSnapshots && { bootSnapshots }) };
  const cluster = Cluster.create(platform, { id: `id-${seed}`, name: `name-${seed}`, caPem: 'CA', ...options }, now);
  settle(cluster, now);
  return { cluster, sql: platform.sql };
}

/** Every row that is stored, with uids and the made-up part of Events' names told by where they first stand. */
function contents(sql: Sqlite): string[] {
  const known = new Map<string, string>();
  const named = (text: string) => known.get(text) ?? known.set(text, `<${known.size}>`).get(text) ?? '';
  const events = sql.all<{ name: string }>("SELECT name FROM log WHERE resource = 'events'");
  const stamps = events.map(({ name }) => name.slice(name.lastIndexOf('.') + 1));
  const random = new RegExp([UID, ...stamps].join('|'), 'g');
  const rows = TABLES.flatMap((table) => sql.all(`SELECT '${table}' AS in_table, * FROM ${table}`));
  // How large the database is when it is counted depends on what is in it by then; refs lie in the order of uids.
  const text = (row: object) => JSON.stringify({ ...row, bytes: undefined }).replace(AUTHORITY, '<authority>');
  return rows.map((row) => text(row).replace(random, named)).sort();
}

const SORTS: [string, Partial<ClusterOptions>][] = [
  ['three nodes', {}],
  ['the API alone', { apiOnly: true }],
  ['no nodes', { nodes: 0 }],
  ['many nodes', { nodes: 12 }],
  ['no CA', { caPem: undefined }],
  ['old APIs', { legacyApis: true }],
];

describe('a cluster that is restored from a boot snapshot', () => {
  it.each(SORTS)('is in every table what it would be if it was booted, a day later too: %s', (_, options) => {
    const bootSnapshots = new BootSnapshots();
    made(1, BEGIN, options, bootSnapshots);
    for (const now of [BEGIN, BEGIN + 86_400_000 + 1234]) {
      const [restored, booted] = [made(2, now, options, bootSnapshots), made(3, now, options)];
      expect(contents(restored.sql)).toEqual(contents(booted.sql));
      expect(restored.cluster.registry.store.live()).toBe(booted.cluster.registry.store.live());
      expect(restored.cluster.nextAlarm()).toBe(booted.cluster.nextAlarm());
    }
  });

  it('tells of its own authority, not of that of the one that was captured', () => {
    const bootSnapshots = new BootSnapshots();
    const all = [1, 2].map((seed) => made(seed, BEGIN, {}, bootSnapshots));
    const told = all.map(({ cluster }) => {
      const map = cluster.registry.object('configmaps', 'kube-system', 'extension-apiserver-authentication');
      return map?.data?.['client-ca-file'];
    });
    expect(told).toEqual(all.map(({ sql }) => getMeta(sql, 'ca.crt')));
    expect(told[0]).not.toBe(told[1]);
  });

  it('has nothing of the one that was captured', () => {
    const bootSnapshots = new BootSnapshots();
    const [first, second] = [made(1, BEGIN, {}, bootSnapshots), made(2, BEGIN + 5000, {}, bootSnapshots)];
    const random = (sql: typeof first.sql) => new Set(JSON.stringify(sql.all('SELECT * FROM log')).match(new RegExp(UID, 'g')));
    const shared = [...random(first.sql)].filter((uid) => random(second.sql).has(uid));
    expect(random(first.sql).size).toBeGreaterThan(150);
    expect(shared).toEqual([]);
    const stamp = first.sql.all<{ name: string }>("SELECT name FROM heads WHERE resource = 'events'")[0].name;
    expect(second.sql.all('SELECT 1 FROM log WHERE name = ? OR instr(json, ?)', stamp, stamp)).toEqual([]);
  });

  it('stays what it is when everything is looked at again', () => {
    const bootSnapshots = new BootSnapshots();
    made(1, BEGIN, {}, bootSnapshots);
    const { cluster } = made(2, BEGIN, {}, bootSnapshots);
    const before = cluster.registry.store.revision();
    cluster.reconciler.resync();
    settle(cluster, BEGIN);
    expect(cluster.registry.store.revision()).toBe(before);
  });

  it('is not captured from one that was used', () => {
    const bootSnapshots = new BootSnapshots();
    const random = seeded(4);
    const platform: Platform = { sql: openSqlite(), random, crypto: nodeCrypto(random), bootSnapshots };
    const options = { id: 'id', name: 'name' };
    const cluster = Cluster.create(platform, options, BEGIN);
    cluster.issue({ id: 'viewer', username: 'viewer', role: 'view' }, BEGIN);
    settle(cluster, BEGIN);
    expect(bootSnapshots.get(options)).toBeUndefined();
  });
});
