import { atOnce } from '../../fixtures/api.ts';
import { describe, expect, it, vi } from 'vitest';
import { isStream } from '../../../src/apiserver/messages.ts';
import {
  DELETED_CLUSTERS_PER_ACCOUNT,
  GRACE_SECONDS,
  PROVISIONING_MS,
  NOTIFY_STANDBY_MS,
} from '../../../src/management/limits.ts';
import { makeManagement } from './world.ts';

const CLUSTERS = '/v1/accounts/self/clusters';
const HOUR = 3_600_000;

async function world() {
  const management = makeManagement();
  const { token, id: accountId } = await management.account('alice');
  const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    management.call(token, method, `${CLUSTERS}${path}`, body, headers);
  const create = async (name: string, more: object = {}) => {
    const made = await call('POST', '', { name, apiOnly: true, ...more });
    expect(made.status, made.text).toBe(201);
    return made.body as { id: string; kubeconfig: string };
  };
  /** A Kubernetes request as its object answers it; undefined: there is no cluster. */
  const kubernetes = (id: string, kubeconfig: string, method = 'GET', url = '/api/v1/namespaces') => {
    const bearer = JSON.parse(kubeconfig).users[0].user.token;
    const header = (name: string) => (name === 'authorization' ? `Bearer ${bearer}` : null);
    const answer = atOnce(management.clusters.made.get(id)?.handle({ method, url, header, body: '', now: management.clock.now }));
    return answer && { status: answer.status, body: isStream(answer) ? '' : answer.body };
  };
  return { ...management, as: management.call, token, accountId, call, create, kubernetes };
}

const code = (answer: { status: number; body: { code: string } }) => [answer.status, answer.body?.code];
const names = (answer: { body: { items: { name: string }[] } }) => answer.body.items.map((item) => item.name);

describe('[MG23] clusters are listed', () => {
  it('in pages, by name', async () => {
    const { call, create } = await world();
    for (const name of ['d', 'a', 'e', 'c', 'b']) await create(name);
    const first = await call('GET', '?limit=2');
    expect(names(first)).toEqual(['a', 'b']);
    await create('aa');
    const second = await call('GET', `?limit=2&after=${first.body.next}`);
    expect(names(second)).toEqual(['c', 'd']);
    const third = await call('GET', `?limit=2&after=${second.body.next}`);
    expect([names(third), third.body.next]).toEqual([['e'], undefined]);
    expect(code(await call('GET', '?after=x'))).toEqual([400, 'invalid-request']);
    expect(code(await call('GET', '?limit=0'))).toEqual([400, 'invalid-request']);
  });

  it('by labels, state, template and the beginning of their name', async () => {
    const { call, create } = await world();
    await create('team-a', { labels: { team: 'blue', stage: 'test' } });
    await create('team-b', { labels: { team: 'red' }, isTemplate: true });
    const { id } = await create('other');
    await call('POST', `/${id}/suspend`);
    await call('DELETE', '/team-b?grace=60');
    await create('team-b', { labels: { 'example.com/odd': 'x.y' } });
    const listed = async (query: string) => names(await call('GET', `?${query}`));
    expect(await listed('labels=team%3Dblue')).toEqual(['team-a']);
    expect(await listed('labels=team')).toEqual(['team-a']);
    expect(await listed('labels=team%3D%3Dblue,stage%3Dtest')).toEqual(['team-a']);
    expect(await listed('labels=example.com/odd%3Dx.y')).toEqual(['team-b']);
    expect(await listed('namePrefix=team-')).toEqual(['team-a', 'team-b']);
    expect(await listed('namePrefix=%25')).toEqual([]);
    expect(await listed('state=suspended')).toEqual(['other']);
    expect(await listed('state=deleted')).toEqual(['team-b']);
    expect(await listed('state=deleted&isTemplate=true')).toEqual(['team-b']);
    expect(await listed('state=all&isTemplate=false')).toEqual(['other', 'team-a', 'team-b']);
    expect(code(await call('GET', '?labels=a!%3Db'))).toEqual([400, 'invalid-request']);
    expect(code(await call('GET', '?state=gone'))).toEqual([400, 'invalid-request']);
  });

  it('only as far as a token reaches, in full pages', async () => {
    const { call, as, create, token } = await world();
    for (const name of ['a', 'b', 'c', 'd']) await create(name, { labels: { team: name < 'c' ? 'blue' : 'red' } });
    const made = await as(token, 'POST', '/v1/accounts/self/tokens', { name: 't', labels: { team: 'red' } });
    const listed = await as(made.body.token, 'GET', `${CLUSTERS}?limit=2`);
    expect([names(listed), listed.body.next]).toEqual([['c', 'd'], undefined]);
    expect(names(await call('GET', '?limit=4'))).toHaveLength(4);
  });
});

