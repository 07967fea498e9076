import { crc32 } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hintOf, isSecret, makeSecret, PREFIXES } from '../../../src/lib/secrets.ts';

const crypto = { token: (bytes: number) => randomBytes(bytes).toString('base64url') };

describe('secrets', () => {
  it('look as scanners expect them, and prove themselves', () => {
    for (const prefix of Object.values(PREFIXES)) {
      const secret = makeSecret(prefix, crypto);
      expect(secret).toMatch(/^atoll[a-z]?_[0-9A-Za-z]{49}$/);
      expect(isSecret(prefix, secret)).toBe(true);
      expect(hintOf(secret)).toBe(secret.slice(0, prefix.length + 4));
    }
  });

  it('one wrong character is seen without a database', () => {
    const secret = makeSecret(PREFIXES.token, crypto);
    for (let i = 0; i < secret.length; i++) {
      const other = `${secret.slice(0, i)}${secret[i] === 'a' ? 'b' : 'a'}${secret.slice(i + 1)}`;
      expect(isSecret(PREFIXES.token, other), `character ${i}`).toBe(false);
    }
    expect(isSecret(PREFIXES.token, `${secret}a`)).toBe(false);
    expect(isSecret(PREFIXES.session, secret)).toBe(false);
  });

  it('the checksum is the CRC-32 of zlib', () => {
    const secret = makeSecret(PREFIXES.token, crypto);
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    let value = 0;
    for (const c of secret.slice(-6)) value = value * 62 + digits.indexOf(c);
    expect(value).toBe(crc32(secret.slice(0, -6)));
  });
});
