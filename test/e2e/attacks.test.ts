import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raw as rawTo, read, request as requestTo, type Said } from './raw.ts';
import { Server } from './server.ts';

/** Bytes as no honest client sends them, to the real server: over TLS, but without an HTTP library that would make them right. */

let server: Server;
/** Two clusters of one account and one of another, and what opens them. */
let mine: { id: string; token: string };
let other: { id: string; token: string };
let theirs: { id: string; token: string };
let account: string;

async function make(name: string, env: Record<string, string> = {}) {
  const file = `${server.data}/${name}.kubeconfig`;
  const { code, err } = await server.atoll(['cluster', 'create', name, '--api-only', '--kubeconfig', file], env);
  expect(code, err).toBe(0);
  const config = JSON.parse(readFileSync(file, 'utf8'));
  return { id: config.clusters[0].cluster.server.split('/').pop() as string, token: config.users[0].user.token as string };
}

beforeAll(async () => {
  server = await Server.start();
  account = server.credentials.token;
  const bob = JSON.parse((await server.atoll(['account', 'create', 'bob', '--json'])).out) as { token: string };
  [mine, other, theirs] = [await make('mine'), await make('other'), await make('theirs', { ATOLL_TOKEN: bob.token })];
});
afterAll(() => server?.dispose());

const raw = (bytes: string) => rawTo(server, bytes);
const request = (path: string, headers?: string[], method?: string, body?: string) =>
  requestTo(server, path, headers, method, body);
const ask = async (path: string, headers: string[] = [], method = 'GET', body = ''): Promise<Said> =>
  read(await raw(request(path, headers, method, body)));
const bearer = (token: string) => `Authorization: Bearer ${token}`;
const alive = async () => expect((await ask(`/clusters/${mine.id}/api`, [bearer(mine.token)])).status).toBe(200);
const flipped = (id: string) => `${id.slice(0, -1)}${id.endsWith('a') ? 'b' : 'a'}`;

describe('[MG58] nobody can tell one absence from another', () => {
  it('a made-up cluster, one that is gone, one of somebody else and a wrong credential answer the same bytes', async () => {
    const gone = await make('gone');
    await server.atoll(['cluster', 'delete', 'gone', '--now']);
    const ids = [theirs.id, gone.id, flipped(theirs.id), 'a'.repeat(26), 'x', theirs.id.toUpperCase(), `${theirs.id}a`];
    for (const [method, rest] of [
      ['GET', '/api'],
      ['GET', '/version'],
      ['GET', '/healthz'],
      ['GET', ''],
      ['GET', '/api/v1/pods?watch=1'],
      ['GET', '/api/v1/namespaces/default/secrets'],
      ['POST', '/api/v1/namespaces'],
      ['DELETE', '/api/v1/namespaces/default'],
      ['PUT', '/x'],
      ['PATCH', '/x'],
      ['OPTIONS', '/api'],
      ['TRACE', '/api'],
    ]) {
      for (const credential of [
        [],
        [bearer(mine.token)],
        [bearer(account)],
        ['Authorization: Basic eDp5'],
        ['Authorization: Bearer'],
      ]) {
        const headers = [...credential, 'Content-Length: 0'];
        const answers = new Set<string>();
        for (const id of ids) answers.add((await ask(`/clusters/${id}${rest}`, headers, method)).text);
        expect([...answers], `${method} ${rest} ${credential}`).toHaveLength(1);
        expect([...answers][0]).toMatch(/^HTTP\/1\.1 401 /);
      }
    }
  });

  it('and to HEAD', async () => {
    const answers = await Promise.all(
      [theirs.id, flipped(theirs.id), 'x'].map((id) => ask(`/clusters/${id}/api`, [bearer(mine.token)], 'HEAD')),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, body: '' });
  });
});

