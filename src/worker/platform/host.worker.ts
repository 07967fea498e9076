import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import type { Crypto, JwsAlgorithm, PublicJwk, Sealing, SignedBytes } from '../../lib/crypto-port.ts';
import { isPssSignature } from '../../lib/x509/pss.ts';
import type { Random } from '../../lib/random.ts';

/** Current time, ms since the epoch. Only the shell reads the clock. */
export const now = (): number => Date.now();

/** Time that each call of a budget counts as, ms: about one step of a drain. */
const STEP_MS = 0.2;

/**
 * Function that returns true until `ms` are used up. When deployed the clock stands still while code runs, so calls are counted too: the budget
 * ends after ms / STEP_MS calls at the latest.
 */
export function budget(ms: number): () => boolean {
  const end = Date.now() + ms;
  let steps = ms / STEP_MS;
  return () => --steps > 0 && Date.now() < end;
}

const POOL = new Uint32Array(256);
let left = 0;

/** Cryptographically strong random numbers, drawn in bulk, since single calls are slow. */
export const random: Random = {
  next: () => {
    if (left === 0) {
      crypto.getRandomValues(POOL);
      left = POOL.length;
    }
    return POOL[--left] / 2 ** 32;
  },
  uuid: () => crypto.randomUUID(),
};

/**
 * Synchronous cryptography over workerd's node:crypto. Keys are PEM text: workerd refuses a KeyObject beside `dsaEncoding` (its sign() parses
 * the object a second time).
 */
export const crypt: Crypto = {
  sha256: (data) => createHash('sha256').update(data).digest('hex'),
  sha512: (text) => createHash('sha512').update(text).digest('hex'),
  token: (bytes) => randomBytes(bytes).toString('base64url'),
  generateKey: () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return {
      privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
    };
  },
  sign: (privateKey, text) =>
    sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
  verify: (publicKey, text, signature) =>
    verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')),
  verifyJws,
  signBytes: (privateKey, bytes) => sign('sha256', bytes, privateKey),
  verifyBytes,
  hmac: (key, text) => createHmac('sha256', key).update(text).digest('base64url'),
};

function verifyBytes({ publicKey, digest, padding, bytes, signature }: SignedBytes): boolean {
  try {
    if (padding === 'pss') {
      const { kty, n = '', e = '' } = createPublicKey(publicKey).export({ format: 'jwk' });
      const key = { n: Buffer.from(n, 'base64url'), e: Buffer.from(e, 'base64url') };
      return kty === 'RSA' && isPssSignature(key, { digest, bytes, signature }, hashOf);
    }
    return verify(digest, bytes, publicKey, signature);
  } catch {
    return false;
  }
}

const hashOf = (digest: string, bytes: Uint8Array): Uint8Array => createHash(digest).update(bytes).digest();

/** PEM by JWK: workerd's verify() takes no KeyObject, and converting takes longer than verifying. */
const pems = new WeakMap<PublicJwk, string>();

function pemOf(key: PublicJwk): string {
  let pem = pems.get(key);
  if (pem === undefined) {
    pem = createPublicKey({ key: { ...key }, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string;
    pems.set(key, pem);
  }
  return pem;
}

function verifyJws(key: PublicJwk, algorithm: JwsAlgorithm, text: string, signature: string): boolean {
  const how = algorithm.startsWith('ES') ? { dsaEncoding: 'ieee-p1363' as const } : {};
  try {
    return verify(
      `sha${algorithm.slice(2)}`,
      Buffer.from(text),
      { key: pemOf(key), ...how },
      Buffer.from(signature, 'base64url'),
    );
  } catch {
    return false;
  }
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const keyOf = (secret: string) => new Uint8Array(hkdfSync('sha256', secret, '', 'atoll sealing', 32));

/** Authenticated encryption: nonce, ciphertext and tag as base64url. */
export const sealing: Sealing = {
  seal: (secret, text) => {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, keyOf(secret), nonce);
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
  },
  unseal: (secret, sealed) => {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, keyOf(secret), bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  },
};

/** Lower-case hex HMAC-SHA-256 of text. */
export const hmac = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex');
