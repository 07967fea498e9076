import type { Crypto } from './crypto-port.ts';

/**
 * Format of secrets, so that scanners of leaked secrets find them and mistyped ones are refused without the database: a prefix of the type,
 * 43 random base62 characters (256 bits), and the CRC-32 of all before it in six more. As a regular expression:
 * /atoll[a-z]?_[0-9A-Za-z]{49}/.
 */
export type SecretPrefix = (typeof PREFIXES)[keyof typeof PREFIXES];

export const PREFIXES = {
  /** An API token of an account. */
  token: 'atoll_',
  /** A session of a person who signed in. */
  session: 'atolls_',
  /** A credential of one cluster. */
  credential: 'atollk_',
  /** An invitation into an account. */
  invitation: 'atolli_',
  /** Device code, with which a device polls for its sign-in. */
  device: 'atolld_',
  /** The operator of a deployment. */
  operator: 'atollp_',
} as const;

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BODY = 43;
const CHECK = 6;

/** A new secret. */
export function makeSecret(prefix: SecretPrefix, crypto: Pick<Crypto, 'token'>): string {
  let body = '';
  // Characters beyond base62 are skipped, so that all are equally likely.
  while (body.length < BODY) body += crypto.token(BODY).replace(/[-_]/g, '');
  const secret = prefix + body.slice(0, BODY);
  return secret + checksum(secret);
}

/** Whether the text has the form and the checksum of such a secret. */
export function isSecret(prefix: SecretPrefix, text: string): boolean {
  const end = prefix.length + BODY;
  return text.length === end + CHECK && text.startsWith(prefix) && checksum(text.slice(0, end)) === text.slice(end);
}

/** The part of a secret that may be shown: its prefix and the first four characters. */
export const hintOf = (secret: string): string => secret.slice(0, secret.indexOf('_') + 5);

function checksum(text: string): string {
  let rest = crc32(text);
  let out = '';
  for (let i = 0; i < CHECK; i++) {
    out = ALPHABET[rest % ALPHABET.length] + out;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return out;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xed_b8_83_20 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 (ISO-HDLC, as in zlib) of ASCII text. */
function crc32(text: string): number {
  let c = 0xff_ff_ff_ff;
  for (let i = 0; i < text.length; i++) c = TABLE[(c ^ text.charCodeAt(i)) & 0xff] ^ (c >>> 8);
  return (c ^ 0xff_ff_ff_ff) >>> 0;
}