describe('[MG58] paths', () => {
  it.each([
    ['dots', () => `/clusters/${mine.id}/../${theirs.id}/api`],
    ['encoded dots', () => `/clusters/${mine.id}/%2e%2e/${theirs.id}/api`],
    ['half encoded dots', () => `/clusters/${mine.id}/.%2E/${theirs.id}/api`],
    ['dots and encoded slashes', () => `/clusters/${mine.id}/..%2f${theirs.id}/api`],
    ['backslashes', () => `/clusters/${mine.id}\\..\\${theirs.id}\\api`],
    ['encoded backslashes', () => `/clusters/${mine.id}/..%5c${theirs.id}/api`],
    ['two slashes', () => `//clusters/${theirs.id}/api`],
    ['slashes inside', () => `/clusters//${theirs.id}/api`],
    ['a dot', () => `/clusters/./${theirs.id}/api`],
    ['upper case', () => `/CLUSTERS/${theirs.id}/api`],
    ['an encoded id', () => `/clusters/%${theirs.id.charCodeAt(0).toString(16)}${theirs.id.slice(1)}/api`],
    ['an encoded prefix', () => `/%63lusters/${theirs.id}/api`],
    ['an encoded slash', () => `/clusters%2f${theirs.id}/api`],
    ['a semicolon', () => `/clusters/${theirs.id};x/api`],
    [
      'full width',
      () => `/clusters/${[...theirs.id].map((c) => `%ef%bd%${(c.charCodeAt(0) - 0x61 + 0x81).toString(16)}`).join('')}/api`,
    ],
    ['NUL', () => `/clusters/${theirs.id}/api%00`],
    ['overlong UTF-8', () => `/clusters/${mine.id}/%c0%ae%c0%ae/${theirs.id}/api`],
    ['a fragment', () => `/clusters/${theirs.id}#/../${mine.id}/api`],
    ['absolute form', () => `https://localhost:${server.port}/clusters/${theirs.id}/api`],
    ['another host in absolute form', () => `http://evil.example/clusters/${theirs.id}/api`],
    ['a user in absolute form', () => `http://clusters@localhost/clusters/${theirs.id}/api`],
  ])('%s lead to nobody else', async (_, path) => {
    for (const token of [mine.token, account]) {
      const { status, body } = await ask(path(), [bearer(token)]);
      expect([400, 401, 404]).toContain(status);
      expect(body).not.toContain('APIVersions');
    }
  });

  it.each([
    () => `/clusters/${mine.id}/../../v1/me`,
    () => `/clusters/${mine.id}/%2e%2e/%2e%2e/v1/me`,
    () => `/clusters/${mine.id}/..%2f..%2fv1/me`,
    () => `/clusters/../v1/me`,
    () => `/x/../v1/me`,
    () => `//v1/me`,
  ])('of clusters and others do not lead to management: %#', async (path) => {
    const { status, body } = await ask(path(), [bearer(account)]);
    expect([400, 401, 404]).toContain(status);
    expect(body).not.toContain('"accounts"');
  });

  it('that are too long, or hold what no path does, are refused', async () => {
    expect((await ask(`/clusters/${mine.id}/${'x'.repeat(100_000)}`, [bearer(mine.token)])).status).toBe(414);
    for (const bad of ['\0', '\x01', ' ', '\x7f', '\xff']) {
      expect([400, 401, 404]).toContain((await ask(`/clusters/${theirs.id}/a${bad}b`, [bearer(mine.token)])).status);
    }
    await alive();
  });
});