describe('[MG23] a cluster is changed', () => {
  it('in its name, labels, end and as a template; what others did stays', async () => {
    const { call, create, clock } = await world();
    const { id } = await create('one', { labels: { a: '1', b: '2' } });
    const changed = await call('PATCH', '/one', { name: 'two', labels: { a: null, c: '3' }, isTemplate: true, expiresIn: 60 });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ id, name: 'two', labels: { b: '2', c: '3' }, isTemplate: true });
    expect(changed.body.expiresAt).toBe(new Date(clock.now + 60_000).toISOString());
    expect((await call('GET', '/two')).body).toEqual(changed.body);
    expect(code(await call('GET', '/one'))).toEqual([404, 'not-found']);
    expect((await call('PATCH', '/two', { expiresAt: null })).body.expiresAt).toBeUndefined();
  });

  it('with clear refusals', async () => {
    const { call, create } = await world();
    await create('one');
    await create('two');
    expect(code(await call('PATCH', '/one', { name: 'two' }))).toEqual([409, 'name-taken']);
    expect(code(await call('PATCH', '/one', {}))).toEqual([400, 'invalid-request']);
    expect(code(await call('PATCH', '/one', { nodes: 5 }))).toEqual([400, 'invalid-request']);
    expect(code(await call('PATCH', '/one', { expiresAt: '2020-01-01T00:00:00Z' }))).toEqual([400, 'invalid-request']);
    expect(code(await call('PATCH', '/one', { expiresAt: '2030-01-01T00:00:00Z', expiresIn: 5 }))).toEqual([
      400,
      'invalid-request',
    ]);
    const { id } = (await call('GET', '/one')).body;
    await call('DELETE', '/one');
    const refused = await call('PATCH', `/${id}`, { name: 'three' });
    expect([...code(refused), refused.body.detail]).toEqual([409, 'conflict', 'cluster "one" is deleted: restore it first']);
  });

  it('only in the version that was seen, when If-Match says so; else whatever others do at once', async () => {
    const { call, create, app, token } = await world();
    await create('one');
    const tag = async () =>
      (
        await app.request(`https://atoll.test${CLUSTERS}/one`, {
          headers: { authorization: `Bearer ${token}`, host: 'atoll.test' },
        })
      ).headers.get('etag') ?? '';
    const seen = await tag();
    const change = (labels: object, ifMatch: string) => call('PATCH', '/one', { labels }, { 'if-match': ifMatch });
    expect((await change({ a: '1' }, seen)).status).toBe(200);
    expect(code(await change({ a: '2' }, seen))).toEqual([412, 'precondition-failed']);
    expect((await change({ a: '3' }, '*')).status).toBe(200);
    expect((await change({ a: '4' }, `"x", ${await tag()}`)).status).toBe(200);
    expect(code(await call('DELETE', '/one', undefined, { 'if-match': seen }))).toEqual([412, 'precondition-failed']);
    const all = await Promise.all([1, 2, 3, 4].map((n) => call('PATCH', '/one', { labels: { [`l${n}`]: 'x' } })));
    expect(all.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    expect((await call('GET', '/one')).body.labels).toEqual({ a: '4', l1: 'x', l2: 'x', l3: 'x', l4: 'x' });
  });

  it('not out of the reach of the token that changes it', async () => {
    const { create, token, as } = await world();
    await create('one', { labels: { team: 'red' } });
    const made = await as(token, 'POST', '/v1/accounts/self/tokens', { name: 't', labels: { team: 'red' } });
    const change = (labels: object) => as(made.body.token, 'PATCH', `${CLUSTERS}/one`, { labels });
    expect(code(await change({ team: 'blue' }))).toEqual([403, 'forbidden']);
    expect(code(await change({ team: null }))).toEqual([403, 'forbidden']);
    expect((await change({ stage: 'test' })).status).toBe(200);
  });
});

