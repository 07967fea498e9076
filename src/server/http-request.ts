import { isKnownMethod } from './request-line.ts';

/** Framing of a body: a length, or chunks. */
export type Framing = number | 'chunked';

/** The head of a request, as far as the proxy needs it. */
export interface RequestHead {
  method: string;
  /** Path and query. */
  target: string;
  host: string;
  /** Header lines of the request itself, each with its end: none of the connection, the host or the body's length. */
  lines: string;
  framing: Framing;
  /** Older than HTTP/1.1: no chunks, no 1xx. */
  isOld: boolean;
  /** The connection closes after this request. */
  closes: boolean;
  /** The client waits for 100 (Continue) before it sends the body. */
  expects: boolean;
  upgrade: string | undefined;
  authorization: string;
  acceptsGzip: boolean;
}

/** An answer of the proxy itself. Absent `closes`: requests can follow. */
export interface Reply {
  status: string;
  text: string;
  closes?: true;
}

const refusal = (status: string, text = status): Reply => ({ status, text, closes: true });
export const BAD_REQUEST = refusal('400 Bad Request');
export const TOO_LARGE = refusal('431 Request Header Fields Too Large');
const NO_VERSION = refusal('505 HTTP Version Not Supported', '505 HTTP Version Not Supported: unsupported protocol version');
const NO_CODING = refusal('501 Not Implemented', '501 Not Implemented: unsupported transfer encoding');
const NO_EXPECTATION = refusal('417 Expectation Failed', '');
const NOT_FOUND = { status: '404 Not Found', text: '404 page not found\n' };
const STRANGE_METHOD = { status: '405 Method Not Allowed', text: 'Method Not Allowed\n' };
/** net/http's globalOptionsHandler. */
const OPTIONS_OF_ALL = { status: '200 OK', text: '' };

const FIRST = /^([!#$%&'*+.^_`|~\w-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/(\d)\.(\d)$/;
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
/** Characters invalid in a header: control characters, and CR but before LF. */
const STRANGE = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)/;
/** A folded line: joined with a space, as net/textproto does. */
const FOLD = /\r?\n[ \t]+/g;
const BEGINS_FOLDED = /^[ \t]/;
const LINE_END = /\r?\n/;
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#@]*)([^]*)$/i;
const OPAQUE = /^[a-z][a-z0-9+.-]*:/i;
const DIGITS = /^\d{1,19}$/;
/** Host of a request without one (HTTP/1.0), or with an empty one. */
const NO_HOST = 'localhost';

const has = (list: string, word: string): boolean => list.split(',').some((one) => one.trim().toLowerCase() === word);

/** Values of headers about the connection and the body, joined per name. */
interface Special {
  hosts: string[];
  lengths: string[];
  codings: string[];
  connection: string;
  expect: string;
  upgrade: string | undefined;
  authorization: string;
  encodings: string;
}

/** The headers of a request, read. */
interface Headers extends Special {
  /** RequestHead.lines. */
  lines: string;
  isClose: boolean;
  isKeepAlive: boolean;
  isUpgrade: boolean;
  /** Expect is 100-continue. */
  isContinue: boolean;
  acceptsGzip: boolean;
}

/** Reads the lines behind the first; undefined: one is malformed. */
function headersOf(text: string): Headers | undefined {
  if (STRANGE.test(text) || BEGINS_FOLDED.test(text)) return undefined;
  const found: Special = {
    hosts: [],
    lengths: [],
    codings: [],
    connection: '',
    expect: '',
    upgrade: undefined,
    authorization: '',
    encodings: '',
  };
  let kept = '';
  for (const line of text === '' ? [] : text.replace(FOLD, ' ').split(LINE_END)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon < 1 || !NAME.test(name)) return undefined;
    noteHeader(found, name.toLowerCase(), line.slice(colon + 1).trim(), () => (kept += `${line}\r\n`));
  }
  const { connection, expect, encodings } = found;
  return {
    ...found,
    lines: kept,
    isClose: has(connection, 'close'),
    isKeepAlive: has(connection, 'keep-alive'),
    isUpgrade: has(connection, 'upgrade'),
    isContinue: has(expect, '100-continue'),
    // As written, and without a quality: upstream compares the text (negotiateContentEncoding).
    acceptsGzip: encodings.split(',').some((one) => one.trim() === 'gzip'),
  };
}

function noteHeader(found: Special, name: string, value: string, keep: () => void): void {
  switch (name) {
    case 'host':
      found.hosts.push(value);
      return;
    case 'content-length':
      found.lengths.push(value);
      return;
    case 'transfer-encoding':
      found.codings.push(value);
      return;
    case 'connection':
      found.connection += `,${value}`;
      return;
    case 'expect':
      found.expect = value;
      return;
    case 'upgrade':
      found.upgrade = value;
      return;
    // Trailers and hop-by-hop headers are not forwarded.
    case 'te':
    case 'trailer':
    case 'keep-alive':
    case 'proxy-connection':
      return;
    case 'authorization':
      found.authorization ||= value;
      break;
    case 'accept-encoding':
      found.encodings += `,${value}`;
  }
  keep();
}

