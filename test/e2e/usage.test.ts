import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configMap, pool } from '../bench/api.ts';
import { Connection, type Target, targetOf } from '../bench/client.ts';
import { Server, until } from './server.ts';

const CONNECTIONS = 8;
const BUSY_MS = 1_500;
/** Longer than what reads may wait to be written down, and than an object without work stays in memory. */
const SETTLED_MS = 1_000;
const ASLEEP_MS = 12_000;
const ITEMS = '/api/v1/namespaces/default/configmaps';

interface Figures {
  requests: number;
  writes: number;
  bytes: number;
  awakeSeconds: number;
}

describe('usage', () => {
  let server: Server;
  let made = 0;

  beforeAll(async () => {
    server = await Server.start();
  });
  afterAll(() => server.dispose());

  const usage = async (cluster?: string): Promise<Figures> => {
    const { code, out, err } = await server.atoll(['usage', ...(cluster ? [cluster] : []), '--json']);
    expect(code, err).toBe(0);
    return JSON.parse(out).totals;
  };
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  /** Reads and writes as fast as they go, and counts what is answered. */
  async function busy(target: Target, until: () => boolean) {
    const counted = { requests: 0, writes: 0 };
    const connections = await pool(target, CONNECTIONS);
    const work = async (c: Connection) => {
      for (let n = 0; !until(); n++) {
        const writes = n % 3 === 0;
        const request = writes
          ? c.encode('POST', ITEMS, JSON.stringify(configMap(`item-${made++}`)))
          : c.encode('GET', `${ITEMS}?limit=1`);
        const { status } = await c.send(request);
        expect(status).toBeLessThan(300);
        counted.requests++;
        if (writes) counted.writes++;
      }
    };
    await Promise.all(
      connections.map((c) => work(c).catch((error: Error) => expect(error.message).toMatch(/closed|ECONN|EPIPE/))),
    );
    for (const c of connections) c.close();
    return counted;
  }
  const during = (ms: number) => {
    const end = performance.now() + ms;
    return () => performance.now() > end;
  };

  it('[MG71] is what clients counted, while they ask, after a sleep and after a stop', async () => {
    const target = targetOf(server.kubeconfig);
    const before = await usage('demo');
    const counted = await busy(target, during(BUSY_MS));
    const expected = { requests: before.requests + counted.requests, writes: before.writes + counted.writes };
    expect(await usage('demo')).toMatchObject(expected);
    await sleep(ASLEEP_MS);
    expect(await usage('demo')).toMatchObject(expected);
    await server.down();
    await server.up();
    const after = await usage('demo');
    expect(after).toMatchObject(expected);
    expect(after.bytes).toBeGreaterThan(300_000);
    expect(after.awakeSeconds).toBeGreaterThan(1);
  });

  it('[MG71] loses no write when the server is killed, and of reads those of a moment', async () => {
    const target = targetOf(server.kubeconfig);
    for (let round = 0; round < 3; round++) {
      const before = await usage('demo');
      const settled = await busy(target, during(BUSY_MS));
      await sleep(SETTLED_MS);
      let killed = false;
      const last = busy(target, () => killed);
      await sleep(BUSY_MS);
      await server.down('SIGKILL');
      killed = true;
      const more = await last;
      await server.up();
      const after = await usage('demo');
      const writes = before.writes + settled.writes + more.writes;
      // What was committed and whose answer died on the way counts too: one a connection at most.
      expect(after.writes).toBeGreaterThanOrEqual(writes);
      expect(after.writes).toBeLessThanOrEqual(writes + CONNECTIONS);
      const requests = before.requests + settled.requests + more.requests;
      expect(after.requests).toBeGreaterThanOrEqual(requests - more.requests * 0.5);
      expect(after.requests).toBeLessThanOrEqual(requests + CONNECTIONS);
    }
  });

  it('[MG74] of a cluster does not go back once it was told, when the server is killed that moment', async () => {
    for (let round = 0; round < 3; round++) {
      const target = targetOf(server.kubeconfig);
      const [c] = await pool(target, 1);
      const [manager] = await pool({ ...target, prefix: '', token: server.credentials.token }, 1);
      for (let n = 0; n < 20; n++) expect((await c.send(c.encode('GET', `${ITEMS}?limit=1`))).status).toBe(200);
      const told = await manager.json<{ totals: Figures }>('GET', '/v1/accounts/self/clusters/demo/usage');
      await server.down('SIGKILL');
      await server.up();
      expect((await usage('demo')).requests).toBeGreaterThanOrEqual(told.totals.requests);
    }
  });

  it('[MG73] reaches the account within moments', async () => {
    const own = await usage('demo');
    const told = await until('the account knows', async () => {
      const totals = await usage();
      return totals.requests === own.requests && totals;
    });
    expect(told).toMatchObject({ requests: own.requests, writes: own.writes });
  });

  it('[MG71] forgets nothing of a cluster that is suspended or deleted the moment after, and comes back', async () => {
    const manager = await new Connection({ ...targetOf(server.kubeconfig), prefix: '', token: server.credentials.token }).open();
    const clusters = '/v1/accounts/self/clusters';
    const made = await manager.json<{ id: string; kubeconfig: string }>('POST', clusters, { name: 'moment' });
    const c = await new Connection(targetOf(made.kubeconfig)).open();
    const read = c.encode('GET', `${ITEMS}?limit=1`);
    let reads = 0;
    for (const [away, back] of [
      ['POST /suspend', 'POST /resume'],
      ['DELETE ', 'POST /restore'],
    ]) {
      for (let round = 0; round < 5; round++) {
        for (const words of [away, back]) {
          const [method, path] = words.split(' ');
          const { status } = await manager.send(manager.encode(method, `${clusters}/${made.id}${path}`, '{}'));
          expect(status, words).toBeLessThan(300);
          if (words === back) for (let n = 0; n < 3; n++, reads++) expect((await c.send(read)).status).toBe(200);
        }
      }
    }
    expect((await usage('moment')).requests).toBe(reads);
    manager.close();
    c.close();
  });
});
