/**
 * The methods that workerd takes. To any other it says 501, as if the failure were ours; of HTTP's two answers 405 is the client's. It
 * knows CONNECT too, for other servers than this one.
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
/** Characters of a method; what is longer is none. */
const LONGEST = 64;
/** A request's first line, as net/http of Go reads it too; with a whole address CONNECT is one. */
const LINE = /^[!#$%&'*+.^_`|~\w-]{1,64} [^ \r\n]+ HTTP\/1\.[01]\r?\n/;
/** Bytes in which a first line has begun, or is none. */
const ENOUGH = 16;
const METHOD = /^[!#$%&'*+.^_`|~\w-]+$/;

/** Whether a chunk begins a request with a method that nobody knows; what begins no request is not looked at. */
export function hasStrangeMethod(chunk: Buffer): boolean {
  const end = chunk.indexOf(SPACE);
  if (end < 1 || end > LONGEST || KNOWN.has(chunk.toString('latin1', 0, end))) return false;
  return LINE.test(chunk.toString('latin1'));
}

/** Whether the first that a client says is no HTTP/1 at all, as far as it can be told: another protocol, or HTTP/2 that was not agreed on. */
export function isNoRequest(chunk: Buffer): boolean {
  const end = chunk.indexOf('\n');
  if (end >= 0) return !LINE.test(chunk.toString('latin1', 0, end + 1));
  const space = chunk.indexOf(SPACE);
  return space < 0
    ? chunk.length > LONGEST || (chunk.length >= ENOUGH && !METHOD.test(chunk.toString('latin1')))
    : space > LONGEST;
}

const refusal = (status: string): Buffer =>
  Buffer.from(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${status.length - 3}\r\nConnection: close\r\n\r\n${status.slice(4)}\n`,
  );

/** What is said to such; the connection ends with it, for where a body would end is unknown. */
export const STRANGE_METHOD = refusal('405 Method Not Allowed');
export const NO_REQUEST = refusal('400 Bad Request');