/** Framing of the body (net/http's transferReader): chunks take precedence over a length; repeated lengths must agree. */
function framingOf({ lengths, codings }: Special, isOld: boolean): Framing | Reply {
  if (codings.length > 0 && !isOld) {
    return codings.length === 1 && codings[0].toLowerCase() === 'chunked' ? 'chunked' : NO_CODING;
  }
  if (lengths.length === 0) return 0;
  const length = Number(lengths[0]);
  const isOne = DIGITS.test(lengths[0]) && lengths.every((one) => one === lengths[0]);
  return isOne && Number.isSafeInteger(length) ? length : BAD_REQUEST;
}

/** Path and query, and the host of an absolute URL (RFC 9112, section 3.2). */
function targetOf(method: string, text: string): { target: string; host?: string } | Reply {
  if (method === 'CONNECT') return NOT_FOUND;
  if (text.startsWith('/')) return { target: text };
  if (text === '*') return method === 'OPTIONS' ? OPTIONS_OF_ALL : NOT_FOUND;
  const [, host, rest] = ABSOLUTE.exec(text) ?? [];
  if (rest !== undefined) return { target: rest.startsWith('/') ? rest : `/${rest}`, ...(host && { host }) };
  return OPAQUE.test(text) ? NOT_FOUND : BAD_REQUEST;
}

const isReply = (of: object): of is Reply => 'status' in of;

/** A refused request, and the framing of its body. */
export interface Refused {
  reply: Reply;
  framing: Framing;
  closes: boolean;
  isOld: boolean;
  isHead: boolean;
}

export const isRefused = (of: RequestHead | Refused): of is Refused => 'reply' in of;

/** Refuses a request; nothing after it is read. */
export const refusedWith = (reply: Reply, framing: Framing = 0): Refused => ({
  reply,
  framing,
  closes: true,
  isOld: false,
  isHead: false,
});

/** Parses the heads of one connection's requests as net/http does, with the same refusals. */
export class RequestParser {
  /** Text of the former headers, and what was read: clients repeat them, all but the length of a body. */
  #text = '';
  #headers: Headers | undefined;

  /** Parses the text of a head, without the blank line that ends it. */
  parse(head: string): RequestHead | Refused {
    const end = head.indexOf('\n');
    const first = end < 0 ? head : head.slice(0, head[end - 1] === '\r' ? end - 1 : end);
    const headers = this.#headersOf(end < 0 ? '' : head.slice(end + 1));
    const line = FIRST.exec(first);
    return headers && line ? requestOf(line[1], line[2], `${line[3]}.${line[4]}`, headers) : refusedWith(BAD_REQUEST);
  }

  #headersOf(text: string): Headers | undefined {
    if (this.#headers === undefined || text !== this.#text) {
      this.#text = text;
      this.#headers = headersOf(text);
    }
    return this.#headers;
  }
}

function requestOf(method: string, asked: string, version: string, headers: Headers): RequestHead | Refused {
  if (!version.startsWith('1.')) return refusedWith(NO_VERSION);
  const { hosts, isContinue } = headers;
  const isOld = version === '1.0';
  if (hosts.length > 1 || (hosts.length === 0 && !isOld)) return refusedWith(BAD_REQUEST);
  const framing = framingOf(headers, isOld);
  if (typeof framing === 'object') return refusedWith(framing);
  const closes = headers.isClose || (isOld && !headers.isKeepAlive);
  if (headers.expect !== '' && !isContinue) return refusedWith(NO_EXPECTATION);
  const target = targetOf(method, asked);
  const refused = (reply: Reply): Refused => ({ reply, framing, closes, isOld, isHead: method === 'HEAD' });
  if (isReply(target)) return target.closes ? refusedWith(target) : refused(target);
  if (!isKnownMethod(method)) return refused(STRANGE_METHOD);
  return {
    method,
    target: target.target,
    host: target.host ?? (hosts[0] || NO_HOST),
    lines: headers.lines,
    framing,
    isOld,
    closes,
    expects: isContinue && !isOld && framing !== 0,
    upgrade: headers.isUpgrade && !isOld ? headers.upgrade : undefined,
    authorization: headers.authorization,
    acceptsGzip: headers.acceptsGzip,
  };
}

/** The head sent upstream, with these lines in front of the client's own, and the beginning of the body behind it. */
export function headFor(request: RequestHead, target: string, added: string, body?: Buffer): Buffer {
  const { method, host, lines, framing, expects, upgrade } = request;
  let text = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${added}${lines}`;
  if (framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
  else if (framing > 0 || method === 'POST' || method === 'PUT' || method === 'PATCH') text += `Content-Length: ${framing}\r\n`;
  if (expects) text += 'Expect: 100-continue\r\n';
  if (upgrade !== undefined) text += `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
  text += '\r\n';
  if (!body) return Buffer.from(text, 'latin1');
  const bytes = Buffer.allocUnsafe(text.length + body.length);
  body.copy(bytes, bytes.write(text, 'latin1'));
  return bytes;
}
