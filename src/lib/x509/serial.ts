import type { Random } from '../random.ts';

const BYTES = 16;
const VALUES = 256;

/** A serial number: 128 bits of chance (authority.go serialNumberLimit). */
export const serialOf = (random: Pick<Random, 'next'>): Uint8Array =>
  Uint8Array.from({ length: BYTES }, () => Math.floor(random.next() * VALUES));
