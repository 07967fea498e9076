import { Agent, request } from 'node:https';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Server, until } from './server.ts';

const WATCHERS = 1000;
/** An object is put to sleep after ten quiet seconds. */
const ASLEEP_MS = 14_000;

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server?.dispose());

interface Watch {
  events: { type: string; object: { metadata: { name: string; resourceVersion: string } }; at: number }[];
  ended: boolean;
  close(): void;
}

/** The front takes the object's own socket for these ... */
const kept = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
/** ... and leaves those alone that close their connection after one answer: the Worker makes their stream, as it does when deployed. */
const closing = new Agent({ keepAlive: false });
const roads = [
  ['by the socket', kept],
  ['by the stream of the Worker', closing],
] as const;

function watch(path: string, agent = kept): Promise<Watch> {
  const config = JSON.parse(server.kubeconfig);
  const headers = { authorization: `Bearer ${config.users.at(-1).user.token}` };
  return new Promise((resolve, reject) => {
    const outgoing = request(`${config.clusters.at(-1).cluster.server}${path}`, { ca: server.ca, headers, agent }, (answer) => {
      const found: Watch = { events: [], ended: false, close: () => outgoing.destroy() };
      let rest = '';
      answer.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) found.events.push({ ...JSON.parse(line), at: performance.now() });
      });
      answer
        .on('error', () => undefined)
        .on('close', () => {
          found.ended = true;
        });
      if (answer.statusCode === 200) resolve(found);
      else reject(new Error(`watch answered ${answer.statusCode}`));
    });
    outgoing.on('error', reject).end();
  });
}

const usage = async () => {
  const { id } = JSON.parse((await server.atoll(['cluster', 'get', 'demo', '--json'])).out) as { id: string };
  const { url, token } = server.credentials;
  return new Promise<{ rowsWritten: number; watchers: number }>((resolve, reject) => {
    request(
      `${url}/v1/accounts/self/clusters/${id}/usage`,
      { ca: server.ca, headers: { authorization: `Bearer ${token}` } },
      (answer) => {
        let body = '';
        answer
          .setEncoding('utf8')
          .on('data', (text) => (body += text))
          .on('end', () => resolve(JSON.parse(body).meter));
      },
    )
      .on('error', reject)
      .end();
  });
};

it('a thousand watchers all hear of a change, and the object sleeps between changes while they are connected', async () => {
  const revision = JSON.parse(await server.ok('get secrets -o json')).metadata.resourceVersion;
  const path = `/api/v1/namespaces/default/secrets?watch=1&resourceVersion=${revision}&timeoutSeconds=300`;
  const watches = await Promise.all(Array.from({ length: WATCHERS }, () => watch(path)));
  await server.ok('create secret generic first --from-literal=a=b');
  await until('the first event everywhere', () => watches.every((w) => w.events.length >= 1));
  expect((await usage()).watchers).toBe(WATCHERS);
  const before = await usage();
  await new Promise((resolve) => setTimeout(resolve, ASLEEP_MS));
  const after = await usage();
  // The meter starts anew with the object: a lower figure says that it was evicted and woke for the question.
  expect(after.rowsWritten).toBeLessThan(before.rowsWritten);
  expect(after.watchers).toBe(WATCHERS);
  await server.ok('create secret generic second --from-literal=a=b');
  await until('the second event everywhere', () => watches.every((w) => w.events.length >= 2));
  for (const w of watches)
    expect(w.events.map((e) => [e.type, e.object.metadata.name])).toEqual([
      ['ADDED', 'first'],
      ['ADDED', 'second'],
    ]);
  for (const w of watches) w.close();
  await until('nobody left', async () => (await usage()).watchers === 0);
});

it.each(roads)('ends after timeoutSeconds, and begins with what is there when asked, %s', async (_, agent) => {
  const from = performance.now();
  const found = await watch('/api/v1/namespaces?watch=1&timeoutSeconds=2', agent);
  await until('the end', () => found.ended);
  expect(performance.now() - from).toBeGreaterThan(1900);
  expect(found.events.map((e) => e.object.metadata.name)).toContain('kube-system');
  expect(new Set(found.events.map((e) => e.type))).toEqual(new Set(['ADDED']));
});

it.each(roads)('hears of changes until the client goes, %s', async (_, agent) => {
  const before = (await usage()).watchers;
  const found = await watch('/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name%3Dheard', agent);
  for (const value of ['1', '2'])
    await server.ok(`create configmap heard --from-literal=a=${value}`).then(() => server.ok('delete configmap heard'));
  await until('four events', () => found.events.length >= 4);
  expect(found.events.map((e) => e.type)).toEqual(['ADDED', 'DELETED', 'ADDED', 'DELETED']);
  expect((await usage()).watchers).toBe(before + 1);
  found.close();
  await until('one less', async () => (await usage()).watchers === before);
});

it.each(roads)('a refused watch is an ordinary answer, %s', async (_, agent) => {
  await expect(watch('/api/v1/nothing?watch=1', agent)).rejects.toThrow('watch answered 404');
});

it.each(roads)('ends when its cluster is deleted, %s', async (_, agent) => {
  await server.atoll(['cluster', 'create', 'short', '--api-only']);
  const found = await watch('/api/v1/namespaces?watch=1', agent);
  await server.atoll(['cluster', 'delete', 'short']);
  await until('the end', () => found.ended);
});
