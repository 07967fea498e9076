import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { RECORD_USAGE, type UsageRow } from '../../../src/management/usage/record.ts';
import { makeManagement, OPERATOR } from './world.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 21);
const [BEFORE, AFTER] = RECORD_USAGE.split('?');

type World = ReturnType<typeof makeManagement>;
const record = ({ db }: World, rows: UsageRow[]) => db.run(sql`${sql.raw(BEFORE)}${JSON.stringify(rows)}${sql.raw(AFTER)}`);
const row = (id: string, hour: number, requests: number, more: Partial<UsageRow> = {}): UsageRow => ({
  id,
  hour: NOW + hour * HOUR,
  requests,
  writes: 0,
  bytes: 0,
  awakeMs: 0,
  ...more,
});
const create = async ({ call }: World, token: string, name: string): Promise<string> =>
  (await call(token, 'POST', '/v1/accounts/self/clusters', { name, apiOnly: true })).body.id;
const at = (hour: number) => new Date(NOW + hour * HOUR).toISOString();

describe('usage of a cluster', () => {
  it('[MG74] is its own count to the moment, with what it no longer keeps', async () => {
    const world = makeManagement();
    const { token } = await world.account('alice');
    const id = await create(world, token, 'demo');
    await record(world, [row(id, -30 * 24, 7, { writes: 3, awakeMs: 2000, bytes: 9 }), row(id, 0, 9999)]);
    const get = (query: string) => world.call(token, 'GET', `/v1/accounts/self/clusters/demo/usage${query}`);
    const { body } = await get(`?from=${at(-40 * 24)}`);
    expect(body).toMatchObject({ from: at(-40 * 24), to: at(0) });
    expect(body.hours).toEqual([{ hour: at(-30 * 24), requests: 7, writes: 3, bytes: 9, awakeSeconds: 2 }]);
    world.clock.now += 1000;
    const now = (await get('')).body;
    const bytes = world.clusters.databases.get(id)?.sql.size();
    expect(now.hours).toEqual([{ hour: at(0), requests: 0, writes: 0, bytes, awakeSeconds: 1 }]);
    expect(now.totals).toEqual({ requests: 0, writes: 0, bytes, awakeSeconds: 1 });
    expect(now.meter).toMatchObject({ watchers: 0 });
  });

  it('[MG74] of a span that is none is refused', async () => {
    const world = makeManagement();
    const { token } = await world.account('alice');
    await create(world, token, 'demo');
    for (const query of [`from=${at(1)}`, `from=${at(-401 * 24)}`, `from=${at(0)}&to=${at(0)}`, 'from=yesterday']) {
      for (const path of ['clusters/demo/usage', 'usage']) {
        const answer = await world.call(token, 'GET', `/v1/accounts/self/${path}?${query}`);
        expect([answer.status, answer.body.code], query).toEqual([400, 'invalid-request']);
      }
    }
  });
});

describe('usage of an account', () => {
  it('[MG73] is the same however often and in whatever order it is told', async () => {
    const world = makeManagement();
    const { token } = await world.account('alice');
    const id = await create(world, token, 'demo');
    const [early, late] = [
      row(id, -1, 5, { writes: 1, bytes: 50, awakeMs: 1000 }),
      row(id, -1, 8, { writes: 2, bytes: 40, awakeMs: 3000 }),
    ];
    await record(world, [late]);
    await record(world, [early, row(id, 0, 1)]);
    await record(world, [late, row('nobodys', -1, 100)]);
    const { body } = await world.call(token, 'GET', '/v1/accounts/self/usage');
    expect(body.items).toEqual([{ cluster: id, name: 'demo', requests: 8, writes: 2, bytes: 50, awakeSeconds: 3 }]);
    expect(body.totals).toEqual({ requests: 8, writes: 2, bytes: 50, awakeSeconds: 3 });
  });

  it('[MG74] comes by cluster and by hour, in pages, and nobody else sees it', async () => {
    const world = makeManagement();
    const [alice, bob] = [await world.account('alice'), await world.account('bob')];
    const ids = [
      await create(world, alice.token, 'a'),
      await create(world, alice.token, 'b'),
      await create(world, alice.token, 'c'),
    ];
    ids.sort();
    const other = await create(world, bob.token, 'a');
    await record(world, [
      ...ids.flatMap((id, n) => [row(id, -2, 10 + n, { bytes: 100 }), row(id, -1, 20 + n, { bytes: 200 + n, writes: n })]),
      row(other, -1, 1000),
      row(ids[0], -100, 7),
    ]);
    const get = async (query: string, token = alice.token) =>
      (await world.call(token, 'GET', `/v1/accounts/self/usage${query}`)).body;
    const first = await get('?limit=2');
    expect(
      first.items.map((i: { cluster: string; requests: number; bytes: number }) => [i.cluster, i.requests, i.bytes]),
    ).toEqual([
      [ids[0], 30, 200],
      [ids[1], 32, 201],
    ]);
    const second = await get(`?limit=2&after=${first.next}`);
    expect(second.items.map((i: { cluster: string }) => i.cluster)).toEqual([ids[2]]);
    expect(second.next).toBeUndefined();
    expect(second.totals).toEqual({ requests: 96, writes: 3, bytes: 603, awakeSeconds: 0 });
    const hours = await get('?group=hour&limit=1');
    expect(hours.items).toEqual([{ hour: at(-2), requests: 33, writes: 0, bytes: 300, awakeSeconds: 0 }]);
    const rest = await get(`?group=hour&after=${hours.next}`);
    expect(rest.items).toEqual([{ hour: at(-1), requests: 63, writes: 3, bytes: 603, awakeSeconds: 0 }]);
    expect((await get(`?from=${at(-200)}&to=${at(-99)}`)).totals.requests).toBe(7);
    expect((await get('', bob.token)).totals.requests).toBe(1000);
    expect((await world.call(OPERATOR, 'GET', `/v1/accounts/${bob.id}/usage`)).body.totals.requests).toBe(1000);
    expect((await world.call(alice.token, 'GET', `/v1/accounts/${bob.id}/usage`)).status).toBe(404);
    expect((await world.call(alice.token, 'GET', '/v1/accounts/self/usage?after=x')).status).toBe(400);
  });

  it('[MG74] knows clusters that are gone', async () => {
    const world = makeManagement();
    const { token } = await world.account('alice');
    const id = await create(world, token, 'demo');
    await record(world, [row(id, -1, 5)]);
    expect((await world.call(token, 'DELETE', '/v1/accounts/self/clusters/demo?grace=0')).status).toBe(204);
    const { body } = await world.call(token, 'GET', '/v1/accounts/self/usage');
    expect(body.items).toEqual([{ cluster: id, requests: 5, writes: 0, bytes: 0, awakeSeconds: 0 }]);
  });
});
