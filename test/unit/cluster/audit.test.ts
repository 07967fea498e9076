import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/lib/stream.ts';
import { AuditLog } from '../../../src/cluster/audit.ts';
import { AUDIT_EVENT_BYTES } from '../../../src/apiserver/limits.ts';
import { AUDIT_LOG_BYTES, AUDIT_LOG_MS } from '../../../src/cluster/limits.ts';
import { AUDIT_WAIT_MS } from '../../../src/lib/limits.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { seeded } from '../../fixtures/prng.ts';
import { makeCluster } from '../../host/make-cluster.ts';

const policy = (rule: object, more: object = {}) =>
  JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [rule], ...more });
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, data: Obj = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });

type TestCluster = ReturnType<typeof makeCluster>;
const rowsOf = (host: TestCluster): { id: number; lines: string }[] => host.sql.all('SELECT id, lines FROM audit ORDER BY id');
const events = (text: string): Obj[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const logOf = (host: TestCluster, query: object = {}) =>
  events(host.cluster.audit.read({ limit: 1000, ...query }, host.now).lines);

const audited = (rule: object = { level: 'Metadata' }, more?: object) => {
  const host = makeCluster({ apiOnly: true });
  expect(host.cluster.audit.setPolicy(policy(rule, more))).not.toHaveProperty('refused');
  return host;
};

describe('an audit log', () => {
  it('[AUDIT1] costs a cluster without a policy nothing: no table, no row, no event', () => {
    const host = makeCluster({ apiOnly: true });
    host.do('POST', CONFIG_MAPS, configMap('one'));
    host.do('GET', CONFIG_MAPS);
    expect(host.cluster.audit.due).toBeUndefined();
    expect(host.sql.all("SELECT name FROM sqlite_master WHERE name LIKE 'audit%'")).toEqual([]);
    expect(host.cluster.audit.read({ limit: 10 }, host.now)).toEqual({ lines: '' });
  });

  it('[AUDIT4] stores events of a write in its turn, all of a turn as one row, and events of reads a moment later', () => {
    const host = audited();
    host.request('GET', CONFIG_MAPS);
    expect(host.cluster.audit.due).toBe(host.now + AUDIT_WAIT_MS);
    host.request('POST', CONFIG_MAPS, configMap('one'));
    host.request('POST', CONFIG_MAPS, configMap('two'));
    expect(host.cluster.audit.due).toBe(0);
    host.cluster.audit.store(host.now);
    expect(host.cluster.audit.due).toBeUndefined();
    const [row, ...more] = rowsOf(host);
    expect(more).toEqual([]);
    expect(events(row.lines).map(({ verb, stage }) => `${verb} ${stage}`)).toEqual(
      ['list', 'create', 'create'].flatMap((verb) => [`${verb} RequestReceived`, `${verb} ResponseComplete`]),
    );
  });

  it('[AUDIT4] a refused write and one that changes nothing are there as well', () => {
    const host = audited({ level: 'Metadata', verbs: ['create'] }, { omitStages: ['RequestReceived'] });
    host.do('POST', CONFIG_MAPS, configMap('one'));
    host.do('POST', CONFIG_MAPS, configMap('one'));
    host.do('POST', `${CONFIG_MAPS}?dryRun=All`, configMap('two'));
    host.do('POST', CONFIG_MAPS, configMap('three'), { authorization: '' });
    expect(logOf(host).map(({ responseStatus }) => responseStatus.code)).toEqual([201, 409, 201, 401]);
  });

  it('[AUDIT5] survives a crash, and goes on where it stood', () => {
    const host = audited({ level: 'Metadata' }, { omitStages: ['RequestReceived'] });
    host.do('POST', CONFIG_MAPS, configMap('one'));
    host.crash();
    host.do('POST', CONFIG_MAPS, configMap('two'));
    expect(logOf(host).map((event) => event.objectRef.name)).toEqual(['one', 'two']);
    expect(rowsOf(host).map(({ id }) => id)).toEqual([1, 2]);
  });

  it('[AUDIT5] is only ever added to: the database refuses changes, and any deletion but of the oldest', () => {
    const host = audited();
    for (const name of ['one', 'two']) host.do('POST', CONFIG_MAPS, configMap(name));
    expect(() => host.sql.run("UPDATE audit SET lines = ''")).toThrow('only ever added to');
    expect(() => host.sql.run('DELETE FROM audit WHERE id = 2')).toThrow('oldest first');
    host.sql.run('DELETE FROM audit WHERE id = 1');
    expect(rowsOf(host)).toHaveLength(1);
  });

  it('[AUDIT5] is bounded in age and in bytes: the oldest goes', () => {
    const host = audited({ level: 'Metadata' }, { omitStages: ['RequestReceived'] });
    host.do('POST', CONFIG_MAPS, configMap('old'));
    host.now += AUDIT_LOG_MS + 1;
    expect(logOf(host)).toEqual([]);
    host.do('POST', CONFIG_MAPS, configMap('new'));
    expect(rowsOf(host)).toHaveLength(1);

    const log = new AuditLog(host.sql, seeded(1));
    const line = `{"pad":"${'x'.repeat(1_000_000)}","stageTimestamp":"2026-01-01T00:00:00.000000Z"}`;
    for (let i = 0; i < 80; i++) {
      log.keep(line, host.now, true);
      log.store(host.now);
    }
    const [{ bytes, rows }] = host.sql.all<{ bytes: number; rows: number }>(
      'SELECT sum(length(lines)) AS bytes, count(*) AS rows FROM audit',
    );
    expect(bytes).toBeLessThanOrEqual(AUDIT_LOG_BYTES);
    expect(rows).toBeGreaterThan(60);
  });

  it('[AUDIT6] is read in pages, each event once, between times', () => {
    const host = audited({ level: 'Metadata' }, { omitStages: ['RequestReceived'] });
    const start = host.now;
    for (let i = 0; i < 10; i++) {
      host.now = start + i * 1000;
      host.request('GET', `${CONFIG_MAPS}/n${i}`);
      if (i % 3 === 2) host.cluster.audit.store(host.now);
    }
    const names: string[] = [];
    let after: string | undefined;
    do {
      const page = host.cluster.audit.read({ limit: 4, ...(after !== undefined && { after }) }, host.now);
      names.push(...events(page.lines).map((event) => event.objectRef.name));
      after = page.next;
    } while (after !== undefined);
    expect(names).toEqual(Array.from({ length: 10 }, (_, i) => `n${i}`));
    const between = logOf(host, { from: start + 2000, to: start + 4000 });
    expect(between.map((event) => event.objectRef.name)).toEqual(['n2', 'n3', 'n4']);
  });

  it('[AUDIT7] tells the end of a watch when it ends, also after a sleep', () => {
    const host = audited();
    const open = host.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=0`);
    expect(logOf(host).map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseStarted']);
    const spec = open.spec();
    host.crash();
    host.now += 5000;
    const resumed = host.cluster.resume(spec, { send: () => undefined, save: () => undefined, close: () => undefined });
    host.cluster.closed(resumed as Session, host.now);
    host.settle();
    const last = logOf(host).at(-1) as Obj;
    expect([last.stage, last.responseStatus.code]).toEqual(['ResponseComplete', 200]);
    expect(Date.parse(last.stageTimestamp) - Date.parse(last.requestReceivedTimestamp)).toBe(5000);
    expect(host.sql.all('SELECT * FROM audit_open')).toEqual([]);
  });

  it('[AUDIT8] writes down as much as the level says, and leaves managedFields out where it should', () => {
    const bodies = (level: string, omitManagedFields = false) => {
      const host = audited({ level, verbs: ['create'], omitStages: ['RequestReceived'] }, { omitManagedFields });
      host.do('POST', CONFIG_MAPS, configMap('one', { k: 'v' }));
      const [event] = logOf(host);
      return {
        sent: event.requestObject?.data,
        got: event.responseObject?.data,
        fields: event.responseObject?.metadata.managedFields,
      };
    };
    expect(bodies('Metadata')).toEqual({});
    expect(bodies('Request')).toEqual({ sent: { k: 'v' } });
    expect(bodies('RequestResponse')).toEqual({ sent: { k: 'v' }, got: { k: 'v' }, fields: [expect.anything()] });
    expect(bodies('RequestResponse', true)).toEqual({ sent: { k: 'v' }, got: { k: 'v' } });
  });

  it('[AUDIT8] cuts what is too long, and says so', () => {
    const host = audited({ level: 'RequestResponse', omitStages: ['RequestReceived'] });
    host.do('POST', CONFIG_MAPS, configMap('long', { k: 'x'.repeat(AUDIT_EVENT_BYTES) }));
    host.do('POST', CONFIG_MAPS, `{"kind":"ConfigMap","apiVersion":"v1","data":{"k":"${'y'.repeat(AUDIT_EVENT_BYTES)}`);
    const [long, broken] = logOf(host);
    expect(long).not.toHaveProperty('requestObject');
    expect(long.annotations).toMatchObject({ 'audit.k8s.io/truncated': 'true', 'authorization.k8s.io/decision': 'allow' });
    expect(long.responseStatus).toEqual({ metadata: {}, code: 201 });
    expect(JSON.stringify(broken).length).toBeLessThan(AUDIT_EVENT_BYTES);
  });

  it('[AUDIT9] holds no bearer token', () => {
    const host = audited({ level: 'RequestResponse' });
    host.do('POST', '/api/v1/namespaces/default/serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'robot' },
    });
    const made = host.do('POST', '/api/v1/namespaces/default/serviceaccounts/robot/token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    });
    const { token } = made.body.status;
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
    expect(host.do('POST', '/apis/authentication.k8s.io/v1/tokenreviews', review).body.status.authenticated).toBe(true);
    const text = rowsOf(host)
      .map(({ lines }) => lines)
      .join('\n');
    expect(text).toContain('tokenreviews');
    expect(text).not.toContain(token.split('.')[2]);
    expect(text).not.toContain(host.token);
    const named = logOf(host).find((event) => event.objectRef?.subresource === 'token' && event.stage === 'ResponseComplete');
    expect(named?.annotations['authentication.kubernetes.io/issued-credential-id']).toMatch(/^JTI=[0-9a-f-]{36}$/);
    expect(named?.responseObject.status.token).toBe('<redacted>');
  });

  it('[AUDIT10] a policy taken away ends the log, and what is written stays', () => {
    const host = audited();
    host.do('POST', CONFIG_MAPS, configMap('one'));
    const before = logOf(host).length;
    expect(host.cluster.audit.setPolicy(undefined)).toEqual({ policy: undefined, warnings: [] });
    host.do('POST', CONFIG_MAPS, configMap('two'));
    expect(logOf(host)).toHaveLength(before);
    host.crash();
    expect(host.cluster.audit.policy()).toBeUndefined();
    host.cluster.audit.setPolicy(policy({ level: 'Metadata' }));
    host.do('POST', CONFIG_MAPS, configMap('three'));
    expect(logOf(host)).toHaveLength(before + 2);
  });

  it('[AUDIT11] what the server fails at is there, as a panic', () => {
    const host = audited();
    const { registry } = host.cluster;
    const { create } = registry;
    registry.create = () => {
      throw new Error('out of order');
    };
    expect(() => host.request('POST', CONFIG_MAPS, configMap('one'))).toThrow('out of order');
    registry.create = create;
    host.settle();
    const last = logOf(host).at(-1) as Obj;
    expect([last.stage, last.responseStatus.code, last.responseStatus.message]).toEqual([
      'Panic',
      500,
      "APIServer panic'd: out of order",
    ]);
  });
});
