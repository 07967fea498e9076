import type { Obj } from '../lib/json.ts';

/** The part of JWS compact form (RFC 7515) needed for ES256 tokens that this cluster signs itself. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES = new Map([...ALPHABET].map((c, i) => [c, i]));

/** Base64url without padding, of UTF-8 text. */
export function encodeText(text: string): string {
  return encodeBytes(new TextEncoder().encode(text));
}

/** Base64url without padding. */
export function encodeBytes(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b, c] = [bytes[i] as number, bytes[i + 1], bytes[i + 2]];
    out += ALPHABET[a >> 2];
    out += ALPHABET[((a & 3) << 4) | ((b ?? 0) >> 4)];
    if (b === undefined) break;
    out += ALPHABET[((b & 15) << 2) | ((c ?? 0) >> 6)];
    if (c === undefined) break;
    out += ALPHABET[c & 63];
  }
  return out;
}

/** The UTF-8 text of base64url, or undefined when it is not valid. */
export function decodeText(text: string): string | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const c of text) {
    const value = VALUES.get(c);
    if (value === undefined) return undefined;
    bits = ((bits << 6) | value) & 0xfffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push((bits >> held) & 0xff);
    }
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(new Uint8Array(bytes));
  } catch {
    return undefined;
  }
}

export interface Jwt {
  header: Obj;
  claims: Obj;
  /** The signed text. */
  signed: string;
  signature: string;
}

/** Parses a token; undefined when it has not the form of one. Nothing is verified. */
export function parseJwt(token: string): Jwt | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  const header = parseObject(decodeText(parts[0] as string));
  const claims = parseObject(decodeText(parts[1] as string));
  if (!header || !claims) return undefined;
  return { header, claims, signed: `${parts[0]}.${parts[1]}`, signature: parts[2] as string };
}

function parseObject(text: string | undefined): Obj | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
