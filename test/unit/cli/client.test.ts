import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { type Client, Refusal } from '../../../src/client/client.ts';
import { Failure } from '../../../src/local/failure.ts';
import { connect } from '../../../src/local/send.ts';
import { certificates } from '../../../src/server/certificates.ts';

interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}
type Answer = (response: ServerResponse, seen: Seen) => void;

let server: Server;
let seen: Seen[];
let answers: Answer[];
let client: Client;
let ca = '';
const folder = mkdtempSync(join(tmpdir(), 'atoll-client-'));

const json =
  (value: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(JSON.stringify(value));
const problem = (status: number, code: string, headers: Record<string, string> = {}): Answer =>
  json({ title: 'No', detail: 'because', code, status }, status, { 'content-type': 'application/problem+json', ...headers });
const lost: Answer = (response) => response.destroy();

beforeAll(async () => {
  const made = await certificates(folder, Date.now());
  const { cert, key } = made;
  ca = made.ca;
  server = createServer({ cert, key }, (request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body });
      (answers.shift() ?? problem(500, 'internal'))(response, seen[seen.length - 1]);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  client = connect({ url, ca, token: 'atoll_secret' }, 'mine');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  seen = [];
  answers = [];
});

const refused = async (work: Promise<unknown>): Promise<Refusal> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Refusal);
  return error as Refusal;
};

