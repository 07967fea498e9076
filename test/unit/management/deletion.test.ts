import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CLUSTERS_PER_DELETION_STEP } from '../../../src/management/limits.ts';
import { makePeople, problem } from './people-world.ts';
import { OPERATOR } from './world.ts';

// What fails here fails on purpose.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => undefined));
afterEach(() => void vi.restoreAllMocks());

/** Tables that tell of an account after it is gone: what was done in it, and what it cost. */
const REMAINS = ['operations', 'audit', 'usage', 'idempotency', 'd1_migrations'];

async function full(n = 3) {
  const w = makePeople();
  const { call, team, account } = w;
  const t = await team();
  for (let i = 0; i < n; i++) await call(t.owner.session, 'POST', `${t.at}/clusters`, { name: `c${i}`, nodes: 0, apiOnly: true });
  const { token } = (await call(t.owner.session, 'POST', `${t.at}/tokens`, { name: 'ci', scope: 'owner' })).body;
  const { invitation } = (await call(t.owner.session, 'POST', `${t.at}/invitations`, {})).body;
  const other = await account('other');
  await call(other.token, 'POST', '/v1/accounts/self/clusters', { name: 'c0', nodes: 0, apiOnly: true });
  const remove = (by = t.owner.session) => call(by, 'DELETE', t.at);
  /** Rows that name the account, by table. */
  const rows = () => {
    const tables = w.raw.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all() as {
      name: string;
    }[];
    const found: Record<string, number> = {};
    for (const { name } of tables.filter((table) => !REMAINS.includes(table.name))) {
      const text = w.raw
        .prepare(`SELECT * FROM ${name}`)
        .all()
        .filter((row) => JSON.stringify(row).includes(t.id));
      if (text.length) found[name] = text.length;
    }
    return found;
  };
  return { ...w, ...t, token, invitation, other, remove, rows };
}