describe('[MG24] a cluster is suspended', () => {
  it('and resumed, twice as well as once', async () => {
    const { call, create, kubernetes, clock } = await world();
    const { id, kubeconfig } = await create('one');
    expect(kubernetes(id, kubeconfig)?.status).toBe(200);
    for (let i = 0; i < 2; i++) {
      const suspended = await call('POST', '/one/suspend');
      expect(suspended.status).toBe(200);
      expect(suspended.body).toMatchObject({ state: 'suspended', suspendedAt: new Date(clock.now).toISOString() });
      expect(kubernetes(id, kubeconfig)?.status).toBe(503);
    }
    for (let i = 0; i < 2; i++) {
      expect((await call('POST', '/one/resume')).body.state).toBe('ready');
      expect(kubernetes(id, kubeconfig)?.status).toBe(200);
    }
  });

  it('stays so over deletion and restoration', async () => {
    const { call, create, kubernetes } = await world();
    const { id, kubeconfig } = await create('one');
    await call('POST', '/one/suspend');
    await call('DELETE', '/one');
    expect(code(await call('POST', `/${id}/resume`))).toEqual([409, 'conflict']);
    expect((await call('POST', `/${id}/restore`)).body.state).toBe('suspended');
    expect(kubernetes(id, kubeconfig)?.status).toBe(503);
  });
});

