/** Bytes read at once from the server behind. */
const READ_BYTES = 128 * 1024;
/** Buffers kept for the next reads. */
const FREE_BUFFERS = 64;
const free: Buffer[] = [];
let shared: Buffer | undefined;

/**
 * What an answer is read into and written to the client from, without a copy. They go round: new ones all the time would keep the garbage
 * collector busier than all the rest of the front.
 */
export const takeBuffer = (): Buffer => free.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);

export function giveBuffer(buffer: Buffer): void {
  if (buffer !== shared && free.length < FREE_BUFFERS) free.push(buffer);
}

/**
 * What watches are read into, of which there are many and all of them quiet: reading and using are one step, so that they share it. But
 * Windows reads ahead, into a buffer that must be the socket's own.
 */
export function sharedBuffer(): Buffer {
  if (process.platform === 'win32') return takeBuffer();
  shared ??= Buffer.allocUnsafeSlow(READ_BYTES);
  return shared;
}