describe('headers', () => {
  it('[MG58] a host is no part of the address', async () => {
    for (const host of [
      `x/clusters/${mine.id}/api?`,
      `x/clusters/${mine.id}/api#`,
      `localhost/clusters/${mine.id}/api\\`,
      'a, b',
      'user@localhost',
      'x y',
      `${'x'.repeat(300)}`,
    ]) {
      const { status, body } = await ask('/v1/me', [`Host: ${host}`, bearer(mine.token)]);
      expect([status, body.includes('APIVersions')], host).toEqual([400, false]);
    }
    expect((await ask('/v1/me', ['Host: localhost', 'Host: evil.example', bearer(account)])).status).toBe(400);
  });

  it('given twice are not taken for one of them', async () => {
    const path = `/clusters/${mine.id}/api`;
    for (const two of [
      [bearer('x'), bearer(mine.token)],
      [bearer(mine.token), bearer('x')],
    ])
      expect((await ask(path, two)).status).toBe(401);
    expect((await ask('/v1/me', [bearer('x'), bearer(account)])).status).toBe(401);
    expect((await ask(path, [bearer(mine.token), 'Content-Length: 5', 'Content-Length: 6'], 'POST', 'hello')).status).toBe(400);
    expect((await ask(path, [bearer(mine.token), 'Content-Length: -1'], 'POST')).status).toBe(400);
    expect((await ask(path, [bearer(mine.token), 'Content-Length: 0x5'], 'POST', 'hello')).status).toBe(400);
    expect(
      (await ask(path, [bearer(mine.token), 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], 'POST', '0\r\n\r\n'))
        .status,
    ).toBe(501);
  });

  it('a second request cannot be hidden in the first', async () => {
    const hidden = request(`/clusters/${mine.id}/api/v1/namespaces/hidden`, [bearer(mine.token)], 'DELETE');
    for (const framing of [
      ['Content-Length: 0', 'Transfer-Encoding: chunked'],
      [`Content-Length: ${hidden.length}`, 'Transfer-Encoding: chunked'],
      [`Content-Length: ${hidden.length}`, 'Transfer-Encoding : chunked'],
      [`Content-Length: ${hidden.length}`, 'Transfer-Encoding: xchunked'],
      [`Content-Length: ${hidden.length}`, 'Transfer-Encoding:\tchunked'],
    ]) {
      const text = await raw(
        request(`/clusters/${theirs.id}/api`, [bearer(mine.token), ...framing], 'POST', `0\r\n\r\n${hidden}`),
      );
      // Whatever is answered, whoever asked had the right to ask: the stranger's request stays a stranger's.
      expect(text.match(/HTTP\/1\.1 \d+/g)?.[0], framing.join()).toMatch(/ (400|401|501)$/);
    }
    await alive();
  });

  it('do not find their way into answers', async () => {
    const path = `/clusters/${mine.id}/api%0d%0aX-Injected:%201?fieldManager=%0d%0aX-Injected:%201`;
    for (const headers of [
      [bearer(mine.token), 'Audit-ID: a\tb'],
      [bearer(mine.token), 'User-Agent: x\x85y'],
      [bearer(`${mine.token}%0d%0aX-Injected: 1`)],
    ]) {
      expect((await ask(path, headers)).headers['x-injected']).toBeUndefined();
    }
    expect(
      (await ask(`/clusters/${mine.id}/api`, [bearer(mine.token), 'X: a\rX-Injected: 1'])).headers['x-injected'],
    ).toBeUndefined();
  });

  it('[MG59] of the inside mean nothing from outside', async () => {
    const watch = `/clusters/${mine.id}/api/v1/namespaces?watch=1&timeoutSeconds=1`;
    const upgrade = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    for (const extra of [
      'X-Atoll-Watch: socket',
      'X-Atoll-Watch: ',
      'X-Atoll-Watch: undefined',
      'X-Atoll-Timeout-Seconds: 9999',
    ]) {
      const { status, headers } = await ask(watch, [bearer(mine.token), ...upgrade, extra]);
      expect([status, headers['x-atoll-timeout-seconds']], extra).toEqual([101, undefined]);
    }
    for (const extra of [
      'CF-Connecting-IP: 127.0.0.1',
      'CF-Worker: x',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Host: evil.example',
      'X-Remote-User: admin',
      'X-Remote-Group: system:masters',
      'X-Original-URL: /v1/me',
      'X-HTTP-Method-Override: DELETE',
      'MF-Original-URL: http://x/v1/me',
      'MF-Proxy-Shared-Secret: x',
      'CF-EW-Via: x',
    ]) {
      expect((await ask(`/clusters/${theirs.id}/api`, [bearer(mine.token), extra])).status, extra).toBe(401);
      expect((await ask(`/clusters/${mine.id}/api`, [bearer(mine.token), extra])).status, extra).toBe(200);
      expect((await ask('/v1/me', [extra])).status, extra).toBe(401);
    }
  });
});

