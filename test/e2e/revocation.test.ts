import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Server, until } from './server.ts';

/** An object is put to sleep after ten quiet seconds. */
const ASLEEP_MS = 14_000;
/** What is revoked is dead everywhere within this, ms. */
const SOON_MS = 1000;
const CONNECTIONS = 8;

/** The front takes the object's own socket for the first; the Worker makes the stream of the second, and a WebSocket of the third. */
const ROADS = ['socket', 'stream', 'websocket'] as const;
type Road = (typeof ROADS)[number];

let server: Server;
let base: string;
beforeAll(async () => {
  server = await Server.start();
  const { id } = JSON.parse((await server.atoll(['cluster', 'get', 'demo', '--json'])).out) as { id: string };
  base = `/clusters/${id}`;
});
afterAll(() => server?.dispose());

interface Told {
  status: number;
  body: string;
  headers: IncomingMessage['headers'];
}

function call(token: string, method: string, path: string, body?: object, agent?: Agent): Promise<Told> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
    const options = { method, ca: server.ca, headers, ...(agent && { agent }) };
    const outgoing = request(`https://localhost:${server.port}${path}`, options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text, headers: answer.headers }));
      answer.on('error', reject);
    });
    outgoing.on('error', reject).end(body && JSON.stringify(body));
  });
}

const manage = (method: string, path: string, body?: object) =>
  call(server.credentials.token, method, `/v1/accounts/self/clusters/demo${path}`, body);

async function issue(wish: object = {}): Promise<{ id: string; token: string }> {
  const answer = await manage('POST', '/kubeconfig', wish);
  expect(answer.status, answer.body).toBe(201);
  return { id: answer.headers['x-credential-id'] as string, token: JSON.parse(answer.body).users[0].user.token };
}

interface Watch {
  text: string;
  endedAt: number | undefined;
}

function watch(token: string, road: Road): Promise<Watch> {
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  return new Promise((resolve, reject) => {
    const found: Watch = { text: '', endedAt: undefined };
    const headers = { authorization: `Bearer ${token}`, ...(road === 'websocket' && upgrade) };
    const path = `${base}/api/v1/namespaces?watch=1&timeoutSeconds=600&resourceVersion=1`;
    const options = { ca: server.ca, headers, agent: new Agent({ keepAlive: road === 'socket' }) };
    const outgoing = request(`https://localhost:${server.port}${path}`, options);
    const end = () => {
      found.endedAt ??= performance.now();
    };
    outgoing.on('response', (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`watch answered ${answer.statusCode}`));
      answer.setEncoding('utf8').on('data', (piece: string) => {
        found.text += piece;
      });
      answer.on('end', end).on('error', end).on('close', end);
      resolve(found);
    });
    outgoing.on('upgrade', (_, socket, head: Buffer) => {
      found.text += head.toString('latin1');
      socket.setEncoding('latin1').on('data', (piece: string) => {
        found.text += piece;
        // A close frame without a mask, of code 1000.
        if (piece.includes('\x88')) end();
      });
      socket
        .on('data', () => undefined)
        .on('end', end)
        .on('close', end)
        .on('error', end);
      resolve(found);
    });
    outgoing.on('error', reject).end();
  });
}

const meter = async () => JSON.parse((await manage('GET', '/usage')).body).meter as { rowsRead: number; watchers: number };

it('[MG49] revoked, watches that sleep end within a second, and their credential is dead', async () => {
  const [doomed, kept] = [await issue({ name: 'doomed' }), await issue({ name: 'kept' })];
  const watches = await Promise.all(ROADS.map((road) => watch(doomed.token, road)));
  const others = await Promise.all(ROADS.map((road) => watch(kept.token, road)));
  const before = await meter();
  expect(before.watchers).toBe(2 * ROADS.length);
  await new Promise((resolve) => setTimeout(resolve, ASLEEP_MS));
  expect([...watches, ...others].map(({ endedAt }) => endedAt)).toEqual(Array(6).fill(undefined));
  const from = performance.now();
  expect((await manage('DELETE', `/credentials/${doomed.id}`)).status).toBe(204);
  expect((await call(doomed.token, 'GET', `${base}/api`)).status).toBe(401);
  await until('their end', () => watches.every(({ endedAt }) => endedAt !== undefined));
  for (const { endedAt } of watches) expect((endedAt ?? Number.NaN) - from).toBeLessThan(SOON_MS);
  // The meter starts anew with the object: a lower figure says that it slept, and woke for the revocation.
  expect((await meter()).rowsRead).toBeLessThan(before.rowsRead);
  await server.ok('create namespace after');
  await until('the event at those that are left', () => others.every(({ text }) => text.includes('"after"')));
  expect(watches.map(({ text }) => text.includes('"after"'))).toEqual([false, false, false]);
  expect(others.map(({ endedAt }) => endedAt)).toEqual([undefined, undefined, undefined]);
  expect((await meter()).watchers).toBe(ROADS.length);
});

