/** Synchronous cryptography as a port: the shells fill it from node:crypto, which workerd offers too. */
export interface Crypto {
  /** Lower-case hex SHA-256 of UTF-8 text. */
  sha256(text: string): string;
  /** Lower-case hex SHA-512 of UTF-8 text. */
  sha512(text: string): string;
  /** `bytes` of entropy, base64url without padding. */
  token(bytes: number): string;
  /** A new P-256 key pair as PEM (PKCS#8 and SPKI). */
  generateKey(): { privateKey: string; publicKey: string };
  /** ES256 over the text: a raw 64-byte signature as base64url. */
  sign(privateKey: string, text: string): string;
  verify(publicKey: string, text: string, signature: string): boolean;
}

/** Authenticated encryption of small texts at rest (AES-256-GCM), under a key that only the holder of a secret can derive. */
export interface Sealing {
  seal(secret: string, text: string): string;
  /** Undefined: sealed under another secret, or changed. */
  unseal(secret: string, sealed: string): string | undefined;
}
