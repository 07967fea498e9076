/** The methods that workerd knows. To any other it says 501, as if the failure were ours; of HTTP's two answers 405 is the client's. */
const KNOWN = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'CONNECT',
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
const LINE = /^[!#$%&'*+.^_`|~\w-]{1,64} \/[^ \r\n]* HTTP\/1\.[01]\r\n/;

/** Whether a chunk begins a request with a method that nobody knows; what begins no request is not looked at. */
export function hasStrangeMethod(chunk: Buffer): boolean {
  const end = chunk.indexOf(SPACE);
  if (end < 1 || end > LONGEST || KNOWN.has(chunk.toString('latin1', 0, end))) return false;
  return LINE.test(chunk.toString('latin1'));
}

/** What is said to such a request; the connection ends with it, for where its body ends is unknown. */
export const STRANGE_METHOD = Buffer.from(
  'HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nContent-Length: 19\r\nConnection: close\r\n\r\nMethod Not Allowed\n',
);
