import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import type { Crypto, JwsAlgorithm, PublicJwk, Sealing } from '../../src/lib/crypto-port.ts';
import type { Random } from '../../src/lib/random.ts';

/** The Crypto port over node:crypto; tokens come from the given chance, so that a seeded cluster repeats itself. */
export function nodeCrypto(random: Random): Crypto {
  return {
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
    sha512: (text) => createHash('sha512').update(text).digest('hex'),
    token: (bytes) => Buffer.from(Array.from({ length: bytes }, () => Math.floor(random.next() * 256))).toString('base64url'),
    generateKey: () => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return {
        privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
      };
    },
    sign: (privateKey, text) =>
      sign('sha256', Buffer.from(text), { key: createPrivateKey(privateKey), dsaEncoding: 'ieee-p1363' }).toString('base64url'),
    verify: (publicKey, text, signature) =>
      verify(
        'sha256',
        Buffer.from(text),
        { key: createPublicKey(publicKey), dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      ),
    verifyJws,
  };
}

/** PEM of JWKs. */
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

/** The Sealing port, in a form of its own. */
export const sealing: Sealing = {
  seal: (secret, text) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', createHash('sha256').update(secret).digest(), nonce);
    const parts = [nonce, Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]), cipher.getAuthTag()];
    return parts.map((part) => part.toString('base64url')).join('.');
  },
  unseal: (secret, sealed) => {
    const [nonce, text, tag] = sealed.split('.').map((part) => Buffer.from(part, 'base64url'));
    try {
      const decipher = createDecipheriv('aes-256-gcm', createHash('sha256').update(secret).digest(), nonce);
      decipher.setAuthTag(tag);
      return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  },
};
