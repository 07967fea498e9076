/** Synchronous cryptography as a port: the shells fill it from node:crypto, which workerd offers too. */
export interface Crypto {
  /** Lower-case hex SHA-256 of bytes, or of UTF-8 text. */
  sha256(data: string | Uint8Array): string;
  /** Lower-case hex SHA-512 of UTF-8 text. */
  sha512(text: string): string;
  /** `bytes` of entropy, base64url without padding. */
  token(bytes: number): string;
  /** A new P-256 key pair as PEM (PKCS#8 and SPKI). */
  generateKey(): { privateKey: string; publicKey: string };
  /** ES256 over the text: a raw 64-byte signature as base64url. */
  sign(privateKey: string, text: string): string;
  verify(publicKey: string, text: string, signature: string): boolean;
  /** Whether the base64url signature over the text is by the public key, which fits the algorithm. False for a key that is none. */
  verifyJws(key: PublicJwk, algorithm: JwsAlgorithm, text: string, signature: string): boolean;
  /** A signature over the SHA-256 of bytes in the form that X.509 has, by a P-256 key (PKCS#8 PEM). */
  signBytes(privateKey: string, bytes: Uint8Array): Uint8Array;
  /** Whether the signature is by the public key (SPKI PEM). False for a key that is none. */
  verifyBytes(of: SignedBytes): boolean;
  /** HMAC-SHA-256 of UTF-8 text, base64url without padding. */
  hmac(key: string, text: string): string;
}

export type Digest = 'sha1' | 'sha256' | 'sha384' | 'sha512';

export interface SignedBytes {
  publicKey: string;
  /** Null: the key's algorithm has its own. */
  digest: Digest | null;
  /** Of RSA: absent: PKCS #1 v1.5. */
  padding?: 'pss';
  bytes: Uint8Array;
  signature: Uint8Array;
}

/** The public part of an asymmetric key (RFC 7517, RFC 7518 section 6). */
export type PublicJwk = { kty: 'RSA'; n: string; e: string } | { kty: 'EC'; crv: string; x: string; y: string };

const FAMILIES = ['RS', 'ES'] as const;
const BITS = ['256', '384', '512'] as const;
export type JwsAlgorithm = `${(typeof FAMILIES)[number]}${(typeof BITS)[number]}`;
/**
 * Asymmetric algorithms of signatures (RFC 7518 section 3.1) that are verified. Not PS256 and its like, which upstream takes: workerd's verify()
 * ignores the padding, and would take an RS256 signature for one.
 */
export const JWS_ALGORITHMS: readonly string[] = FAMILIES.flatMap((family) => BITS.map((bits) => `${family}${bits}`));

/** Authenticated encryption of small texts at rest (AES-256-GCM), under a key that only the holder of a secret can derive. */
export interface Sealing {
  seal(secret: string, text: string): string;
  /** Undefined: sealed under another secret, or changed. */
  unseal(secret: string, sealed: string): string | undefined;
}
