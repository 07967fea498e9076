import { createHash } from 'node:crypto';

const CRLF = '\r\n';
/** An address of IPv4 as a socket that takes both kinds tells it. */
const MAPPED = /^::ffff:(?=\d+\.)/;

/** The header in which the front tells the Worker from where a request came. Its name is a secret of the two: no client can send it. */
export const addressHeader = (secret: string): string =>
  `x-atoll-from-${createHash('sha256').update(`from ${secret}`).digest('hex').slice(0, 32)}`;

/** The line that tells of one client. */
export const addressLine = (secret: string, address: string): string =>
  `${addressHeader(secret)}: ${address.replace(MAPPED, '')}${CRLF}`;
