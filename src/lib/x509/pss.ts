import type { Digest, SignedBytes } from '../crypto-port.ts';
import { RSA_KEY_BITS_MAX, RSA_KEY_BITS_MIN } from '../limits.ts';

/** RSASSA-PSS (RFC 8017) as crypto/x509 takes it: the salt as long as the digest, one digest for both. */

export const RSASSA_PSS = '1.2.840.113549.1.1.10';

const SEQUENCE = 0x30;
const OBJECT_ID = 0x06;
const TAGGED = 0xa0;
/** Last byte of the object identifiers of the digests (2.16.840.1.101.3.4.2.x). */
const LAST_BYTES = { sha256: 1, sha384: 2, sha512: 3 } as const;
const BYTES = { sha256: 32, sha384: 48, sha512: 64 } as const;
const MGF1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
const NULL = [0x05, 0x00];

type PssDigest = keyof typeof BYTES;

const tlv = (tag: number, ...parts: number[][]): number[] => {
  const content = parts.flat();
  return [tag, content.length, ...content];
};

/** Every form of the parameters that names the digest: NULL or nothing where parameters have none, the trailer field said or not. */
function formsOf(digest: PssDigest): string[] {
  const id = tlv(OBJECT_ID, [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, LAST_BYTES[digest]]);
  const algorithms = [tlv(SEQUENCE, id, NULL), tlv(SEQUENCE, id)];
  const salt = tlv(TAGGED + 2, [0x02, 0x01, BYTES[digest]]);
  const trailers = [[], tlv(TAGGED + 3, [0x02, 0x01, 0x01])];
  return algorithms.flatMap((hash) =>
    algorithms.flatMap((masked) =>
      trailers.map((trailer) => {
        const mask = tlv(SEQUENCE, tlv(OBJECT_ID, MGF1), masked);
        return tlv(SEQUENCE, tlv(TAGGED, hash), tlv(TAGGED + 1, mask), salt, trailer).join();
      }),
    ),
  );
}

/** The digest of the DER of parameters; undefined: crypto/x509 does not take them. */
export function pssDigest(parameters: Uint8Array | undefined): PssDigest | undefined {
  const form = parameters?.join() ?? '';
  return (Object.keys(BYTES) as PssDigest[]).find((digest) => formsOf(digest).includes(form));
}

/** Greatest public exponent (crypto/rsa). */
const EXPONENT_MAX = 2n ** 31n - 1n;
const BYTE_BITS = 8;
const TRAILER = 0xbc;

export type Hash = (digest: Digest, bytes: Uint8Array) => Uint8Array;

/**
 * Whether the signature is by the RSA key, whose numbers are big-endian. workerd's verify() takes no padding, so the encoding is checked here
 * (RFC 8017, sections 8.1.2 and 9.1.2).
 */
export function isPssSignature(key: { n: Uint8Array; e: Uint8Array }, of: Omit<SignedBytes, 'publicKey'>, hash: Hash): boolean {
  const digest = of.digest ?? 'sha1';
  if (digest === 'sha1') return false;
  const [modulus, exponent] = [numberOf(key.n), numberOf(key.e)];
  const bits = modulus.toString(2).length;
  const size = Math.ceil(bits / BYTE_BITS);
  const value = numberOf(of.signature);
  if (
    bits < RSA_KEY_BITS_MIN ||
    bits > RSA_KEY_BITS_MAX ||
    exponent > EXPONENT_MAX ||
    of.signature.length !== size ||
    value >= modulus
  )
    return false;
  return isEncoded(toBytes(power(value, exponent, modulus), Math.ceil((bits - 1) / BYTE_BITS)), bits - 1, of.bytes, digest, hash);
}

/** EMSA-PSS-VERIFY. */
function isEncoded(encoded: Uint8Array | undefined, bits: number, message: Uint8Array, digest: PssDigest, hash: Hash): boolean {
  const length = BYTES[digest];
  if (!encoded || encoded.length < 2 * length + 2 || encoded.at(-1) !== TRAILER) return false;
  const masked = encoded.subarray(0, encoded.length - length - 1);
  const digested = encoded.subarray(masked.length, -1);
  const unused = 0xff >> (BYTE_BITS * encoded.length - bits);
  if (masked[0] & ~unused) return false;
  const mask = maskOf(digested, masked.length, digest, hash);
  const block = masked.map((byte, i) => byte ^ mask[i]);
  block[0] &= unused;
  const saltAt = block.length - length;
  if (block[saltAt - 1] !== 1 || block.subarray(0, saltAt - 1).some((byte) => byte !== 0)) return false;
  const whole = new Uint8Array([...new Uint8Array(BYTE_BITS), ...hash(digest, message), ...block.subarray(saltAt)]);
  return hash(digest, whole).every((byte, i) => byte === digested[i]);
}

/** MGF1. */
function maskOf(seed: Uint8Array, length: number, digest: PssDigest, hash: Hash): Uint8Array {
  const out: number[] = [];
  for (let i = 0; out.length < length; i++) out.push(...hash(digest, new Uint8Array([...seed, 0, 0, i >> BYTE_BITS, i & 0xff])));
  return Uint8Array.from(out.slice(0, length));
}

const BASE = 16;
const numberOf = (bytes: Uint8Array): bigint =>
  BigInt(`0x0${Array.from(bytes, (byte) => byte.toString(BASE).padStart(2, '0')).join('')}`);

/** The number in this many bytes; undefined: it takes more. */
function toBytes(value: bigint, length: number): Uint8Array | undefined {
  const text = value.toString(BASE).padStart(2 * length, '0');
  return text.length > 2 * length
    ? undefined
    : Uint8Array.from({ length }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), BASE));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}
