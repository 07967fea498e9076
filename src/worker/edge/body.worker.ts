import { REQUEST_BODY_BYTES } from '../../apiserver/limits.ts';
import { REQUEST_DISCARD_BYTES, REQUEST_DISCARD_MS } from '../limits.ts';

/** The body of a request as the cluster reads it: text, but of protobuf one character a byte. What is too large is read no further than that. */
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

/** The bytes of a stream, or one more than so many of them. */
async function upTo(stream: ReadableStream<Uint8Array>, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  while (size <= most) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    chunks.push(value);
    size += value.byteLength;
  }
  // Whoever hangs up on a client that still sends takes its own answer back: the client's system drops it when it learns that nobody reads.
  const late = new Promise((resolve) => setTimeout(resolve, REQUEST_DISCARD_MS));
  await Promise.race([discard(reader), late]);
  return Buffer.concat(chunks).subarray(0, most + 1);
}

/** Reads on for a while, so that the client, which still sends, comes to read the answer; then it is cut off (net/http's rstAvoidanceDelay). */
async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    for (let left = REQUEST_DISCARD_BYTES; left > 0; ) {
      const { done, value } = await reader.read();
      if (done) return;
      left -= value.byteLength;
    }
    await reader.cancel();
  } catch {
    // The client is gone.
  }
}