describe("[MG12] an account's deletion", () => {
  it('is for its owners and the operator', async () => {
    const { remove, admin, token, other, owner, call, at } = await full(0);
    expect(problem(await remove(admin.session))).toEqual([403, 'forbidden']);
    expect(problem(await remove(other.token))).toEqual([404, 'not-found']);
    const { status, body } = await remove(token);
    expect([status, body.type, body.state]).toEqual([202, 'delete-account', 'running']);
    expect(problem(await remove(owner.session))).toEqual([404, 'not-found']);
    expect((await remove(OPERATOR)).body.id).toBe(body.id);
    expect((await call(OPERATOR, 'GET', `${at}/operations/${body.id}`)).body.state).toBe('running');
    expect((await call(OPERATOR, 'GET', '/v1/accounts')).body.items[0].deletedAt).toMatch(/^2026-/);
  });

  it('leaves it unusable at once, but for the question how far it is', async () => {
    const w = await full();
    const { call, at, owner, admin, viewer, token, remove, invitation, person } = w;
    const { id } = (await remove()).body;
    for (const bearer of [owner.session, admin.session, viewer.session]) {
      for (const path of [at, `${at}/clusters`, `${at}/members`, `${at}/tokens`, `${at}/operations`]) {
        expect(problem(await call(bearer, 'GET', path))).toEqual([404, 'not-found']);
      }
      expect((await call(bearer, 'GET', '/v1/me')).body.accounts).toEqual([]);
      expect((await call(bearer, 'GET', `${at}/operations/${id}`)).body).toMatchObject({ state: 'running', done: 0, total: 4 });
    }
    expect(problem(await call(token, 'GET', '/v1/me'))).toEqual([401, 'unauthenticated']);
    expect(problem(await call(token, 'POST', `${at}/clusters`, { name: 'late' }))).toEqual([401, 'unauthenticated']);
    expect((await call(token, 'GET', `/v1/accounts/self/operations/${id}`)).status).toBe(200);
    const guest = await person('guest');
    expect(problem(await call(guest.session, 'POST', '/v1/invitations/accept', { invitation }))).toEqual([404, 'not-found']);
    expect(problem(await call(guest.session, 'GET', `${at}/operations/${id}`))).toEqual([404, 'not-found']);
  });

  it('takes everything that belongs to it, and nothing else', async () => {
    const w = await full();
    expect(Object.keys(w.rows()).sort()).toEqual(['accounts', 'clusters', 'invitations', 'members', 'tokens']);
    const { id } = (await w.remove()).body;
    await w.pass(60_000);
    expect(w.rows()).toEqual({});
    expect(w.clusters.made.size).toBe(1);
    expect((await w.call(w.other.token, 'GET', '/v1/accounts/self/clusters')).body.items).toHaveLength(1);
    expect(problem(await w.call(w.owner.session, 'GET', `${w.at}/operations/${id}`))).toEqual([404, 'not-found']);
    expect(problem(await w.call(w.token, 'GET', `/v1/accounts/self/operations/${id}`))).toEqual([401, 'unauthenticated']);
    expect((await w.call(w.owner.session, 'GET', '/v1/me')).status).toBe(200);
    expect(w.raw.prepare('SELECT state, done, total FROM operations WHERE id = ?').get(id)).toEqual({
      state: 'done',
      done: 4,
      total: 4,
    });
  });

  it('takes clusters in whatever state', async () => {
    const w = await full(3);
    await w.call(w.owner.session, 'DELETE', `${w.at}/clusters/c0`);
    w.raw.exec("UPDATE clusters SET state = 'creating' WHERE name = 'c1'");
    await w.remove();
    await w.pass(60_000);
    expect([w.rows(), w.clusters.made.size]).toEqual([{}, 1]);
  });

  it('goes step by step and tells how far it is', async () => {
    const n = CLUSTERS_PER_DELETION_STEP + 2;
    const w = await full(n);
    const { id } = (await w.remove()).body;
    const seen = async () => {
      const { done, total } = (await w.call(w.owner.session, 'GET', `${w.at}/operations/${id}`)).body;
      return [done, total];
    };
    expect(await seen()).toEqual([0, n + 1]);
    await w.pass(0);
    expect(await seen()).toEqual([CLUSTERS_PER_DELETION_STEP, n + 1]);
    await w.pass(60_000);
    expect(w.rows()).toEqual({});
  });

  it('survives a crash at any point', async () => {
    for (let point = 1; ; point++) {
      const w = await full(2);
      const { id } = (await w.remove()).body;
      // Each call to a cluster or the database is a point at which the process may die: what it did before stands, the rest never happens.
      let left = point;
      const die = () => {
        if (--left < 0) throw new Error('killed');
      };
      const destroy = w.clusters.destroy.bind(w.clusters);
      w.clusters.destroy = async (cluster) => {
        die();
        await destroy(cluster);
        die();
      };
      const { prepare } = w.raw;
      w.raw.prepare = function (this: typeof w.raw, sql: string) {
        if (/^(update|delete|insert)/i.test(sql) && /clusters|accounts|operations/.test(sql)) die();
        return prepare.call(this, sql);
      };
      await w.pass(0).catch(() => undefined);
      const died = left < 0;
      left = Number.POSITIVE_INFINITY;
      w.taskRunner.at ??= w.clock.now;
      await w.pass(3_600_000);
      expect([point, w.rows(), w.clusters.made.size]).toEqual([point, {}, 1]);
      expect(w.raw.prepare('SELECT state FROM operations WHERE id = ?').get(id)).toEqual({ state: 'done' });
      if (!died) break;
    }
  });

  it('goes on past a cluster that will not be destroyed, and comes back to it', async () => {
    const w = await full(3);
    const destroy = w.clusters.destroy.bind(w.clusters);
    const { id: bad } = (await w.call(w.owner.session, 'GET', `${w.at}/clusters/c0`)).body;
    let works = false;
    w.clusters.destroy = async (cluster) => {
      if (cluster === bad && !works) throw new Error('stuck');
      await destroy(cluster);
    };
    const { id } = (await w.remove()).body;
    await w.pass(5000);
    const { state, done, total } = (await w.call(w.owner.session, 'GET', `${w.at}/operations/${id}`)).body;
    expect([state, done, total, w.clusters.made.size]).toEqual(['running', 2, 4, 2]);
    works = true;
    await w.pass(3_600_000);
    expect([w.rows(), w.clusters.made.size]).toEqual([{}, 1]);
  });

  it('also gets what was under way when it began', async () => {
    const w = await full(1);
    const destroy = w.clusters.destroy.bind(w.clusters);
    let once = true;
    w.clusters.destroy = async (cluster) => {
      await destroy(cluster);
      if (!once) return;
      once = false;
      // A row that a request which had passed the gate writes now.
      w.raw.exec(
        `INSERT INTO clusters (id, account_id, name, api_only, legacy_apis, created_at) VALUES ('late', '${w.id}', 'late', 0, 0, 0)`,
      );
    };
    await w.remove();
    await w.pass(60_000);
    expect(w.rows()).toEqual({});
  });
});