describe('[MG25] a cluster is deleted', () => {
  it('for a while: its name is free, it answers nobody, and it comes back as it was', async () => {
    const { call, create, kubernetes, clock } = await world();
    const { id, kubeconfig } = await create('one');
    const deleted = await call('DELETE', '/one');
    expect(deleted.status).toBe(200);
    const purgeAt = new Date(clock.now + GRACE_SECONDS * 1000).toISOString();
    expect(deleted.body).toMatchObject({ id, state: 'deleted', deletedAt: new Date(clock.now).toISOString(), purgeAt });
    expect(kubernetes(id, kubeconfig)).toBeUndefined();
    expect(code(await call('GET', '/one'))).toEqual([404, 'not-found']);
    expect((await call('GET', `/${id}`)).body.state).toBe('deleted');
    expect(names(await call('GET', ''))).toEqual([]);
    expect((await call('POST', `/${id}/kubeconfig`, {})).status).toBe(409);
    expect(code(await call('POST', `/${id}/suspend`))).toEqual([409, 'conflict']);
    const restored = await call('POST', `/${id}/restore`);
    expect(restored.status).toBe(200);
    expect(restored.body).toMatchObject({ name: 'one', state: 'ready' });
    expect(restored.body.deletedAt ?? restored.body.purgeAt).toBeUndefined();
    expect(kubernetes(id, kubeconfig)?.status).toBe(200);
    expect(code(await call('POST', `/${id}/restore`))).toEqual([409, 'conflict']);
  });

  it('and restored under another name when its own was taken meanwhile', async () => {
    const { call, create } = await world();
    const { id } = await create('one');
    await call('DELETE', '/one');
    await create('one');
    const refused = await call('POST', `/${id}/restore`);
    expect(code(refused)).toEqual([409, 'name-taken']);
    expect(refused.body.detail).toContain('under another name');
    expect((await call('POST', `/${id}/restore?name=two`)).body).toMatchObject({ id, name: 'two', state: 'ready' });
  });

  it('for good when its grace is over, or at once', async () => {
    const { call, create, clusters, pass } = await world();
    const { id } = await create('one');
    const other = await create('other');
    await call('DELETE', '/one?grace=100');
    await pass(99_000);
    expect((await call('GET', `/${id}`)).status).toBe(200);
    await pass(2_000);
    expect(code(await call('GET', `/${id}`))).toEqual([404, 'not-found']);
    expect([...clusters.databases.keys()]).toEqual([other.id]);
    expect((await call('DELETE', '/other?grace=0')).status).toBe(204);
    expect(clusters.databases.size).toBe(0);
    expect(code(await call('DELETE', '/other?grace=-1'))).toEqual([404, 'not-found']);
  });

  it('sooner when the account has too many that wait: those that were deleted first', async () => {
    const { call, create, clusters, raw, pass, clock } = await world();
    const { id: first } = await create('first');
    await call('DELETE', '/first');
    const { id: second } = await create('second');
    clock.now += 1000;
    await call('DELETE', '/second');
    const columns = 'account_id, name, state, api_only, legacy_apis, created_at, deleted_at, purge_at';
    raw.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${DELETED_CLUSTERS_PER_ACCOUNT - 2})
      INSERT INTO clusters (id, ${columns}) SELECT 'x' || i, account_id, 'x', state, 1, 0, created_at, deleted_at, purge_at
        FROM n, clusters WHERE id = '${second}'`);
    const { id: third } = await create('third');
    await call('DELETE', '/third');
    await pass(1000);
    expect([...clusters.databases.keys()]).toEqual([second, third]);
    expect((await call('GET', `/${first}`)).status).toBe(404);
  });

  it('again: its end moves only if somebody says to when', async () => {
    const { call, create, clock, clusters } = await world();
    const { id } = await create('one');
    const { purgeAt } = (await call('DELETE', '/one')).body;
    clock.now += HOUR;
    expect((await call('DELETE', `/${id}`)).body.purgeAt).toBe(purgeAt);
    expect((await call('DELETE', `/${id}?grace=60`)).body.purgeAt).toBe(new Date(clock.now + 60_000).toISOString());
    expect((await call('DELETE', `/${id}?grace=0`)).status).toBe(204);
    expect(clusters.databases.size).toBe(0);
  });

  it('by itself when its time is up; restored it has no end any more', async () => {
    const { call, create, kubernetes, pass } = await world();
    const { id, kubeconfig } = await create('one', { expiresIn: 7200 });
    await create('two', { expiresAt: '2026-11-21T05:00:00Z' });
    await pass(2 * HOUR - 1);
    expect(names(await call('GET', ''))).toEqual(['one', 'two']);
    await pass(1);
    expect(names(await call('GET', ''))).toEqual(['two']);
    expect(kubernetes(id, kubeconfig)).toBeUndefined();
    expect((await call('GET', `/${id}`)).body.state).toBe('deleted');
    const restored = await call('POST', `/${id}/restore`);
    expect([restored.body.state, restored.body.expiresAt]).toEqual(['ready', undefined]);
    await pass(48 * HOUR);
    expect(names(await call('GET', ''))).toEqual(['one']);
  });
});

describe('[MG27] who dies in the middle', () => {
  it('of a creation leaves nothing: neither a name nor an object', async () => {
    const { call, clusters, pass, raw } = await world();
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    clusters.fail = clusters.failDestroy = new Error('down');
    expect((await call('POST', '', { name: 'one', apiOnly: true })).status).toBe(500);
    expect((await call('GET', '/one')).body.state).toBe('creating');
    for (const [method, path] of [
      ['DELETE', '/one'],
      ['POST', '/one/suspend'],
      ['PATCH', '/one'],
    ]) {
      expect(code(await call(method, path, method === 'PATCH' ? { isTemplate: true } : undefined)), path).toEqual([
        409,
        'conflict',
      ]);
    }
    clusters.fail = clusters.failDestroy = undefined;
    logged.mockRestore();
    await pass(PROVISIONING_MS + 1);
    expect(raw.prepare('SELECT count(*) AS n FROM clusters').get()).toEqual({ n: 0 });
    expect(clusters.databases.size).toBe(0);
  });

  it('of a suspension or deletion has it done by the task runner', async () => {
    const { call, create, kubernetes, clusters, pass } = await world();
    const { id, kubeconfig } = await create('one');
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    clusters.fail = new Error('down');
    expect((await call('POST', '/one/suspend')).status).toBe(500);
    expect((await call('GET', '/one')).body.state).toBe('suspended');
    clusters.fail = undefined;
    expect(kubernetes(id, kubeconfig)?.status, 'not told yet').toBe(200);
    await pass(NOTIFY_STANDBY_MS);
    expect(kubernetes(id, kubeconfig)?.status).toBe(503);
    clusters.fail = new Error('down');
    expect((await call('DELETE', '/one')).status).toBe(500);
    await pass(NOTIFY_STANDBY_MS);
    clusters.fail = undefined;
    await pass(60_000);
    expect(kubernetes(id, kubeconfig)).toBeUndefined();
    logged.mockRestore();
  });

  it('of a purge has it finished, and nobody restores what is going', async () => {
    const { call, create, clusters, pass, raw } = await world();
    const { id } = await create('one');
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    clusters.failDestroy = new Error('down');
    expect((await call('DELETE', '/one?grace=0')).status).toBe(500);
    expect(code(await call('POST', `/${id}/restore`))).toEqual([404, 'not-found']);
    await pass(60_000);
    expect(clusters.databases.size).toBe(1);
    clusters.failDestroy = undefined;
    await pass(120_000);
    logged.mockRestore();
    expect(clusters.databases.size).toBe(0);
    expect(raw.prepare('SELECT count(*) AS n FROM clusters').get()).toEqual({ n: 0 });
  });

  it('words that cross on their way do not undo each other', async () => {
    const { call, create, kubernetes, clusters } = await world();
    const { id, kubeconfig } = await create('one');
    const setLifecycle = clusters.setLifecycle.bind(clusters);
    let late: (() => Promise<boolean>) | undefined;
    vi.spyOn(clusters, 'setLifecycle').mockImplementationOnce(async (...args) => {
      late = () => setLifecycle(...args);
      return true;
    });
    await call('POST', '/one/suspend');
    await call('POST', '/one/resume');
    await late?.();
    expect(kubernetes(id, kubeconfig)?.status).toBe(200);
  });
});
