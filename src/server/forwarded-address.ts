import { createHash } from 'node:crypto';

const CRLF = '\r\n';
const VERSION = Buffer.from(' HTTP/1.1');
/** An address of IPv4 as a socket that takes both kinds tells it. */
const MAPPED = /^::ffff:(?=\d+\.)/;

/** The header in which the front tells the Worker from where a request came. Its name is a secret of the two: no client can send it. */
export const addressHeader = (secret: string): string =>
  `x-atoll-from-${createHash('sha256').update(`from ${secret}`).digest('hex').slice(0, 32)}`;

/** The line that tells of one client. */
export const addressLine = (secret: string, address: string): Buffer =>
  Buffer.from(`${addressHeader(secret)}: ${address.replace(MAPPED, '')}${CRLF}`, 'latin1');

/** A chunk that begins a request, with one more line after its first; anything else as it is. */
export function withLine(chunk: Buffer, line: Buffer): Buffer {
  const end = chunk.indexOf(CRLF);
  if (end < VERSION.length || !chunk.subarray(end - VERSION.length, end).equals(VERSION)) return chunk;
  const head = end + CRLF.length;
  return Buffer.concat([chunk.subarray(0, head), line, chunk.subarray(head)]);
}
