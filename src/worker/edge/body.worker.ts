import { REQUEST_BODY_BYTES } from '../../apiserver/limits.ts';
import { REQUEST_DISCARD_BYTES, REQUEST_DISCARD_MS } from '../limits.ts';

/** Body of a request as text; of protobuf with one character per byte. Returns at most REQUEST_BODY_BYTES + 1 of them. */
export async function bodyOf(request: Request): Promise<string> {
  const { body, headers } = request;
  if (!body) return '';
  const length = headers.get('content-length');
  const isBytes = headers.get('content-type')?.includes('protobuf');
  const known = length !== null && Number(length) <= REQUEST_BODY_BYTES;
  if (known && !isBytes) return request.text();
  const bytes = known ? Buffer.from(await request.arrayBuffer()) : await upTo(body, REQUEST_BODY_BYTES);
  return bytes.toString(isBytes ? 'latin1' : 'utf8');
}

/** Bytes of a stream, or its first `limit` + 1. */
async function upTo(stream: ReadableStream<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  while (size <= limit) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    chunks.push(value);
    size += value.byteLength;
  }
  // Closing while the client still sends makes its TCP stack drop the response (RST).
  const late = new Promise((resolve) => setTimeout(resolve, REQUEST_DISCARD_MS));
  await Promise.race([discard(reader), late]);
  return Buffer.concat(chunks).subarray(0, limit + 1);
}

/** Discards up to REQUEST_DISCARD_BYTES, so that a client that still sends gets to read the response (net/http's rstAvoidanceDelay). */
async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    for (let left = REQUEST_DISCARD_BYTES; left > 0; ) {
      const { done, value } = await reader.read();
      if (done) return;
      left -= value.byteLength;
    }
    await reader.cancel();
  } catch {
    // The client disconnected.
  }
}
