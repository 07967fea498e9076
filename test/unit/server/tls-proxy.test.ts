import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { certificates } from '../../../src/server/certificates.ts';
import { ChunkReader } from '../../../src/server/http-body.ts';
import { TlsProxy } from '../../../src/server/tls-proxy.ts';
import { isNoRequest } from '../../../src/server/request-line.ts';

const WATCH = 'GET /clusters/x/api/v1/pods?watch=1 HTTP/1.1\r\nHost: localhost\r\n\r\n';
const LIST = 'GET /clusters/x/api/v1/pods HTTP/1.1\r\nHost: localhost\r\n\r\n';
/** More than the front and the sockets on the way hold. */
const BIG = 16 * 1024 * 1024;
const LIMIT_MS = 5000;

/** In workerd's place: `/list` answers; a watch becomes a WebSocket, as far as its bytes go. */
let behind: HttpServer;
let sockets: Socket[] = [];
let proxy: TlsProxy;
let server: Server;
let ca = '';
let refuse = false;
/** What the big answer leaves by. */
let sending: Socket | undefined;
let folder = '';
/** The wall clock of the proxy. */
let time = Date.UTC(2026, 10, 28, 18, 56, 37, 999);
const DATE = 'Date: Sat, 28 Nov 2026 18:56:37 GMT\r\n';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-'));
  behind = createServer((asked, answer) => {
    const big = asked.url?.endsWith('/big');
    if (asked.url?.endsWith('/undated')) {
      // As workerd does it: Node's own answers have more headers.
      asked.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 7\r\nX: y\r\n\r\nno date');
      return;
    }
    answer.end(big ? 'x'.repeat(BIG) : 'a list');
    if (big) sending = asked.socket;
  });
  behind.on('upgrade', (_, socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).resume();
    if (refuse) socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    else socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  });
  await new Promise<void>((resolve) => void behind.listen(0, '127.0.0.1', resolve));
  const made = await certificates(folder, Date.now());
  ca = made.ca;
  const backend = { host: '127.0.0.1', port: (behind.address() as AddressInfo).port, secret: 'secret' };
  proxy = new TlsProxy({
    certificates: made,
    backend,
    owner: () => 'somebody',
    domain: 'clusters.example.com',
    wallClock: () => time,
  });
  server = await proxy.listen(0);
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  refuse = false;
  sending = undefined;
});
afterAll(() => {
  proxy.close();
  behind.close();
  rmSync(folder, { recursive: true });
});

const later = <T>(what: string, look: () => T | undefined | false): Promise<T> =>
  new Promise((resolve, reject) => {
    const end = performance.now() + LIMIT_MS;
    const again = () => {
      const found = look();
      if (found) resolve(found);
      else if (performance.now() > end) reject(new Error(`${what}: not within ${LIMIT_MS} ms`));
      else setTimeout(again, 5);
    };
    again();
  });

async function open() {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: 'localhost', ca, ALPNProtocols: ['http/1.1'] });
  let text = '';
  let closed = false;
  socket.on('error', () => undefined).on('close', () => (closed = true));
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  const heard = (part: string) => later(`"${part}" in "${text}"`, () => text.includes(part));
  return { socket, heard, closed: () => later('the end', () => closed), text: () => text };
}

const behindIt = (n = 1) => later('the watch behind', () => sockets[n - 1]);
const CLOSE = Buffer.from([0x88, 0]);
const frame = (text: string) => Buffer.concat([Buffer.from([0x82, text.length]), Buffer.from(text)]);

