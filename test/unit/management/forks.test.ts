import { atOnce } from '../../fixtures/api.ts';
import { describe, expect, it, vi } from 'vitest';
import { FORK_INLINE_MS, PROVISIONING_MS } from '../../../src/management/limits.ts';
import { makeManagement } from './world.ts';

const CLUSTERS = '/v1/accounts/self/clusters';

async function world(objects = 20) {
  const management = makeManagement();
  const { token } = await management.account('alice');
  const call = (method: string, path: string, body?: unknown) => management.call(token, method, `${CLUSTERS}${path}`, body);
  const made = await call('POST', '', { name: 'source', apiOnly: true, labels: { team: 'blue' } });
  const { id, kubeconfig } = made.body as { id: string; kubeconfig: string };
  const ask = (of: string, config: string, method: string, url: string, body?: object) => {
    const bearer = JSON.parse(config).users[0].user.token;
    const headers: Record<string, string> = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    const answer = atOnce(
      management.clusters.made.get(of)?.handle({
        method,
        url,
        header: (name) => headers[name] ?? null,
        body: body ? JSON.stringify(body) : '',
        now: management.clock.now,
      }),
    );
    return answer?.status;
  };
  const map = (of: string, config: string, name: string) =>
    ask(of, config, 'POST', '/api/v1/namespaces/default/configmaps', {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name },
      data: { x: 'x'.repeat(2000) },
    });
  for (let i = 0; i < objects; i++) map(id, kubeconfig, `m-${i}`);
  const count = (of: string) => management.clusters.made.get(of)?.registry.store.count({ resource: 'configmaps' });
  const operations = async () => (await management.call(token, 'GET', '/v1/accounts/self/operations')).body.items;
  return { ...management, as: management.call, token, call, id, kubeconfig, ask, map, count, operations };
}

const code = (answer: { status: number; body: { code: string } }) => [answer.status, answer.body?.code];
const rows = (raw: { prepare(sql: string): { get(): unknown } }) => raw.prepare('SELECT count(*) AS n FROM clusters').get();

describe('[MG26] forking', () => {
  it('makes a cluster of its own with its own credential, and tells how it went', async () => {
    const { call, id, kubeconfig, ask, map, count, operations } = await world();
    const answer = await call('POST', '/source/fork', { name: 'copy' });
    expect(answer.status, answer.text).toBe(201);
    const copy = answer.body;
    expect(copy).toMatchObject({ name: 'copy', state: 'ready', forkedFrom: id, apiOnly: true, labels: { team: 'blue' } });
    expect(copy.id).not.toBe(id);
    expect(count(copy.id)).toBe(count(id));
    expect(ask(copy.id, copy.kubeconfig, 'GET', '/api/v1/pods')).toBe(200);
    expect(ask(copy.id, kubeconfig, 'GET', '/api/v1/pods')).toBe(401);
    map(copy.id, copy.kubeconfig, 'more');
    expect(count(copy.id)).toBe((count(id) ?? 0) + 1);
    const [operation] = await operations();
    expect(operation).toMatchObject({ type: 'fork-cluster', target: copy.id, state: 'done' });
    expect([operation.done, operation.total > 20]).toEqual([operation.total, true]);
    expect((await call('GET', '/copy/credentials')).body.items).toHaveLength(1);
  });

  it('works of what is suspended, and of a fork', async () => {
    const { call, id, count } = await world();
    await call('POST', '/source/suspend');
    const first = (await call('POST', '/source/fork', { name: 'first' })).body;
    expect(first.state).toBe('ready');
    const second = (await call('POST', '/first/fork', { name: 'second', labels: {}, expiresIn: 60 })).body;
    expect([second.forkedFrom, second.labels, count(second.id)]).toEqual([first.id, {}, count(first.id)]);
    expect(count(first.id)).toBe(count(id));
  });

  it('of a template is what creation with one does', async () => {
    const { call, id, count } = await world();
    expect(code(await call('POST', '', { name: 'new', template: 'source' }))).toEqual([400, 'invalid-request']);
    await call('PATCH', '/source', { isTemplate: true });
    for (const template of ['nothing', 'x'.repeat(26)])
      expect(code(await call('POST', '', { name: 'new', template }))).toEqual([400, 'invalid-request']);
    const refused = await call('POST', '', { name: 'new', template: 'source', nodes: 3 });
    expect([...code(refused), refused.body.detail]).toEqual([400, 'invalid-request', 'nodes: comes from the template']);
    const made = await call('POST', '', { name: 'new', template: id, labels: { team: 'red' } });
    expect(made.status, made.text).toBe(201);
    expect(made.body).toMatchObject({ name: 'new', forkedFrom: id, isTemplate: false, labels: { team: 'red' }, apiOnly: true });
    expect(made.body.kubeconfig).toContain('atollk_');
    expect(count(made.body.id)).toBe(count(id));
  });

  it('is refused: a taken name, a deleted source, what the token would not reach', async () => {
    const { call, as, id, token, clusters, raw } = await world();
    expect(code(await call('POST', '/source/fork', { name: 'source' }))).toEqual([409, 'name-taken']);
    const confined = await as(token, 'POST', '/v1/accounts/self/tokens', { name: 't', clusters: [id] });
    const asked = await as(confined.body.token, 'POST', `${CLUSTERS}/source/fork`, { name: 'copy' });
    expect(code(asked)).toEqual([403, 'forbidden']);
    await call('DELETE', '/source');
    expect(code(await call('POST', `/${id}/fork`, { name: 'copy' }))).toEqual([409, 'conflict']);
    expect(clusters.databases.size).toBe(1);
    expect(rows(raw)).toEqual({ n: 1 });
  });

  it('that takes long is answered with its operation, and the task runner finishes it', async () => {
    const { call, id, count, clusters, clock, pass, operations } = await world(2500);
    const copy = clusters.copy.bind(clusters);
    vi.spyOn(clusters, 'copy').mockImplementation(async (...args) => {
      clock.now += FORK_INLINE_MS;
      return copy(...args);
    });
    const answer = await call('POST', '/source/fork', { name: 'copy' });
    expect(answer.status, answer.text).toBe(202);
    const { id: operation, target, total, done } = answer.body;
    expect(answer.body).toMatchObject({ type: 'fork-cluster', state: 'running' });
    expect(done > 0 && done < total).toBe(true);
    expect((await call('GET', '/copy')).body).toMatchObject({ id: target, state: 'creating' });
    expect(code(await call('POST', '/copy/fork', { name: 'x' }))).toEqual([409, 'conflict']);
    await pass(200_000);
    expect((await call('GET', '/copy')).body.state).toBe('ready');
    expect(count(target)).toBe(count(id));
    expect((await operations()).find((one: { id: string }) => one.id === operation)).toMatchObject({
      state: 'done',
      done: total,
    });
    expect((await call('POST', '/copy/kubeconfig', {})).text).toContain('atollk_');
  });

  it('ends when it is deleted on its way', async () => {
    const { call, clusters, clock, pass, operations, raw } = await world(2500);
    const copy = clusters.copy.bind(clusters);
    vi.spyOn(clusters, 'copy').mockImplementation(async (...args) => {
      clock.now += FORK_INLINE_MS;
      return copy(...args);
    });
    expect((await call('POST', '/source/fork', { name: 'copy' })).status).toBe(202);
    expect((await call('DELETE', '/copy')).status).toBe(204);
    await pass(100_000);
    expect(await operations()).toMatchObject([{ state: 'failed', error: 'the copy was deleted before it was done' }]);
    expect(rows(raw)).toEqual({ n: 1 });
    expect(clusters.databases.size).toBe(1);
  });

  it('ends when its source goes', async () => {
    const { call, id, clusters, clock, pass, operations, raw } = await world(2500);
    const copy = clusters.copy.bind(clusters);
    vi.spyOn(clusters, 'copy').mockImplementation(async (...args) => {
      clock.now += FORK_INLINE_MS;
      return copy(...args);
    });
    expect((await call('POST', '/source/fork', { name: 'copy' })).status).toBe(202);
    await call('DELETE', `/${id}?grace=0`);
    await pass(100_000);
    expect(await operations()).toMatchObject([{ state: 'failed', error: expect.stringContaining('the source was deleted') }]);
    expect(rows(raw)).toEqual({ n: 0 });
    expect(clusters.databases.size).toBe(0);
  });
});

