import { isKnownMethod } from './request-line.ts';

/** Framing of a body: a length, or chunks. */
export type Framing = number | 'chunked';

/** The head of a request, as far as the proxy needs it. */
export interface RequestHead {
  method: string;
  /** Path and query. */
  target: string;
  host: string;
  /** Header lines of the request itself: none of the connection, the host or the body's length. */
  lines: string[];
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
/** Characters invalid in a head: control characters, and CR but before LF. */
const STRANGE = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)/;
/** A folded line: joined with a space, as net/textproto does. */
const FOLD = /\r?\n[ \t]+/g;
const FIRST_FOLDED = /^[^\n]*\n[ \t]/;
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

/** Sorts the lines of a head; undefined: one is malformed. */
function sort(lines: string[], kept: string[]): Special | undefined {
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
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon < 1 || !NAME.test(name)) return undefined;
    noteHeader(found, name.toLowerCase(), line.slice(colon + 1).trim(), () => kept.push(line));
  }
  return found;
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

/** Parses the text of a head as net/http does, with the same refusals. */
export function parseRequest(head: string): RequestHead | Refused {
  if (STRANGE.test(head) || FIRST_FOLDED.test(head)) return refusedWith(BAD_REQUEST);
  const [first, ...lines] = head.replace(FOLD, ' ').split(/\r?\n/);
  const [, method, asked, major, minor] = FIRST.exec(first) ?? [];
  if (method === undefined) return refusedWith(BAD_REQUEST);
  if (major !== '1') return refusedWith(NO_VERSION);
  const kept: string[] = [];
  const found = sort(lines, kept);
  const isOld = minor === '0';
  if (!found || found.hosts.length > 1 || (found.hosts.length === 0 && !isOld)) return refusedWith(BAD_REQUEST);
  const framing = framingOf(found, isOld);
  if (typeof framing === 'object') return refusedWith(framing);
  const { connection, expect } = found;
  const closes = isOld ? !has(connection, 'keep-alive') || has(connection, 'close') : has(connection, 'close');
  const expects = has(expect, '100-continue');
  if (expect !== '' && !expects) return refusedWith(NO_EXPECTATION);
  const target = targetOf(method, asked);
  const refused = (reply: Reply): Refused => ({ reply, framing, closes, isOld, isHead: method === 'HEAD' });
  if (isReply(target)) return target.closes ? refusedWith(target) : refused(target);
  if (!isKnownMethod(method)) return refused(STRANGE_METHOD);
  return {
    method,
    target: target.target,
    host: target.host ?? (found.hosts[0] || NO_HOST),
    lines: kept,
    framing,
    isOld,
    closes,
    expects: expects && !isOld && framing !== 0,
    upgrade: has(connection, 'upgrade') && !isOld ? found.upgrade : undefined,
    authorization: found.authorization,
    acceptsGzip: has(found.encodings, 'gzip'),
  };
}

/** The head sent upstream, with these lines in front of the client's own. */
export function headFor(request: RequestHead, target: string, added: string): Buffer {
  const { method, host, lines, framing, expects, upgrade } = request;
  let text = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${added}`;
  for (const line of lines) text += `${line}\r\n`;
  if (framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
  else if (framing > 0 || method === 'POST' || method === 'PUT' || method === 'PATCH') text += `Content-Length: ${framing}\r\n`;
  if (expects) text += 'Expect: 100-continue\r\n';
  if (upgrade !== undefined) text += `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
  return Buffer.from(`${text}\r\n`, 'latin1');
}
