import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { Crypto } from '../../src/lib/crypto-port.ts';
import type { Random } from '../../src/lib/random.ts';

/** The Crypto port over node:crypto; tokens come from the given chance, so that a seeded cluster repeats itself. */
export function nodeCrypto(random: Random): Crypto {
  return {
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
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
  };
}
