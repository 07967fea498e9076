import { FIRST_LINE_BYTES } from './limits.ts';

/**
 * Methods that workerd accepts. To others it answers 501, a server error; of HTTP's two answers 405 is the client's. Includes CONNECT,
 * which is for other servers.
 */
const KNOWN = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'PURGE',
  'COPY',
  'LOCK',
  'MKCOL',
  'MOVE',
  'PROPFIND',
  'PROPPATCH',
  'SEARCH',
  'UNLOCK',
  'ACL',
  'REPORT',
  'MKACTIVITY',
  'CHECKOUT',
  'MERGE',
  'MSEARCH',
  'NOTIFY',
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'QUERY',
  'BAN',
]);
const SPACE = 32;
/** Maximum length of a method. */
const LONGEST = 64;
/** A request line, as Go's net/http reads it; with an absolute URL CONNECT is one. */
const LINE = /^[!#$%&'*+.^_`|~\w-]{1,64} [^ \r\n]+ HTTP\/\d\.\d\r?\n/;
/** Bytes after which a request line has begun, or is malformed. */
const ENOUGH = 16;
const METHOD = /^[!#$%&'*+.^_`|~\w-]+$/;

export const isKnownMethod = (method: string): boolean => KNOWN.has(method);

/** Whether the first bytes are not HTTP/1, as far as can be told: another protocol, or HTTP/2 without negotiation. */
export function isNoRequest(chunk: Buffer): boolean {
  if (chunk.length > FIRST_LINE_BYTES) return false;
  const end = chunk.indexOf('\n');
  if (end >= 0) return !LINE.test(chunk.toString('latin1', 0, end + 1));
  const space = chunk.indexOf(SPACE);
  return space < 0
    ? chunk.length > LONGEST || (chunk.length >= ENOUGH && !METHOD.test(chunk.toString('latin1')))
    : space > LONGEST;
}
