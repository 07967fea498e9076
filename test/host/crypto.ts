import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Crypto, Sealing } from '../../src/lib/crypto-port.ts';
import type { Random } from '../../src/lib/random.ts';
import { crypt } from '../../src/worker/platform/host.worker.ts';

/** The Worker's cryptography; tokens come from the given chance, so that a seeded cluster repeats itself. */
export const nodeCrypto = (random: Random): Crypto => ({
  ...crypt,
  token: (bytes) => Buffer.from(Array.from({ length: bytes }, () => Math.floor(random.next() * 256))).toString('base64url'),
});

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