describe('[MG27] a fork whose maker dies', () => {
  it.each(['fork', 'copy', 'finish'] as const)('in "%s" is taken away, and its operation says so', async (step) => {
    const { call, clusters, pass, operations, raw } = await world(2500);
    const never = new Promise<never>(() => undefined);
    const began = vi.fn();
    vi.spyOn(clusters, step).mockImplementation(() => {
      began();
      return never;
    });
    void call('POST', '/source/fork', { name: 'copy' });
    await vi.waitFor(() => expect(began).toHaveBeenCalled());
    expect((await call('GET', '/copy')).body.state).toBe('creating');
    await pass(2 * PROVISIONING_MS);
    expect(code(await call('GET', '/copy'))).toEqual([404, 'not-found']);
    expect(await operations()).toMatchObject([{ state: 'failed', error: expect.stringContaining('stopped') }]);
    expect(rows(raw)).toEqual({ n: 1 });
    expect(clusters.databases.size).toBe(1);
    vi.restoreAllMocks();
    expect((await call('POST', '/source/fork', { name: 'copy' })).status).toBe(201);
  });

  it('after it was made, before anybody was told, is taken away too', async () => {
    const { call, clusters, pass, raw, deps } = await world();
    const batch = deps.db.batch.bind(deps.db);
    let n = 0;
    const second = vi.fn();
    vi.spyOn(deps.db, 'batch').mockImplementation((queries) => {
      if (n++ === 0) return batch(queries);
      second();
      return new Promise(() => undefined);
    });
    void call('POST', '/source/fork', { name: 'copy' });
    await vi.waitFor(() => expect(second).toHaveBeenCalled());
    vi.restoreAllMocks();
    await pass(2 * PROVISIONING_MS);
    expect(rows(raw)).toEqual({ n: 1 });
    expect(clusters.databases.size).toBe(1);
  });

  it('that failed in the object leaves nothing', async () => {
    const { call, clusters, raw, operations } = await world();
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    vi.spyOn(clusters, 'finish').mockRejectedValueOnce(new Error('no room'));
    expect((await call('POST', '/source/fork', { name: 'copy' })).status).toBe(500);
    logged.mockRestore();
    expect(rows(raw)).toEqual({ n: 1 });
    expect(clusters.databases.size).toBe(1);
    expect(await operations()).toMatchObject([{ state: 'failed' }]);
  });
});
