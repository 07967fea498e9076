import { Server } from '../e2e/server.ts';
import { configMap, fill, namespace, pool } from './api.ts';
import { Connection, quantile, type Target, targetOf } from './client.ts';
import { diskOf, memoryOf } from './memory.ts';

/** What only Atoll has: many clusters, sleep, and a price. */
const CREATED = 100;
const SMALL = 10;
const LARGE = 10_000;
const SMALL_CLUSTERS = 8;
const LARGE_CLUSTERS = 3;
/** An object is evicted after ten quiet seconds. */
const ASLEEP_MS = 14_000;
const PRICED = 500;

interface Usage {
  rowsRead: number;
  rowsWritten: number;
  awakeMs: number;
}

interface Made {
  id: string;
  kubeconfig: string;
}

export class Ours {
  /** Seconds of the very first start, with an empty data folder. */
  readonly firstStart: number;
  readonly server: Server;
  readonly #management: Connection;

  private constructor(firstStart: number, server: Server, management: Connection) {
    this.firstStart = firstStart;
    this.server = server;
    this.#management = management;
  }

  static async start(): Promise<Ours> {
    const from = performance.now();
    const server = await Server.start();
    const firstStart = (performance.now() - from) / 1000;
    return new Ours(firstStart, server, await new Connection(Ours.#target(server)).open());
  }

  static #target(server: Server): Target {
    return { host: 'localhost', port: server.port, prefix: '', ca: server.ca, token: server.credentials.token };
  }

  demo(): Target {
    return targetOf(this.server.kubeconfig);
  }

  make(name: string, apiOnly = false): Promise<Made> {
    return this.#management.json<Made>('POST', '/v1/accounts/self/clusters', { name, apiOnly });
  }

  async usage(id: string): Promise<Usage> {
    const { meter } = await this.#management.json<{ meter: Usage }>('GET', `/v1/accounts/self/clusters/${id}/usage`);
    return meter;
  }

  /** ms from asking for a cluster to the first answer of its API, connections open. */
  async creation(): Promise<{ p50: number; p99: number }> {
    const times: number[] = [];
    for (let n = 0; n < CREATED; n++) {
      const from = performance.now();
      const { kubeconfig } = await this.make(`made-${n}`);
      const target = targetOf(kubeconfig);
      // The connection of management serves every cluster: an address is only a path.
      const { status } = await this.#management.send(new Connection(target).encode('GET', '/api/v1/namespaces/default'));
      if (status !== 200) throw new Error(`the new cluster answered ${status}`);
      times.push(performance.now() - from);
    }
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  }

  /** ms of the first answer of clusters that sleep, with few objects and with many. */
  async coldWake(): Promise<{ small: { p50: number; p99: number }; large: { p50: number; p99: number } }> {
    const make = async (name: string, count: number) => {
      const target = targetOf((await this.make(name, true)).kubeconfig);
      const connections = await pool(target);
      await connections[0].json('POST', '/api/v1/namespaces', namespace('filled'));
      await fill(connections, 'filled', count);
      for (const connection of connections.slice(1)) connection.close();
      return connections[0];
    };
    const small: Connection[] = [];
    const large: Connection[] = [];
    for (let n = 0; n < SMALL_CLUSTERS; n++) small.push(await make(`small-${n}`, SMALL));
    for (let n = 0; n < LARGE_CLUSTERS; n++) large.push(await make(`large-${n}`, LARGE));
    await new Promise((resolve) => setTimeout(resolve, ASLEEP_MS));
    const times = async (connections: Connection[]) => {
      const found: number[] = [];
      for (const connection of connections) {
        const request = connection.encode('GET', '/api/v1/namespaces/filled/configmaps/item-5');
        const from = performance.now();
        await connection.send(request);
        found.push(performance.now() - from);
        connection.close();
      }
      return { p50: quantile(found, 0.5), p99: quantile(found, 0.99) };
    };
    return { small: await times(small), large: await times(large) };
  }

  /** Seconds from the command to "ready", with a data folder that is there already. */
  async restart(times = 3): Promise<number> {
    const found: number[] = [];
    for (let n = 0; n < times; n++) {
      await this.server.down();
      const from = performance.now();
      await this.server.up();
      found.push((performance.now() - from) / 1000);
    }
    await this.#management.open();
    return quantile(found, 0.5);
  }

  /** Resident megabytes of the server and what it started. */
  memory(): number {
    const { node, workerd } = memoryOf(this.server.pid);
    return node + workerd;
  }

  /** Kilobytes on disk of one cluster's database, by the median. */
  disk(): number {
    return diskOf(this.server.data);
  }

  /** What one operation of each kind costs in rows, awake time and money. */
  async prices(): Promise<Record<string, Usage>> {
    const made = await this.make('priced');
    const c = await new Connection(targetOf(made.kubeconfig)).open();
    const items = '/api/v1/namespaces/default/configmaps';
    await fill([c], 'default', 100);
    const out: Record<string, Usage> = {};
    const price = async (name: string, count: number, work: (n: number) => Promise<unknown>) => {
      const before = await this.usage(made.id);
      for (let n = 0; n < count; n++) await work(n);
      const after = await this.usage(made.id);
      const per = (key: keyof Usage) => (after[key] - before[key]) / count;
      out[name] = { rowsRead: per('rowsRead'), rowsWritten: per('rowsWritten'), awakeMs: per('awakeMs') };
    };
    await price('GET', PRICED, (n) => c.json('GET', `${items}/item-${n % 100}`));
    await price('LIST of 100', 50, () => c.json('GET', items));
    await price('CREATE', PRICED, (n) => c.json('POST', items, configMap(`priced-${n}`)));
    await price('merge PATCH', PRICED, (n) =>
      c.json('PATCH', `${items}/item-${n % 100}`, { data: { value: `${n}` } }, 'application/merge-patch+json'),
    );
    await price('apply', PRICED, (n) =>
      c.json(
        'PATCH',
        `${items}/item-${n % 100}?fieldManager=bench&force=true`,
        configMap(`item-${n % 100}`, `v${n}`),
        'application/apply-patch+yaml',
      ),
    );
    await price('DELETE', PRICED, (n) => c.json('DELETE', `${items}/priced-${n}`));
    const pod = (n: number) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `pod-${n}` },
      spec: { containers: [{ name: 'c', image: 'nginx' }] },
    });
    await price('a pod, created to Ready', 100, async (n) => {
      await c.json('POST', '/api/v1/namespaces/default/pods', pod(n));
      for (;;) {
        const { status } = await c.json<{ status: { phase: string } }>('GET', `/api/v1/namespaces/default/pods/pod-${n}`);
        if (status.phase === 'Running') return;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
    c.close();
    return out;
  }

  async stop(): Promise<void> {
    this.#management.close();
    await this.server.dispose();
  }
}