describe('a request', () => {
  it('goes to the address of the route, with what it takes', async () => {
    answers = [json({ id: 'x' })];
    const cluster = await client.patch('/v1/accounts/:account/clusters/:cluster', {
      param: { cluster: 'a b/c' },
      json: { labels: { team: null } },
      header: { 'if-match': '"3"' },
    });
    expect(cluster).toEqual({ id: 'x' });
    expect(seen[0]).toMatchObject({
      method: 'PATCH',
      url: '/v1/accounts/mine/clusters/a%20b%2Fc',
      body: '{"labels":{"team":null}}',
      headers: { authorization: 'Bearer atoll_secret', 'content-type': 'application/json', 'if-match': '"3"' },
    });
    expect(seen[0].headers['idempotency-key']).toBeUndefined();
    expect(seen[0].headers['x-request-id']).toMatch(/^[\w-]{36}$/);
  });

  it('may be about another account, and has a query', async () => {
    answers = [(response) => response.writeHead(204).end()];
    const path = '/v1/accounts/:account/clusters/:cluster';
    const nothing = await client.delete(path, { param: { account: 'other', cluster: 'x' }, query: { grace: 0 } });
    expect(nothing).toBeUndefined();
    expect(seen[0].url).toBe('/v1/accounts/other/clusters/x?grace=0');
  });

  it('is a form where the route takes one, and text where it answers so', async () => {
    answers = [
      json({ access_token: 'atolls_x' }),
      (response) => response.setHeader('content-type', 'application/yaml').end('kind: Config\n'),
    ];
    await client.post('/v1/auth/device/token', { form: { device_code: 'a&b' } });
    expect(seen[0]).toMatchObject({
      body: 'device_code=a%26b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const path = '/v1/accounts/:account/clusters/:cluster/kubeconfig';
    expect(await client.post(path, { param: { cluster: 'x' }, json: {} })).toBe('kind: Config\n');
  });

  it('is typed by the routes', () => {
    expectTypeOf(client.get<'/v1/me'>).returns.resolves.toHaveProperty('accounts');
    expectTypeOf(client.post<'/v1/accounts/:account/leave'>).returns.resolves.toEqualTypeOf<undefined>();
    expectTypeOf(client.all<'/v1/accounts/:account/clusters'>).returns.resolves.items.toHaveProperty('purgeAt');
    expectTypeOf(client.get).parameter(0).extract<'/v1/accounts/:account/clusters/:cluster/fork'>().toBeNever();
  });
});

describe('a lost connection', () => {
  it('is no harm to a POST: the same one is sent under the same key', async () => {
    answers = [lost, lost, json({ id: 'x' }, 201)];
    const made = await client.post('/v1/accounts/:account/tokens', { json: { name: 'ci' } });
    expect(made).toEqual({ id: 'x' });
    expect(seen).toHaveLength(3);
    expect(new Set(seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(new Set(seen.map(({ headers }) => headers['x-request-id'])).size).toBe(1);
    expect(new Set(seen.map(({ body }) => body)).size).toBe(1);
  });

  it('is no harm to a GET', async () => {
    answers = [lost, json({ id: 'x' })];
    expect(await client.get('/v1/me')).toEqual({ id: 'x' });
  });

  it('ends what might be done twice', async () => {
    answers = [lost];
    const path = '/v1/accounts/:account/clusters/:cluster';
    const work = client.patch(path, { param: { cluster: 'x' }, json: { name: 'y' } });
    await expect(work).rejects.toThrow(/cannot be reached: .*; look whether it was done$/);
    await expect(work).rejects.toBeInstanceOf(Failure);
    expect(seen).toHaveLength(1);
  });

  it('ends a POST that stands for nobody, which has no key', async () => {
    answers = [lost];
    const nobody = connect({ url: client.server.url, ca });
    await expect(nobody.post('/v1/auth/device', { form: {} })).rejects.toThrow('cannot be reached');
    expect(seen).toHaveLength(1);
    expect(seen[0].headers).not.toHaveProperty('idempotency-key');
    expect(seen[0].headers).not.toHaveProperty('authorization');
  });
});

describe('a refusal', () => {
  it('is told in the words of the server', async () => {
    answers = [problem(409, 'name-taken')];
    const error = await refused(client.post('/v1/accounts/:account/clusters', { json: { name: 'demo' } }));
    expect(error).toMatchObject({ message: 'No: because', status: 409, code: 'name-taken' });
    expect(seen).toHaveLength(1);
  });

  it('of the server itself names the request', async () => {
    answers = [problem(500, 'internal', { 'x-request-id': 'abc' })];
    expect((await refused(client.get('/v1/me'))).message).toBe('No: because (request abc)');
  });

  it('in another form is kept as it is', async () => {
    answers = [json({ error: 'slow_down' }, 400), (response) => response.writeHead(502).end('<html>')];
    const oauth = await refused(client.post('/v1/auth/device/token', { form: {} }));
    expect(oauth).toMatchObject({ status: 400, code: undefined, body: { error: 'slow_down' } });
    expect((await refused(client.get('/v1/me'))).message).toMatch(/answered 502: <html>$/);
  });

  it('that asks to wait a little is waited for; one that asks for longer stands', async () => {
    answers = [
      problem(429, 'rate-limited', { 'retry-after': '0' }),
      problem(409, 'idempotency-conflict', { 'retry-after': '0' }),
      json({ id: 'x' }),
    ];
    expect(await client.post('/v1/accounts/:account/tokens', { json: { name: 'ci' } })).toEqual({ id: 'x' });
    expect(seen).toHaveLength(3);
    answers = [problem(429, 'rate-limited', { 'retry-after': '60' })];
    expect((await refused(client.get('/v1/me'))).code).toBe('rate-limited');
    answers = [problem(429, 'limit-reached')];
    expect((await refused(client.get('/v1/me'))).code).toBe('limit-reached');
  });

  it('is not what nobody listening is', async () => {
    const away = connect({ url: 'https://localhost:1' });
    await expect(away.get('/v1/me')).rejects.toThrow(
      'nothing listens at https://localhost:1: is the server running? ("npm start")',
    );
  });
});

describe('lists', () => {
  it('are read page after page', async () => {
    answers = [
      json({ items: [{ id: 'a' }, { id: 'b' }], next: 'b=' }),
      json({ items: [], next: 'c' }),
      json({ items: [{ id: 'c' }] }),
    ];
    const found = await client.all('/v1/accounts/:account/clusters', { query: { state: 'all' } });
    expect(found.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(seen.map(({ url }) => url.split('?')[1])).toEqual(['state=all', 'state=all&after=b%3D', 'state=all&after=c']);
  });

  it('are read no further than somebody wants them', async () => {
    answers = [json({ items: [{ id: 'a' }], next: 'b' })];
    for await (const { id } of client.pages('/v1/accounts/:account/clusters')) {
      expect(id).toBe('a');
      break;
    }
    expect(seen).toHaveLength(1);
  });

  it('of lines follow the header Link', async () => {
    const lines =
      (text: string, link?: string): Answer =>
      (response) =>
        response.writeHead(200, { 'content-type': 'application/x-ndjson', ...(link && { link }) }).end(text);
    answers = [lines('{"a":1}\n{"a":2}\n', '<https://elsewhere.example/v1/next?after=2>; rel="next"'), lines('{"a":3}\n')];
    const found: string[] = [];
    for await (const line of client.lines('/v1/accounts/:account/audit', { query: { limit: 2 } })) found.push(line);
    expect(found).toEqual(['{"a":1}', '{"a":2}', '{"a":3}']);
    expect(seen.map(({ url }) => url)).toEqual(['/v1/accounts/mine/audit?limit=2', '/v1/next?after=2']);
    expect(seen[0].headers.accept).toBe('application/x-ndjson');
  });
});
