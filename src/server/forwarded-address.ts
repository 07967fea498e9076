import { createHash } from 'node:crypto';
import { CERTIFICATE_BYTES } from './limits.ts';

const CRLF = '\r\n';
/** An IPv4 address as a dual-stack socket writes it. */
const MAPPED = /^::ffff:(?=\d+\.)/;

/** A header for the Worker. Its name is a secret of proxy and Worker: no client can send it. */
const secretHeader = (what: string, secret: string): string =>
  `x-atoll-${what}-${createHash('sha256').update(`${what} ${secret}`).digest('hex').slice(0, 32)}`;

/** Header with the client's address. */
export const addressHeader = (secret: string): string => secretHeader('from', secret);

/** Header with the client's certificate: its DER in base64. */
export const certificateHeader = (secret: string): string => secretHeader('certificate', secret);

/** Header line for one client. */
export const addressLine = (secret: string, address: string): string =>
  `${addressHeader(secret)}: ${address.replace(MAPPED, '')}${CRLF}`;

/** Header line for one client's certificate, empty for a client without one. One that is too long is said to be there, and counts as none of ours. */
export function certificateLine(secret: string, der: Buffer | undefined): string {
  if (!der) return '';
  return `${certificateHeader(secret)}: ${der.length > CERTIFICATE_BYTES ? '-' : der.toString('base64')}${CRLF}`;
}
