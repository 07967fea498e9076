import { createHash } from 'node:crypto';

const CRLF = '\r\n';
/** An IPv4 address as a dual-stack socket writes it. */
const MAPPED = /^::ffff:(?=\d+\.)/;

/** Header with the client's address for the Worker. Its name is a secret of proxy and Worker: no client can send it. */
export const addressHeader = (secret: string): string =>
  `x-atoll-from-${createHash('sha256').update(`from ${secret}`).digest('hex').slice(0, 32)}`;

/** Header line for one client. */
export const addressLine = (secret: string, address: string): string =>
  `${addressHeader(secret)}: ${address.replace(MAPPED, '')}${CRLF}`;
