import type { Server } from '../e2e/server.ts';
import { pool } from './api.ts';
import { type Connection, quantile } from './client.ts';
import { diskOf, memoryOf } from './memory.ts';

/** Clusters of one account. */
const ACCOUNT = 500;
const CONNECTIONS = 8;
/** Objects are evicted after ten quiet seconds; what they leave behind workerd lets go within 70 more. */
const IDLE_MS = 100_000;

interface Idle {
  clusters: number;
  /** MB after being idle. */
  node: number;
  workerd: number;
  /** KB of one cluster, by the median. */
  disk: number;
}

export interface Many {
  /** Seconds for making all of them, without the pauses. */
  seconds: number;
  p50: number;
  p99: number;
  /** With a tenth of them, and with all. */
  few: Idle;
  all: Idle;
  /** Seconds from the command to "ready" with all of them there, and MB then. */
  restart: number;
  restarted: number;
}

/** So many clusters, made by several clients at once and then left alone. */
export async function many(server: Server, count: number): Promise<Many> {
  const { port, ca } = server;
  const target = { host: 'localhost', port, prefix: '', ca };
  const operator = await pool({ ...target, token: server.operator }, 1);
  const times: number[] = [];
  let made = 0;
  let seconds = 0;
  const upTo = async (wanted: number) => {
    while (made < wanted) {
      const body = { name: `tenant-${made}` };
      const { token } = await operator[0].json<{ token: string }>('POST', '/v1/accounts', body);
      const connections = await pool({ ...target, token }, CONNECTIONS);
      const end = Math.min(wanted, made + ACCOUNT);
      const from = performance.now();
      await Promise.all(connections.map((c) => fill(c, () => (made < end ? made++ : undefined), times)));
      seconds += (performance.now() - from) / 1000;
      for (const connection of connections) connection.close();
    }
  };
  const idle = async (): Promise<Idle> => {
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    return { clusters: made, ...memoryOf(server.pid), disk: diskOf(server.data) };
  };
  await upTo(Math.ceil(count / 10));
  const few = await idle();
  await upTo(count);
  const all = await idle();
  operator[0].close();
  await server.down();
  const from = performance.now();
  await server.up();
  const restart = (performance.now() - from) / 1000;
  const { node, workerd } = memoryOf(server.pid);
  return { seconds, p50: quantile(times, 0.5), p99: quantile(times, 0.99), few, all, restart, restarted: node + workerd };
}

async function fill(c: Connection, next: () => number | undefined, times: number[]): Promise<void> {
  for (let n = next(); n !== undefined; n = next()) {
    const from = performance.now();
    await c.json('POST', '/v1/accounts/self/clusters', { name: `made-${n}` });
    times.push(performance.now() - from);
  }
}
