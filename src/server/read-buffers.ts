import { FREE_BUFFERS, READ_BYTES } from './limits.ts';

/** Bytes in front of each read buffer, into which the beginning of an answer moves when a header line is inserted. */
const ROOM_BYTES = 64;
const free: Buffer[] = [];
let shared: Buffer | undefined;
/** Memory of the read buffers. */
const own = new WeakSet<ArrayBufferLike>();

function make(): Buffer {
  const all = Buffer.allocUnsafeSlow(ROOM_BYTES + READ_BYTES);
  own.add(all.buffer);
  return all.subarray(ROOM_BYTES);
}

/**
 * Pool of buffers in which answers are read from upstream and written to the client without a copy. Reused: new ones would keep the garbage
 * collector busier than the rest of the proxy.
 */
export const takeBuffer = (): Buffer => free.pop() ?? make();

export function giveBuffer(buffer: Buffer): void {
  if (buffer !== shared && free.length < FREE_BUFFERS) free.push(buffer);
}

/**
 * Shared read buffer of watches, which are many and mostly idle: reading and using are one step. But Windows reads ahead, into a buffer
 * that must be the socket's own.
 */
export function sharedBuffer(): Buffer {
  if (process.platform === 'win32') return takeBuffer();
  shared ??= make();
  return shared;
}

/** Returns bytes with a text of ASCII inserted: in a read buffer, of which they are the first in use, what is before it moves. */
export function withInserted(bytes: Buffer, at: number, text: string): Buffer {
  const { length } = text;
  if (length > ROOM_BYTES || !own.has(bytes.buffer)) {
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(text, 'latin1'), bytes.subarray(at)]);
  }
  const wider = Buffer.from(bytes.buffer, bytes.byteOffset - length, bytes.length + length);
  wider.copyWithin(0, length, length + at);
  wider.write(text, at, 'latin1');
  return wider;
}