it('a watch is a stream of chunks, and the next request uses the same connection', async () => {
  const client = await open();
  client.socket.write(WATCH);
  const inner = await behindIt();
  await client.heard(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${DATE}\r\n`);
  inner.write(Buffer.concat([frame('one\n'), frame('two\n')]));
  await client.heard('8\r\none\ntwo\n\r\n');
  inner.write(CLOSE);
  await client.heard('\r\n0\r\n\r\n');
  client.socket.write(LIST);
  await client.heard('a list');
  client.socket.write(WATCH);
  (await behindIt(2)).write(frame('three\n'));
  await client.heard('6\r\nthree\n\r\n');
  client.socket.destroy();
});

it('a request sent during a watch is answered after it', async () => {
  const client = await open();
  client.socket.write(WATCH);
  const inner = await behindIt();
  client.socket.write(LIST);
  inner.write(frame('one\n'));
  await client.heard('one\n');
  expect(client.text()).not.toContain('a list');
  inner.write(CLOSE);
  await client.heard('a list');
  expect(client.text().indexOf('\r\n0\r\n\r\n')).toBeLessThan(client.text().indexOf('a list'));
  client.socket.destroy();
});

it('a refusal passes as it is', async () => {
  refuse = true;
  const client = await open();
  client.socket.write(WATCH);
  await client.heard(`HTTP/1.1 403 Forbidden\r\n${DATE}Content-Length: 2\r\n\r\nno`);
  client.socket.destroy();
});

it('a client that goes ends the watch behind', async () => {
  const client = await open();
  client.socket.write(WATCH);
  const inner = await behindIt();
  await client.heard('200 OK');
  client.socket.destroy();
  await later('the end behind', () => inner.destroyed || inner.readableEnded);
});

it('a watch that is cut off behind is cut off for the client', async () => {
  const client = await open();
  client.socket.write(WATCH);
  const inner = await behindIt();
  await client.heard('200 OK');
  inner.destroy();
  await client.closed();
  expect(client.text()).not.toContain('\r\n0\r\n\r\n');
});

it('a watch that is cut off before its answer is asked for once more', async () => {
  const client = await open();
  behind.once('connection', (socket: Socket) => socket.destroy());
  client.socket.write(WATCH);
  const inner = await behindIt();
  inner.write(frame('one\n'));
  await client.heard('one\n');
  client.socket.destroy();
});

it('a client that does not stop talking during a watch is let go', async () => {
  const client = await open();
  client.socket.write(WATCH);
  await behindIt();
  await client.heard('200 OK');
  client.socket.write('x'.repeat(100_000));
  await client.closed();
});

it('a client that reads slowly holds up the server behind, and gets everything', async () => {
  const client = await open();
  client.socket.pause();
  client.socket.write(LIST.replace('/pods', '/big'));
  const behindBig = await later('the big answer', () => sending);
  // Others are served meanwhile, long enough for all of it if nothing held it up.
  const other = await open();
  for (let n = 1; n <= 50; n++) {
    other.socket.write(LIST);
    await later('an answer', () => other.text().split('a list').length > n);
  }
  expect(behindBig.writableLength).toBeGreaterThan(0);
  client.socket.resume();
  await later('all of it', () => client.text().length > BIG);
  expect(client.text().endsWith(`\r\n\r\n${'x'.repeat(BIG)}`)).toBe(true);
  client.socket.destroy();
  other.socket.destroy();
});

it('tells what is no HTTP/1 from the first bytes, and waits where it cannot', () => {
  const none = (text: string) => isNoRequest(Buffer.from(text, 'latin1'));
  const garbage = ['garbage\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefgh', 'GET /\r\n', '\n'];
  expect(garbage.map(none)).toEqual(garbage.map(() => true));
  expect(none('x'.repeat(65))).toBe(true);
  const begun = [
    'GET /x HTTP/1.1\r\nHost: x',
    'GET /x HTTP/1.0\n',
    'G',
    '',
    `GET /${'x'.repeat(500)}`,
    'PROPPATCH',
    'OPTIONS * HTTP/1.1\r\n',
  ];
  expect(begun.map(none)).toEqual(begun.map(() => false));
});

it('a head and the body that came with it go behind in one piece', async () => {
  const pieces: string[] = [];
  behind.once('connection', (socket: Socket) => socket.on('data', (chunk) => pieces.push(String(chunk))));
  const client = await open();
  client.socket.write('POST /clusters/x/list HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\nhalf');
  await later('the first half', () => pieces.length > 0);
  expect(pieces[0]).toMatch(/\r\nContent-Length: 8\r\n\r\nhalf$/);
  client.socket.write('half');
  await client.heard('a list');
  await later('the second half', () => pieces.length > 1);
  expect(pieces[1]).toBe('half');
  client.socket.destroy();
});

it('a method that nobody knows is answered, and so is the next request', async () => {
  const client = await open();
  client.socket.write(
    'FOO /x HTTP/1.1\r\nHost: localhost\r\n\r\nCONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n' + LIST,
  );
  await client.heard('a list');
  expect(client.text().match(/^HTTP.*/gm)).toEqual([
    'HTTP/1.1 405 Method Not Allowed',
    'HTTP/1.1 404 Not Found',
    'HTTP/1.1 200 OK',
  ]);
  client.socket.destroy();
});

it.each([
  ['\x00\x01\x02\r\n', 400],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['FOO /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n', 405],
])('refuses %j with %i, and closes', async (said, status) => {
  const client = await open();
  client.socket.write(said);
  await client.closed();
  expect(client.text()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(client.text()).toContain('\r\nConnection: close\r\n');
});

it('requests that arrive together are answered one after another', async () => {
  const client = await open();
  client.socket.write(LIST + WATCH + LIST.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n') + LIST);
  const inner = await behindIt();
  inner.write(Buffer.concat([frame('one\n'), CLOSE]));
  await client.closed();
  expect(client.text().split('a list')).toHaveLength(3);
  expect(client.text()).toMatch(/a listHTTP[^]*one\n\r\n0\r\n\r\nHTTP[^]*a list$/);
});

it('a watch whose head comes in single bytes is one all the same', async () => {
  const client = await open();
  for (const byte of WATCH) client.socket.write(byte);
  (await behindIt()).write(frame('one\n'));
  await client.heard('4\r\none\n\r\n');
  client.socket.destroy();
});

it('a client that sends no more is answered, and its watch ends', async () => {
  const client = await open();
  client.socket.end(LIST + WATCH);
  await behindIt();
  await client.closed();
  expect(client.text()).toMatch(/a listHTTP[^]*\r\n\r\n0\r\n\r\n$/);
});

it('half an answer is cut off', async () => {
  const client = await open();
  client.socket.pause();
  client.socket.write(LIST.replace('/pods', '/big'));
  const behindBig = await later('the big answer', () => sending);
  client.socket.resume();
  await client.heard('xxx');
  behindBig.resetAndDestroy();
  await client.closed();
  expect(client.text().length).toBeLessThan(BIG);
});

it('long answers are compressed for clients that ask for it, and no others', async () => {
  const ask = async (lines: string) => {
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host: 'localhost', ca });
    const pieces: Buffer[] = [];
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    socket.write(LIST.replace('/pods', '/big').replace('\r\n\r\n', `\r\nConnection: close\r\n${lines}\r\n`));
    await new Promise((resolve) => void socket.once('close', resolve));
    const all = Buffer.concat(pieces);
    const end = all.indexOf('\r\n\r\n');
    return { head: all.toString('latin1', 0, end), body: all.subarray(end + 4) };
  };
  const { head, body } = await ask('Accept-Encoding: br, gzip\r\n');
  expect(head).toMatch(/\r\nContent-Encoding: gzip\r\nVary: Accept-Encoding\r\nTransfer-Encoding: chunked\r\n/);
  expect(head).not.toMatch(/content-length/i);
  const reader = new ChunkReader();
  const { data, used } = reader.read(body);
  expect([reader.done, used]).toEqual([true, body.length]);
  expect(gunzipSync(Buffer.concat(data)).toString() === 'x'.repeat(BIG)).toBe(true);
  expect(body.length).toBeLessThan(BIG / 50);
  for (const lines of ['', 'Accept-Encoding: identity\r\n', 'Accept-Encoding: gzip;q=0\r\n']) {
    const plain = await ask(lines);
    expect([/content-encoding/i.test(plain.head), plain.body.length], lines).toEqual([false, BIG]);
  }
});

it('every answer to a request has one date, of its second; what is no request, and a switch of protocols, have none', async () => {
  const client = await open();
  client.socket.write('FOO / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await client.heard(`405 Method Not Allowed\r\nContent-Type: text/plain; charset=utf-8\r\n${DATE}`);
  client.socket.write('GET /clusters/x/dated HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await client.heard('a list');
  expect(client.text().match(/\r\ndate:/gi)).toHaveLength(2);
  time += 1;
  client.socket.write('GET /clusters/x/undated HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await client.heard('no date');
  expect(client.text()).toContain(
    'HTTP/1.1 200 OK\r\nDate: Sat, 28 Nov 2026 18:56:38 GMT\r\nContent-Length: 7\r\nX: y\r\n\r\nno date',
  );
  time -= 1;
  client.socket.write(`${WATCH.slice(0, -2)}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
  await client.heard('101 Switching Protocols');
  client.socket.destroy();
  const bad = await open();
  bad.socket.write('nonsense\r\n\r\n');
  await bad.closed();
  expect(client.text().match(/\r\ndate:/gi)).toHaveLength(3);
  expect(bad.text()).toMatch(/^HTTP\/1.1 400 [^]*$/);
  expect(bad.text()).not.toMatch(/date:/i);
});
