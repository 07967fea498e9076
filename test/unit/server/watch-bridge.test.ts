import { describe, expect, it } from 'vitest';
import { CLOSE_FRAME, FrameReader } from '../../../src/server/frames.ts';
import { headFor, RequestParser, type RequestHead } from '../../../src/server/http-request.ts';
import { askForSocket, isWatch, WatchBridge } from '../../../src/server/watch-bridge.ts';

const TEXT = 0x1;
const BYTES = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/** A frame as a server sends it. */
function frame(opcode: number, payload: Buffer | string): Buffer {
  const body = Buffer.from(payload);
  const head = [0x80 | opcode];
  if (body.length < 126) head.push(body.length);
  else if (body.length < 65_536) head.push(126, body.length >> 8, body.length & 0xff);
  else head.push(127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((bits) => (body.length >> bits) & 0xff));
  return Buffer.concat([Buffer.from(head), body]);
}

/** All ways to cut bytes into pieces of one size. */
function cut(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

describe('a FrameReader', () => {
  const short = 'short';
  const medium = 'm'.repeat(126);
  const long = 'l'.repeat(70_000);
  const sent = Buffer.concat([
    frame(BYTES, short),
    frame(TEXT, medium),
    frame(PING, 'hey'),
    frame(BYTES, long),
    frame(CLOSE, ''),
  ]);

  it.each([1, 2, 3, 7, 125, 4096, 65_536, 1_000_000])('reads every length in pieces of %i bytes', (size) => {
    const replies: Buffer[] = [];
    const reader = new FrameReader((reply) => replies.push(reply));
    // Every piece arrives in the same memory.
    const memory = Buffer.alloc(size);
    let found = '';
    for (const piece of cut(sent, size)) {
      expect(reader.closed).toBe(false);
      found += Buffer.concat(reader.read(memory.subarray(0, piece.copy(memory)))).toString();
    }
    expect(found).toBe(short + medium + long);
    expect(reader.closed).toBe(true);
    // Masked, as a client's frames must be, with a key of zero.
    expect(replies).toEqual([Buffer.from([0x80 | PONG, 0x83, 0, 0, 0, 0, ...Buffer.from('hey')])]);
  });

  it('does not read on after the goodbye', () => {
    const reader = new FrameReader(() => undefined);
    expect(reader.read(Buffer.concat([frame(CLOSE, 'xx'), frame(TEXT, 'no')]))).toEqual([]);
  });
});

const request = (path: string, ...lines: string[]) =>
  new RequestParser().parse(
    [`GET ${path} HTTP/1.1`, 'Host: localhost:8443', 'Authorization: Bearer x', ...lines].join('\r\n'),
  ) as RequestHead;
const watches = (asked: RequestHead) => isWatch(asked, asked.target);

describe('a watch', () => {
  it.each([
    '/clusters/x/api/v1/pods?watch=1',
    '/clusters/x/api/v1/pods?watch=true&resourceVersion=5',
    '/clusters/x/api/v1/pods?labelSelector=a%3Db&watch=True',
  ])('at %s becomes a request for a WebSocket', (path) => {
    const asked = request(path, 'Connection: keep-alive', 'Accept: */*');
    expect(watches(asked)).toBe(true);
    const [first, ...lines] = headFor(askForSocket(asked, 'secret'), path, 'X: y\r\n').toString('latin1').split('\r\n');
    expect(first).toBe(`GET ${path} HTTP/1.1`);
    expect(lines).toEqual([
      'Host: localhost:8443',
      'X: y',
      'Authorization: Bearer x',
      'Accept: */*',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'X-Atoll-Watch: secret',
      'Connection: Upgrade',
      'Upgrade: websocket',
      '',
      '',
    ]);
  });

  it.each([
    ['a list', request('/clusters/x/api/v1/pods')],
    ['no watch after all', request('/clusters/x/api/v1/pods?watch=0')],
    ['a word that ends so', request('/clusters/x/api/v1/pods?rewatch=1')],
    ['another address', request('/v1/clusters?watch=1')],
    ['another method', { ...request('/clusters/x/api?watch=1'), method: 'PUT' }],
    ['an upgrade of its own', request('/clusters/x/api?watch=1', 'Connection: Upgrade', 'Upgrade: websocket')],
    ['a body', request('/clusters/x/api?watch=1', 'Content-Length: 2')],
  ])('is not: %s', (_, asked) => expect(watches(asked)).toBe(false));

  it.each([
    ['the last request of a connection', request('/clusters/x/api?watch=1', 'Connection: close')],
    ['of an older protocol', { ...request('/clusters/x/api?watch=1'), isOld: true }],
  ])('is one, too: %s', (_, asked) => expect(watches(asked)).toBe(true));
});

describe('a WatchBridge', () => {
  function make(to = { isOld: false, closes: false }) {
    const client: Buffer[] = [];
    const server: Buffer[] = [];
    const events: string[] = [];
    const watching = new WatchBridge(to, {
      toClient: (bytes) => client.push(bytes),
      toServer: (bytes) => server.push(bytes),
      date: () => '\r\nDate: now',
      ended: () => events.push('ended'),
      refused: (bytes) => events.push(`refused ${bytes}`),
    });
    const text = (parts: Buffer[]) => Buffer.concat(parts).toString('latin1');
    return { watching, events, client: () => text(client), server: () => text(server) };
  }
  const head = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    'x-atoll-timeout-seconds: 0',
    'Content-Type: application/json',
    'Audit-Id: 7',
    '',
    '',
  ].join('\r\n');
  const told = [
    'HTTP/1.1 200 OK',
    'Content-Type: application/json',
    'Audit-Id: 7',
    'Transfer-Encoding: chunked',
    'Date: now',
    '',
    '5\r\nhello',
    '',
  ].join('\r\n');

  it.each([1, 5, 1000])('is a plain HTTP answer for the client, from pieces of %i bytes', (size) => {
    const { watching, client, server, events } = make();
    const all = Buffer.concat([Buffer.from(head), frame(BYTES, 'hello'), frame(CLOSE, '')]);
    for (const piece of cut(all, size)) watching.read(piece);
    expect(events).toEqual(['ended']);
    expect(client().startsWith('HTTP/1.1 200 OK\r\n')).toBe(true);
    if (size === 1000) expect(client()).toBe(`${told}0\r\n\r\n`);
    expect(client().endsWith('\r\n0\r\n\r\n')).toBe(true);
    expect(server()).toBe(CLOSE_FRAME.toString('latin1'));
  });

  it('is plain bytes for HTTP/1.0, and ends with the connection', () => {
    const { watching, client, events } = make({ isOld: true, closes: true });
    watching.read(Buffer.concat([Buffer.from(head), frame(BYTES, 'hello'), frame(CLOSE, '')]));
    expect(client()).toBe('HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nAudit-Id: 7\r\nDate: now\r\n\r\nhello');
    expect(events).toEqual(['ended']);
  });

  it('says that the connection ends with it', () => {
    const { watching, client } = make({ isOld: false, closes: true });
    watching.read(Buffer.from(head));
    expect(client().endsWith('\r\nTransfer-Encoding: chunked\r\nDate: now\r\nConnection: close\r\n\r\n')).toBe(true);
  });

  it('that is ended before it has begun ends as soon as it has', () => {
    const { watching, client, events } = make();
    watching.end();
    expect(events).toEqual([]);
    watching.read(Buffer.from(head));
    expect(events).toEqual(['ended']);
    expect(client().endsWith('\r\n\r\n0\r\n\r\n')).toBe(true);
  });

  it('ends by its timeout', async () => {
    const { watching, client, events } = make();
    const from = performance.now();
    const ended = new Promise<void>((resolve) => {
      const push = events.push.bind(events);
      events.push = (...items) => {
        resolve();
        return push(...items);
      };
    });
    watching.read(Buffer.from(head.replace('seconds: 0', 'seconds: 1')));
    await ended;
    expect(performance.now() - from).toBeGreaterThan(990);
    expect(client().endsWith('\r\n\r\n0\r\n\r\n')).toBe(true);
  });

  it.each(['HTTP/1.1 403 Forbidden\r\n', 'HTTP/1.1 1', 'nonsense'])('passes on what is no upgrade: %s', (answer) => {
    const { watching, client, events } = make();
    watching.read(Buffer.from(answer));
    const partial = head.startsWith(answer);
    expect(events).toEqual(partial ? [] : [`refused ${answer}`]);
    if (partial) watching.read(Buffer.from('99 x'));
    expect(events).toEqual([`refused ${answer}${partial ? '99 x' : ''}`]);
    expect(client()).toBe('');
  });
});