it('[MG48] a temporary credential ends with its watches', async () => {
  const { token } = await issue({ expiresIn: 3 });
  const from = performance.now();
  const watches = await Promise.all(ROADS.map((road) => watch(token, road)));
  expect((await call(token, 'GET', `${base}/api`)).status).toBe(200);
  await until('their end', () => watches.every(({ endedAt }) => endedAt !== undefined));
  for (const { endedAt } of watches) expect((endedAt ?? Number.NaN) - from).toBeLessThan(3000 + 2 * SOON_MS);
  expect((await call(token, 'GET', `${base}/api`)).status).toBe(401);
});

/** From the DELETE on, when the last of many parallel requests was let in, ms. */
async function lastLetIn(ask: (agent: Agent) => Promise<number>, revoke: () => Promise<number>): Promise<number> {
  let last = 0;
  let stop = false;
  const asking = Array.from({ length: CONNECTIONS }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stop) {
      const at = performance.now();
      if ((await ask(agent)) === 200) last = Math.max(last, at);
    }
    agent.destroy();
  });
  await until('everybody at work', () => last > 0);
  const from = performance.now();
  expect(await revoke()).toBe(204);
  const known = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 2 * SOON_MS));
  stop = true;
  await Promise.all(asking);
  // Nothing that was sent after the revocation was answered is let in.
  expect(last).toBeLessThanOrEqual(known);
  return last - from;
}

it('[MG49] revoked, no request on any connection is let in after the answer', async () => {
  const { id, token } = await issue();
  const ask = async (agent: Agent) => (await call(token, 'GET', `${base}/api`, undefined, agent)).status;
  expect(await lastLetIn(ask, async () => (await manage('DELETE', `/credentials/${id}`)).status)).toBeLessThan(SOON_MS);
});

it('[MG44] nor with an API token, nor with what it made', async () => {
  const make = { name: 'ci', scope: 'write' };
  const made = JSON.parse((await call(server.credentials.token, 'POST', '/v1/accounts/self/tokens', make)).body) as {
    id: string;
    token: string;
  };
  const inside = JSON.parse((await call(made.token, 'POST', '/v1/accounts/self/clusters/demo/kubeconfig', {})).body).users[0]
    .user;
  const revoke = async () => (await call(server.credentials.token, 'DELETE', `/v1/accounts/self/tokens/${made.id}`)).status;
  const ask = async (agent: Agent) => (await call(made.token, 'GET', '/v1/me', undefined, agent)).status;
  expect(await lastLetIn(ask, revoke)).toBeLessThan(SOON_MS);
  expect((await call(inside.token, 'GET', `${base}/api`)).status).toBe(401);
});

it('[MG41] a rotated token works on with the new secret only', async () => {
  const { token } = server.credentials;
  const make = { name: 'rotating', scope: 'read' };
  const made = JSON.parse((await call(token, 'POST', '/v1/accounts/self/tokens', make)).body) as { id: string; token: string };
  const next = JSON.parse((await call(token, 'POST', `/v1/accounts/self/tokens/${made.id}/rotate`, {})).body) as {
    token: string;
  };
  expect((await call(made.token, 'GET', '/v1/me')).status).toBe(401);
  expect((await call(next.token, 'GET', '/v1/me')).status).toBe(200);
  expect(readFileSync(`${server.data}/credentials.json`, 'utf8')).not.toContain(next.token);
});

it('[MG41] the CLI goes on as the local account when it rotates the token of that', async () => {
  const { id } = JSON.parse((await call(server.credentials.token, 'GET', '/v1/me')).body) as { id: string };
  const before = server.credentials.token;
  expect((await server.atoll(['token', 'rotate', id])).code).toBe(0);
  expect(server.credentials.token).not.toBe(before);
  expect((await call(before, 'GET', '/v1/me')).status).toBe(401);
  expect(await server.atoll(['cluster', 'list'])).toMatchObject({ code: 0, out: expect.stringContaining('demo') });
});
