import { describe, expect, it, vi } from 'vitest';
import { IDEMPOTENCY_KEPT_MS, IDEMPOTENCY_PENDING_MS } from '../../../src/management/limits.ts';
import { makeManagement } from './world.ts';

const KEY = { 'idempotency-key': 'one' };
const CLUSTERS = '/v1/accounts/self/clusters';
const wish = { name: 'demo', apiOnly: true };

async function world() {
  const management = makeManagement();
  const { token } = await management.account('alice');
  const create = (body: object = wish, headers: Record<string, string> = KEY) =>
    management.call(token, 'POST', CLUSTERS, body, headers);
  return { ...management, token, create };
}

const code = (answer: { status: number; body: { code: string } }) => [answer.status, answer.body.code];

describe('[MG22] a POST with an Idempotency-Key', () => {
  it('is done once, and answered the same again', async () => {
    const { create, clusters, app, token } = await world();
    const first = await create();
    expect(first.status).toBe(201);
    const second = await create();
    expect([second.status, second.text, second.type]).toEqual([201, first.text, first.type]);
    expect(clusters.made.size).toBe(1);
    const raw = await app.request(`https://atoll.test${CLUSTERS}`, {
      method: 'POST',
      headers: { host: 'atoll.test', authorization: `Bearer ${token}`, 'content-type': 'application/json', ...KEY },
      body: JSON.stringify(wish),
    });
    expect(raw.headers.get('idempotency-replayed')).toBe('true');
    expect(code(await create(wish, {}))).toEqual([409, 'name-taken']);
  });

  it('refuses another body, and another address, under the same key', async () => {
    const { create, call, token } = await world();
    await create();
    expect(code(await create({ ...wish, name: 'other' }))).toEqual([409, 'idempotency-conflict']);
    expect(code(await call(token, 'POST', '/v1/accounts/self/tokens', wish, KEY))).toEqual([409, 'idempotency-conflict']);
  });

  it("is the principal's own: another may use the same key", async () => {
    const { create, call, account, clusters } = await world();
    await create();
    const bob = await account('bob');
    expect((await call(bob.token, 'POST', CLUSTERS, wish, KEY)).status).toBe(201);
    expect(clusters.made.size).toBe(2);
  });

  it('refuses a duplicate while the first is at work', async () => {
    const { create, clusters } = await world();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const make = clusters.create.bind(clusters);
    vi.spyOn(clusters, 'create').mockImplementation(async (...args) => {
      await held;
      return make(...args);
    });
    const first = create();
    await vi.waitFor(() => expect(clusters.create).toHaveBeenCalled());
    expect(code(await create())).toEqual([409, 'idempotency-conflict']);
    release();
    expect((await first).status).toBe(201);
    expect((await create()).text).toBe((await first).text);
  });

  it('keeps refusals, but neither failures of ours nor "too many"', async () => {
    const { create, clusters, token, raw } = await world();
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    clusters.fail = new Error('no');
    expect((await create()).status).toBe(500);
    logged.mockRestore();
    clusters.fail = undefined;
    expect((await create()).status).toBe(201);
    const refused = await create(wish, { 'idempotency-key': 'two' });
    expect(code(refused)).toEqual([409, 'name-taken']);
    raw.exec('DELETE FROM clusters');
    expect((await create(wish, { 'idempotency-key': 'two' })).text).toBe(refused.text);
    expect(token).toBeDefined();
  });

  it('is forgotten: after a minute without an answer, with one after a day', async () => {
    const { create, clusters, clock, raw, pass } = await world();
    await create();
    raw.exec('UPDATE idempotency SET status = NULL, sealed = NULL');
    clock.now += IDEMPOTENCY_PENDING_MS - 1;
    expect(code(await create())).toEqual([409, 'idempotency-conflict']);
    clock.now += 1;
    expect(code(await create()), 'it is tried again').toEqual([409, 'name-taken']);
    expect(clusters.made.size).toBe(1);
    await pass(IDEMPOTENCY_KEPT_MS);
    expect(raw.prepare('SELECT count(*) AS n FROM idempotency').get()).toEqual({ n: 0 });
  });

  it('keeps answers so that the database alone tells no secret, and refuses keys that are none', async () => {
    const { create, raw } = await world();
    const { body } = await create();
    const secret = JSON.parse(body.kubeconfig).users[0].user.token;
    const rows = JSON.stringify(raw.prepare('SELECT * FROM idempotency').all());
    expect(rows).not.toContain(secret);
    expect(rows).not.toContain('kubeconfig');
    for (const key of ['', 'x'.repeat(256), 'ü']) {
      expect(code(await create(wish, { 'idempotency-key': key })), key).toEqual([400, 'invalid-request']);
    }
  });
});