describe('[MG58] browsers', () => {
  it('of other sites get the same refusal whatever the cluster, and no CORS headers', async () => {
    for (const headers of [
      ['Origin: https://evil.example'],
      ['Origin: null'],
      ['Sec-Fetch-Site: cross-site'],
      ['Host: rebound.example', 'Origin: https://rebound.example'],
      ['Origin: https://evil.example', 'Access-Control-Request-Method: GET'],
    ]) {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const answers = await Promise.all(
          [mine.id, theirs.id, 'x'].map((id) =>
            ask(`/clusters/${id}/api`, [bearer(mine.token), 'Content-Length: 0', ...headers], method),
          ),
        );
        expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
        expect(answers[0]?.status, headers.join()).toBe(403);
        expect(Object.keys(answers[0]?.headers ?? {}).filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
    }
    const { status, headers } = await ask(`/clusters/${mine.id}/api`, [
      bearer(mine.token),
      `Origin: https://localhost:${server.port}`,
    ]);
    expect([status, headers['access-control-allow-origin']]).toEqual([200, undefined]);
  });
});

describe('methods and bodies', () => {
  it('what objects are told by management, nobody tells them by an address', async () => {
    for (const name of [
      'destroy',
      'revoke',
      'issue',
      'create',
      'setLifecycle',
      'expire',
      'fork',
      'finish',
      'alarm',
      'fetch',
      'webSocketClose',
    ]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const { status } = await ask(`/clusters/${mine.id}/${name}`, [bearer(mine.token), 'Content-Length: 0'], method);
        expect([403, 404, 405], `${method} ${name}`).toContain(status);
      }
    }
    await alive();
    expect((await ask(`/clusters/${other.id}/api`, [bearer(other.token)])).status).toBe(200);
  });

  it('a body that does not end is read no further than its bound', async () => {
    const chunk = `100000\r\n${'x'.repeat(1 << 20)}\r\n`;
    const path = `/clusters/${mine.id}/api/v1/namespaces`;
    const text = await raw(request(path, [bearer(mine.token), 'Transfer-Encoding: chunked'], 'POST', chunk.repeat(8)));
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    await alive();
  });

  it('a body that is not framed as it says is a bad request, and from strangers as good as any', async () => {
    const broken = (path: string, token: string) =>
      raw(request(path, [bearer(token), 'Transfer-Encoding: chunked'], 'POST', 'zz\r\n{}'));
    expect(await broken(`/clusters/${mine.id}/api/v1/namespaces`, mine.token)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await broken('/v1/accounts/self/clusters', account)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await broken(`/clusters/${theirs.id}/api/v1/namespaces`, mine.token)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('what is no HTTP is refused, and leaves the server alive', async () => {
    for (const bytes of [
      '\x16\x03\x01\0\0',
      'GET\r\n\r\n',
      '\r\n\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      `GET ${'/'.repeat(200_000)}`,
    ]) {
      const text = await raw(`${bytes}${'x'.repeat(10)}\r\n\r\n`).catch(() => '');
      expect(text === '' || /^HTTP\/1\.1 (4\d\d|50[15])/.test(text), bytes.slice(0, 40)).toBe(true);
    }
    await alive();
  });
});

describe('[MG59] a watch over a WebSocket of the client', () => {
  it('is a text message for each event, and refused like any other', async () => {
    const upgrade = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const path = (id: string) => `/clusters/${id}/api/v1/namespaces?watch=1&timeoutSeconds=1`;
    expect((await ask(path(theirs.id), [bearer(mine.token), ...upgrade])).status).toBe(401);
    const { status, headers, body } = await ask(path(mine.id), [bearer(mine.token), ...upgrade]);
    expect([status, headers['sec-websocket-accept']]).toEqual([101, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
    // Frames of a server are not masked: final text frames, each an event.
    const frames: string[] = [];
    const bytes = Buffer.from(body, 'latin1');
    for (let at = 0; at + 2 <= bytes.length; ) {
      const short = (bytes[at + 1] ?? 0) & 0x7f;
      const [size, head] = short === 126 ? [bytes.readUInt16BE(at + 2), 4] : [short, 2];
      if (bytes[at] === 0x81) frames.push(bytes.toString('utf8', at + head, at + head + size));
      at += head + size;
    }
    const names = frames.map((frame) => JSON.parse(frame)).map(({ type, object }) => `${type} ${object.metadata.name}`);
    expect(names).toContain('ADDED kube-system');
    expect(new Set(names).size).toBe(names.length);
  });

  it('however its address is written, a watch is one', async () => {
    for (const query of ['w%61tch=1', 'watch=yes', 'watch', '%77%61%74%63%68=true', 'watch=1&watch=0']) {
      const { status, body } = await ask(`/clusters/${mine.id}/api/v1/namespaces?${query}&timeoutSeconds=1`, [
        bearer(mine.token),
      ]);
      expect([status, body.includes('"type":"ADDED"')], query).toEqual([200, true]);
    }
    expect((await ask(`/clusters/${mine.id}/api/v1/namespaces?watch=1`, [bearer(mine.token)], 'HEAD')).status).toBe(405);
  });

  it('with long selectors works, with too many is told so', async () => {
    const term = (n: number, size: number) => `k${n}${'k'.repeat(size)}%21%3D${'v'.repeat(size)}`;
    const path = (terms: number, size: number) => {
      const selector = Array.from({ length: terms }, (_, n) => term(n, size)).join('%2C');
      return `/clusters/${mine.id}/api/v1/pods?watch=1&timeoutSeconds=1&labelSelector=${selector}`;
    };
    const answer = await raw(request(path(16, 60), [bearer(mine.token), 'Connection: close']));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect((await ask(path(17, 1), [bearer(mine.token)])).status).toBe(400);
    expect((await ask(path(1500, 1), [bearer(mine.token)])).status).toBe(400);
  });
});
