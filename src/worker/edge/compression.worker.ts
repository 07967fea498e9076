import type { Answer } from '../../apiserver/messages.ts';
import { GZIP_BYTES } from '../limits.ts';

/** Header from the object to the Worker: the body is longer than GZIP_BYTES, which the Worker cannot tell from a stream. */
const LONG_HEADER = 'x-atoll-long';

/**
 * Response of an object. `marks`: adds LONG_HEADER to a long one. Not on the local server: its TLS proxy compresses, outside the thread that all
 * objects share.
 */
export function responseOf({ status, headers, body, bytes }: Answer, marks: boolean): Response {
  const content = bytes ?? (body || null);
  const isLong = marks && content !== null && content.length > GZIP_BYTES;
  return new Response(content, { status, headers: isLong ? { ...headers, [LONG_HEADER]: '1' } : headers });
}

const acceptsGzip = (headers: Headers): boolean =>
  (headers.get('accept-encoding') ?? '').split(',').some((one) => one.trim() === 'gzip');

/**
 * Compresses a long response for a client that accepts gzip, as the API server does (responsewriters/writers.go). The platform encodes a body
 * whose content-encoding header says gzip.
 */
export function compressed(request: Request, answer: Response): Response {
  if (!answer.headers.has(LONG_HEADER)) return answer;
  const headers = new Headers(answer.headers);
  headers.delete(LONG_HEADER);
  if (acceptsGzip(request.headers)) {
    headers.set('content-encoding', 'gzip');
    headers.append('vary', 'Accept-Encoding');
  }
  return new Response(answer.body, { status: answer.status, headers });
}
