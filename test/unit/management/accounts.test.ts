import { describe, expect, it } from 'vitest';
import { ACCOUNTS_PER_PERSON } from '../../../src/management/limits.ts';
import { makePeople, problem } from './people-world.ts';
import { OPERATOR } from './world.ts';

describe('[MG7] accounts', () => {
  it('belong to whoever makes them, and to nobody else', async () => {
    const { call, person } = makePeople();
    const [alice, bob] = [await person('alice'), await person('bob')];
    const made = await call(alice.session, 'POST', '/v1/accounts', { name: 'team' });
    expect(made.status).toBe(201);
    expect(made.body).toEqual({ id: made.body.id, name: 'team', plan: 'standard', createdAt: '2026-11-21T00:00:00.000Z' });
    const at = `/v1/accounts/${made.body.id}`;
    expect((await call(alice.session, 'GET', at)).body.name).toBe('team');
    expect((await call(alice.session, 'GET', `${at}/members`)).body.items).toEqual([
      { id: alice.id, name: 'alice', role: 'owner', createdAt: '2026-11-21T00:00:00.000Z' },
    ]);
    for (const path of [at, `${at}/members`, `${at}/clusters`, `${at}/invitations`]) {
      expect(problem(await call(bob.session, 'GET', path))).toEqual([404, 'not-found']);
    }
    expect(problem(await call(bob.session, 'DELETE', at))).toEqual([404, 'not-found']);
    expect(problem(await call(alice.session, 'GET', '/v1/accounts/self'))).toEqual([404, 'not-found']);
  });

  it('are made by people and by the operator; the operator gets a first token and no say inside', async () => {
    const { call, account } = makePeople();
    const made = await account('shop');
    expect(made.token).toMatch(/^atoll_/);
    expect(problem(await call(made.token, 'POST', '/v1/accounts', { name: 'more' }))).toEqual([403, 'forbidden']);
    expect(problem(await call(OPERATOR, 'GET', `/v1/accounts/${made.id}`))).toEqual([404, 'not-found']);
    expect(problem(await call(OPERATOR, 'PATCH', `/v1/accounts/${made.id}`, { name: 'x' }))).toEqual([404, 'not-found']);
  });

  it('are listed to those who belong to them, in pages; the operator sees all', async () => {
    const { call, person, accountOf, account, clock } = makePeople();
    const [alice, bob] = [await person('alice'), await person('bob')];
    const names: string[] = [];
    for (const name of ['one', 'two', 'three']) {
      clock.now += 1000;
      await accountOf(alice, name);
      names.push(name);
    }
    clock.now += 1000;
    const shop = await account('shop');
    const list = async (token: string, query = '') => (await call(token, 'GET', `/v1/accounts${query}`)).body;
    expect((await list(alice.session)).items.map((a: { name: string; level: string }) => [a.name, a.level])).toEqual(
      names.map((name) => [name, 'owner']),
    );
    expect((await list(bob.session)).items).toEqual([]);
    expect((await list(shop.token)).items).toMatchObject([{ id: shop.id, level: 'owner' }]);
    for (const [token, expected] of [
      [alice.session, names],
      [OPERATOR, [...names, 'shop']],
    ] as const) {
      const seen: string[] = [];
      let query = '?limit=2';
      for (;;) {
        const page = await list(token, query);
        expect(page.items.length).toBeLessThanOrEqual(2);
        seen.push(...page.items.map((a: { name: string }) => a.name));
        if (page.next === undefined) break;
        query = `?limit=2&after=${page.next}`;
      }
      expect(seen).toEqual(expected);
    }
    expect((await list(OPERATOR)).items[0].level).toBeUndefined();
    expect(problem(await call(alice.session, 'GET', '/v1/accounts?after=nonsense'))).toEqual([400, 'invalid-request']);
    expect(problem(await call(alice.session, 'GET', '/v1/accounts?limit=0'))).toEqual([400, 'invalid-request']);
  });

  it('are renamed by owners alone', async () => {
    const { call, team } = makePeople();
    const { at, owner, admin } = await team();
    expect(problem(await call(admin.session, 'PATCH', at, { name: 'ours' }))).toEqual([403, 'forbidden']);
    for (const body of [{}, { name: 'Bad Name' }, { name: '' }, { name: 'x', plan: 'gold' }, '{']) {
      expect(problem(await call(owner.session, 'PATCH', at, body))).toEqual([400, 'invalid-request']);
    }
    expect((await call(owner.session, 'PATCH', at, { name: 'ours' })).body.name).toBe('ours');
    expect((await call(admin.session, 'GET', at)).body.name).toBe('ours');
  });

  it('[MG14] one belongs to a number of them at most', async () => {
    const { call, person, accountOf } = makePeople();
    const alice = await person('alice');
    for (let i = 0; i < ACCOUNTS_PER_PERSON; i++) await accountOf(alice, `a${i}`);
    expect(problem(await call(alice.session, 'POST', '/v1/accounts', { name: 'more' }))).toEqual([429, 'limit-reached']);
  });
});
