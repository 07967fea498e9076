import { fromBase64, toBase64 } from '../base64.ts';

/** PEM (RFC 7468) of binary texts, as encoding/pem reads and writes it. */

const LINE = /.{64}(?=.)/g;

export const toPem = (label: string, bytes: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${toBase64(bytes).replace(LINE, '$&\n')}\n-----END ${label}-----\n`;

export interface PemBlock {
  label: string;
  headers: boolean;
  bytes: Uint8Array<ArrayBuffer>;
}

const BLOCK = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t]*\r?\n([\s\S]*?)(?:^|\n|(?<=\n))-----END \1-----[ \t]*(?=\r?\n|$)/g;
const HEADER = /^[^\n:]+:[^\n]*\r?\n/;

/** Every well-formed block, in order; what stands between them is skipped. */
export function pemBlocks(text: string): PemBlock[] {
  const found: PemBlock[] = [];
  for (const [, label, body] of text.matchAll(BLOCK)) {
    let rest = body;
    const headers = HEADER.test(rest);
    while (HEADER.test(rest)) rest = rest.replace(HEADER, '');
    const bytes = fromBase64(rest.replace(/\s+/g, ''));
    if (bytes) found.push({ label, headers, bytes });
  }
  return found;
}
