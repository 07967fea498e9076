/** Bytes per upstream read. */
const READ_BYTES = 128 * 1024;
/** Buffers kept for the next reads. */
const FREE_BUFFERS = 64;
const free: Buffer[] = [];
let shared: Buffer | undefined;

/**
 * Pool of buffers in which answers are read from upstream and written to the client without a copy. Reused: new ones would keep the garbage
 * collector busier than the rest of the proxy.
 */
export const takeBuffer = (): Buffer => free.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);

export function giveBuffer(buffer: Buffer): void {
  if (buffer !== shared && free.length < FREE_BUFFERS) free.push(buffer);
}

/**
 * Shared read buffer of watches, which are many and mostly idle: reading and using are one step. But Windows reads ahead, into a buffer
 * that must be the socket's own.
 */
export function sharedBuffer(): Buffer {
  if (process.platform === 'win32') return takeBuffer();
  shared ??= Buffer.allocUnsafeSlow(READ_BYTES);
  return shared;
}
