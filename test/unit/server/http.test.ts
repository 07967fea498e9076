import { describe, expect, it } from 'vitest';
import { ChunkReader, chunkOf, LAST_CHUNK } from '../../../src/server/http-body.ts';
import { Input } from '../../../src/server/http-input.ts';
import { headFor, isRefused, RequestParser, type RequestHead } from '../../../src/server/http-request.ts';

const SIZES = [1, 2, 3, 7, 1000];
function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('an Input', () => {
  it.each(SIZES)('finds heads and what follows them, from pieces of %i bytes', (size) => {
    const input = new Input();
    const found: (string | undefined)[] = [];
    for (const piece of cut(Buffer.from('A / x\r\nb: c\r\n\r\nbodyB / y\n\nC\r\n\r\n\r\nrest'), size)) {
      // As if the socket used its memory again.
      input.push(Buffer.from(piece));
      if (found.length === 0) found.push(...[input.takeHead()].filter((text) => text !== undefined));
    }
    if (found.length === 0) found.push(input.takeHead());
    expect(found).toEqual(['A / x\r\nb: c']);
    expect(input.take(4).toString()).toBe('body');
    expect([input.takeHead(), input.takeHead(), input.takeHead()]).toEqual(['B / y', 'C', undefined]);
    expect(input.peek().toString()).toBe('\r\nrest');
    expect(input.take().toString()).toBe('\r\nrest');
    expect(input.length).toBe(0);
  });

  it('takes a long head in single bytes in time that grows with its length', () => {
    const input = new Input();
    const from = performance.now();
    for (let n = 0; n < 300_000; n++) {
      input.push(Buffer.from('x'));
      if (input.takeHead() !== undefined) break;
    }
    expect(input.length).toBe(300_000);
    // Copying or searching all of it each time takes minutes.
    expect(performance.now() - from).toBeLessThan(5000);
  });
});

describe('a ChunkReader', () => {
  const good = '5;a=b\r\nhello\r\n00A\r\n, world!!!\r\n0\r\nX-T: 1\r\n\r\n';

  it.each(SIZES)('reads chunks, extensions and trailers in pieces of %i bytes, and no further', (size) => {
    const reader = new ChunkReader();
    let text = '';
    let used = 0;
    for (const piece of cut(Buffer.from(`${good}GET /`), size)) {
      const read = reader.read(piece);
      text += Buffer.concat(read.data).toString();
      used += read.used;
    }
    expect([text, used, reader.done, reader.bad]).toEqual(['hello, world!!!', good.length, true, false]);
  });

  it.each([
    'zz\r\n',
    '\r\n',
    '0x2\r\n',
    '-1\r\n',
    '5\r\nhello!\r\n',
    '5\nhello\n',
    'fffffffffffffffff\r\n',
    'ffffffffffffffff\r\n',
    '0\r\nno trailer\r\n',
    `1;${'x'.repeat(5000)}`,
    `0\r\n${'a: b\r\n'.repeat(5000)}`,
  ])('finds %j malformed', (text) => {
    for (const size of SIZES) {
      const reader = new ChunkReader();
      for (const piece of cut(Buffer.from(text), size)) reader.read(piece);
      expect([reader.bad, reader.done]).toEqual([true, false]);
    }
  });

  it('reads what chunkOf makes', () => {
    const reader = new ChunkReader();
    const { data } = reader.read(Buffer.concat([chunkOf([Buffer.from('a'), Buffer.from('bc')]), LAST_CHUNK]));
    expect([Buffer.concat(data).toString(), reader.done]).toEqual(['abc', true]);
  });
});

const parse = (...lines: string[]) => new RequestParser().parse(lines.join('\r\n')) as RequestHead;

describe('a request', () => {
  it('is told behind without what is about the connection in front', () => {
    const asked = parse(
      'POST http://user@a.example/x?y HTTP/1.0',
      'Host: b',
      'Connection: keep-alive, X-Hop',
      'Keep-Alive: timeout=5',
      'TE: trailers',
      'Trailer: X-T',
      'Expect: 100-continue',
      'Content-Length: 2',
      'Content-Length: 2',
      'X-Folded: a',
      '\t b',
    );
    expect(asked).toMatchObject({ target: '/x?y', host: 'a.example', isOld: true, closes: false, expects: false, framing: 2 });
    expect(headFor(asked, '/p/x?y', 'From: me\r\n').toString()).toBe(
      'POST /p/x?y HTTP/1.1\r\nHost: a.example\r\nFrom: me\r\nX-Folded: a b\r\nContent-Length: 2\r\n\r\n',
    );
  });

  it('is read for itself, however much of it the one before it said', () => {
    const parser = new RequestParser();
    const read = (...lines: string[]) => parser.parse(lines.join('\r\n')) as RequestHead;
    const headers = ['Host: b', 'Authorization: Bearer x', 'Content-Length: 5'];
    const first = read('PUT /a HTTP/1.1', ...headers);
    expect(read('PUT /a HTTP/1.1', ...headers)).toEqual(first);
    expect(read('POST /b HTTP/1.0', ...headers)).toMatchObject({
      method: 'POST',
      target: '/b',
      isOld: true,
      closes: true,
      framing: 5,
    });
    expect(isRefused(parser.parse('PUT /a HTTP/1.1'))).toBe(true);
    expect(read('PUT /a HTTP/1.1', ...headers.slice(0, 2))).toMatchObject({ framing: 0, authorization: 'Bearer x' });
    expect(isRefused(parser.parse(['PUT /a HTTP/1.1', ...headers, 'a b: c'].join('\r\n')))).toBe(true);
    expect(read('PUT /a HTTP/1.1', ...headers)).toEqual(first);
  });

  it('has one way to end, whatever is said twice', () => {
    const both = parse('POST /x HTTP/1.1', 'Host: b', 'Content-Length: 5', 'Transfer-Encoding: chunked');
    expect(headFor(both, '/x', '').toString()).toBe('POST /x HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n');
    const old = parse('POST /x HTTP/1.0', 'Content-Length: 5', 'Transfer-Encoding: chunked');
    expect(headFor(old, '/x', '').toString()).toBe('POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n');
  });

  it.each([
    ['an upgrade', ['Connection: keep-alive, Upgrade', 'Upgrade: websocket'], 'websocket'],
    ['no upgrade that the connection is not asked for', ['Upgrade: websocket'], undefined],
  ])('may be %s', (_, lines, upgrade) => {
    expect(parse('GET /x HTTP/1.1', 'Host: b', ...lines).upgrade).toBe(upgrade);
  });

  it.each([
    ['GET /x HTTP/1.1', 'Host: b', 'A\u00e9: c'],
    ['GET /x HTTP/1.1', 'Host: b', 'A: c\rd'],
    ['GET /x HTTP/1.1', 'Host: b', 'A: c\0'],
    ['GET /x\x7f HTTP/1.1', 'Host: b'],
    ['GET /x  HTTP/1.1', 'Host: b'],
  ])('that holds what no head does is refused: %j', (...lines) => {
    const refused = new RequestParser().parse(lines.join('\r\n'));
    expect(isRefused(refused) && [refused.reply.status, refused.closes]).toEqual(['400 Bad Request', true]);
  });
});
