import type { Answer } from '../../apiserver/messages.ts';
import { GZIP_BYTES } from '../limits.ts';

/** From the object to the Worker: the answer is long. How long is not seen there. */
const LONG_HEADER = 'x-atoll-long';

/**
 * The response of an object that answers so. `marks`: a header tells the Worker whether it is long. A front on this machine compresses by itself, beside
 * the one thread that all objects share here, and no response is looked at again.
 */
export function responseOf({ status, headers, body, bytes }: Answer, marks: boolean): Response {
  const content = bytes ?? (body || null);
  const isLong = marks && content !== null && content.length > GZIP_BYTES;
  return new Response(content, { status, headers: isLong ? { ...headers, [LONG_HEADER]: '1' } : headers });
}

const acceptsGzip = (headers: Headers): boolean =>
  (headers.get('accept-encoding') ?? '').split(',').some((one) => one.trim() === 'gzip');

/**
 * A long answer, compressed for a client that asks for it, as the API server does (responsewriters/writers.go): the platform compresses
 * what says that it is.
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
