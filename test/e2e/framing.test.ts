import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Server } from './server.ts';

/**
 * How requests and answers are framed, byte by byte: the golden file holds what a Kubernetes 1.36.3 API server (Go's net/http) said to the
 * same bytes. {p} is the cluster's path, {auth} the line that authorizes, {x*N} N times x. An answer is its status, the protocol where it
 * is not HTTP/1.1, how its body ends, and what it says of the connection. `differs` is ours where it is another, and why.
 */
interface Expected {
  answers: string[];
  /** Whether another request is answered on the connection; waits: for the rest of this one. */
  then: 'kept' | 'closed' | 'waits';
}
interface Case {
  name: string;
  send: string[];
  singleBytes?: true;
  halfCloses?: true;
  expected: Expected;
  differs?: Expected & { why: string };
}
const cases: Case[] = JSON.parse(readFileSync(new URL('../golden/http/framing.json', import.meta.url), 'utf8'));

const METHODS = /(GET|POST|HEAD|OPTIONS|CONNECT|FOO|get) +(?:\{p\}|http|\*)/g;
const BODILESS = new Set([204, 304]);

let server: Server;
let path = '';
let token = '';
beforeAll(async () => {
  server = await Server.start();
  const { clusters, users } = JSON.parse(server.kubeconfig);
  path = `/clusters/${new URL(clusters[0].cluster.server).pathname.split('/').pop()}`;
  token = users[0].user.token;
});
afterAll(() => server?.dispose());

const fill = (text: string): Buffer =>
  Buffer.from(
    text
      .replaceAll('{p}', path)
      .replaceAll('{auth}', `Authorization: Bearer ${token}\r\n`)
      .replace(/\{x\*(\d+)\}/g, (_, times) => 'x'.repeat(Number(times))),
    'latin1',
  );

/** Where a chunked body ends; -1: not yet. */
function endOfChunks(bytes: Buffer, from: number): number {
  for (let at = from; ; ) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return -1;
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    at = end + 2 + size + 2;
    if (at > bytes.length) return -1;
    if (size === 0) return at;
  }
}

/** The whole answers among bytes. */
function answersIn(bytes: Buffer, methods: string[], ended: boolean): string[] {
  const found: string[] = [];
  let n = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end < 0) break;
    const head = bytes.toString('latin1', at, end);
    const header = (name: string) => new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1];
    const [, minor, status] = /^HTTP\/1\.(\d) (\d{3}) /.exec(head) ?? [];
    at = end + 4;
    const parts = [status, ...(minor === '0' ? ['HTTP/1.0'] : [])];
    if (Number(status) >= 200) {
      const hasBody = methods[n++] !== 'HEAD' && !BODILESS.has(Number(status));
      const length = header('content-length');
      const isChunked = header('transfer-encoding') !== undefined;
      const framing = isChunked ? 'chunked' : length === undefined ? (hasBody ? 'close' : 'none') : 'length';
      parts.push(framing);
      if (hasBody) {
        if (isChunked) at = endOfChunks(bytes, at);
        else if (length !== undefined) at += Number(length);
        else if (ended) at = bytes.length;
        else break;
      }
      if (at < 0 || at > bytes.length) break;
    }
    const connection = header('connection');
    if (connection) parts.push(`conn=${connection.toLowerCase()}`);
    const encoding = header('content-encoding');
    if (encoding) parts.push(encoding);
    found.push(parts.join(' '));
  }
  return found;
}

async function open() {
  const socket: TLSSocket = connect({ host: 'localhost', port: server.port, ca: server.ca, servername: 'localhost' });
  socket.allowHalfOpen = true;
  socket.setNoDelay(true);
  const heard: Buffer[] = [];
  let ended = false;
  const changed: (() => void)[] = [];
  const change = () => {
    for (const go of changed.splice(0)) go();
  };
  socket.on('data', (chunk: Buffer) => {
    heard.push(chunk);
    change();
  });
  const end = () => {
    ended = true;
    change();
  };
  socket
    .on('end', end)
    .on('close', end)
    .on('error', () => undefined);
  await once(socket, 'secureConnect');
  const until = async (look: (bytes: Buffer) => boolean) => {
    while (!look(Buffer.concat(heard)) && !ended) await new Promise<void>((resolve) => void changed.push(resolve));
  };
  return { socket, until, ended: () => ended, bytes: () => Buffer.concat(heard) };
}

/** What was sent before has been read when this is answered. */
async function roundTrip(): Promise<void> {
  const { socket, until } = await open();
  socket.write(fill('GET {p}/version HTTP/1.1\r\nHost: localhost\r\n{auth}\r\n'));
  await until((bytes) => bytes.length > 0);
  socket.destroy();
}

it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, { send, singleBytes, halfCloses, expected, differs }) => {
  const { answers, then } = differs ?? expected;
  const methods = [...send.join('').matchAll(METHODS)].map(([, method]) => method ?? '');
  const { socket, until, ended, bytes } = await open();
  const heard = () => answersIn(bytes(), methods, ended());
  for (const [i, piece] of send.entries()) {
    // A later piece follows when what came before was taken up, as far as that can be seen: its 100, or a round trip of the server.
    if (i > 0 && answers[0] === '100') await until(() => heard().length > 0);
    else if (i > 0) await roundTrip();
    if (singleBytes) for (const byte of fill(piece)) socket.write(Buffer.from([byte]));
    else socket.write(fill(piece));
  }
  if (halfCloses) socket.end();
  await until(() => heard().length >= answers.length);
  if (then === 'closed') await until(() => false);
  expect(heard()).toEqual(answers);
  if (then === 'kept') {
    socket.write(fill('GET {p}/version HTTP/1.1\r\nHost: localhost\r\n{auth}\r\n'));
    await until(() => heard().length > answers.length);
    expect(heard()).toEqual([...answers, '200 length']);
  }
  expect(ended()).toBe(then === 'closed');
  socket.destroy();
});
