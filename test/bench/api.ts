import { Connection, type Target } from './client.ts';

/** What any Kubernetes API is measured by, ours and the reference alike. */
const CONNECTIONS = 16;
const SECONDS = 4;
const LISTED = 500;
const REPLICAS = 1000;
const WATCHERS = 1000;
const EVENTS = 100;
const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';

const PAD = 'x'.repeat(700);

/** A ConfigMap of 1 KB as it is stored. */
export const configMap = (name: string, value = '0') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { app: 'bench' } },
  data: { value, pad: PAD },
});

export async function pool(target: Target, size = CONNECTIONS): Promise<Connection[]> {
  const made: Connection[] = [];
  // A few at a time: a listen queue is finite.
  for (let i = 0; i < size; i += 50) {
    made.push(...(await Promise.all(Array.from({ length: Math.min(50, size - i) }, () => new Connection(target).open()))));
  }
  return made;
}

/** Operations per second of all connections together. */
async function throughput(
  connections: Connection[],
  request: (c: Connection, worker: number, n: number) => Buffer,
): Promise<number> {
  let done = 0;
  const work = async (until: number, worker: number) => {
    const connection = connections[worker];
    for (let n = 0; performance.now() < until; n++) {
      const { status, body } = await connection.send(request(connection, worker, n + done));
      if (status >= 300) throw new Error(`${status} ${body.toString().slice(0, 300)}`);
      done++;
    }
  };
  const from = performance.now();
  await Promise.all(connections.map((_, worker) => work(from + SECONDS * 1000, worker)));
  return (done / (performance.now() - from)) * 1000;
}

export interface Throughput {
  get: number;
  list: number;
  create: number;
  merge: number;
  apply: number;
}

/** Fills a namespace with objects, sixteen at a time. */
export async function fill(connections: Connection[], namespace: string, count: number): Promise<void> {
  let next = 0;
  await Promise.all(
    connections.map(async (c) => {
      while (next < count) await c.json('POST', `/api/v1/namespaces/${namespace}/configmaps`, configMap(`item-${next++}`));
    }),
  );
}

export const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

export async function throughputs(target: Target, label: string): Promise<Throughput> {
  const connections = await pool(target);
  const [c] = connections;
  for (const name of [`${label}-list`, `${label}-write`]) await c.json('POST', '/api/v1/namespaces', namespace(name));
  await fill(connections, `${label}-list`, LISTED);
  const items = `/api/v1/namespaces/${label}-list/configmaps`;
  const written = `/api/v1/namespaces/${label}-write/configmaps`;
  const gets = Array.from({ length: LISTED }, (_, i) => c.encode('GET', `${items}/item-${i}`));
  const list = c.encode('GET', items);
  let made = 0;
  let value = 0;
  const get = await throughput(connections, (_, worker, n) => gets[(worker * 31 + n) % LISTED]);
  const listed = await throughput(connections, () => list);
  const create = await throughput(connections, () => c.encode('POST', written, JSON.stringify(configMap(`made-${made++}`))));
  const merge = await throughput(connections, (_, worker) =>
    c.encode('PATCH', `${items}/item-${worker}`, JSON.stringify({ data: { value: `${value++}` } }), MERGE),
  );
  const apply = await throughput(connections, (_, worker) => {
    const name = `item-${100 + worker}`;
    return c.encode(
      'PATCH',
      `${items}/${name}?fieldManager=bench&force=true`,
      JSON.stringify(configMap(name, `${value++}`)),
      APPLY,
    );
  });
  for (const name of [`${label}-list`, `${label}-write`]) await c.json('DELETE', `/api/v1/namespaces/${name}`);
  for (const connection of connections) connection.close();
  return { get, list: listed, create, merge, apply };
}

const deployment = (replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'wide' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'wide' } },
    template: { metadata: { labels: { app: 'wide' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});

/** Seconds until a Deployment of many replicas is Ready, and until all of it is gone again. */
export async function replicas(target: Target, label: string): Promise<{ ready: number; gone: number }> {
  const c = await new Connection(target).open();
  const home = `${label}-wide`;
  await c.json('POST', '/api/v1/namespaces', namespace(home));
  const path = `/apis/apps/v1/namespaces/${home}/deployments`;
  const from = performance.now();
  await c.json('POST', path, deployment(REPLICAS));
  for (;;) {
    const { status } = await c.json<{ status: { readyReplicas?: number } }>('GET', `${path}/wide`);
    if (status.readyReplicas === REPLICAS) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const ready = (performance.now() - from) / 1000;
  const deleted = performance.now();
  await c.json('DELETE', `${path}/wide`);
  for (;;) {
    const { items } = await c.json<{ items: unknown[] }>('GET', `/api/v1/namespaces/${home}/pods?limit=1`);
    if (items.length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const gone = (performance.now() - deleted) / 1000;
  await c.json('DELETE', `/api/v1/namespaces/${home}`);
  c.close();
  return { ready, gone };
}

/** Milliseconds from sending a write until a watcher has its event, over all watchers and at the last of each event; and until the writer knows. */
export async function watchers(
  target: Target,
  label: string,
): Promise<{ opened: number; all: number[]; last: number[]; answers: number[] }> {
  const c = await new Connection(target).open();
  const home = `${label}-watched`;
  await c.json('POST', '/api/v1/namespaces', namespace(home));
  const from = performance.now();
  const connections = await pool(target, WATCHERS);
  const path = `/api/v1/namespaces/${home}/secrets?watch=1&timeoutSeconds=600&resourceVersion=`;
  const { metadata } = await c.json<{ metadata: { resourceVersion: string } }>('GET', `/api/v1/namespaces/${home}/secrets`);
  let sent = 0;
  let heard = 0;
  let wanted: string | undefined;
  const delays: number[] = [];
  const last: number[] = [];
  const answers: number[] = [];
  let all: (() => void) | undefined;
  for (const connection of connections) {
    connection.stream(connection.encode('GET', `${path}${metadata.resourceVersion}`), (chunk) => {
      if (!wanted || !chunk.includes(wanted)) {
        if (chunk.includes('HTTP/1.1 200')) heard++;
        if (!wanted && heard === WATCHERS) all?.();
        return;
      }
      heard++;
      delays.push(performance.now() - sent);
      if (heard < WATCHERS) return;
      last.push(performance.now() - sent);
      all?.();
    });
  }
  if (heard < WATCHERS) await new Promise<void>((resolve) => (all = resolve));
  const opened = performance.now() - from;
  for (let n = 0; n < EVENTS; n++) {
    heard = 0;
    wanted = `"name":"event-${n}"`;
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: `event-${n}` }, stringData: { pad: PAD } };
    const everybody = new Promise<void>((resolve) => (all = resolve));
    sent = performance.now();
    await c.json('POST', `/api/v1/namespaces/${home}/secrets`, secret);
    answers.push(performance.now() - sent);
    await everybody;
  }
  for (const connection of connections) connection.close();
  await c.json('DELETE', `/api/v1/namespaces/${home}`);
  c.close();
  return { opened, all: delays, last, answers };
}
