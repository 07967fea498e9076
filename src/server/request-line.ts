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
const LINE = /^[!#$%&'*+.^_`|~\w-]{1,64} [^ \r\n]+ HTTP\/\d\.\d\r?\n/;
/** Bytes in which a first line has begun, or is none. */
const ENOUGH = 16;
const METHOD = /^[!#$%&'*+.^_`|~\w-]+$/;

export const isKnownMethod = (method: string): boolean => KNOWN.has(method);

/** Whether the first that a client says is no HTTP/1 at all, as far as it can be told: another protocol, or HTTP/2 that was not agreed on. */
export function isNoRequest(chunk: Buffer): boolean {
  const end = chunk.indexOf('\n');
  if (end >= 0) return !LINE.test(chunk.toString('latin1', 0, end + 1));
  const space = chunk.indexOf(SPACE);
  return space < 0
    ? chunk.length > LONGEST || (chunk.length >= ENOUGH && !METHOD.test(chunk.toString('latin1')))
    : space > LONGEST;
}
