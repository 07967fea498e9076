import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { sha256, sha512Hex } from '../../../src/lib/sha2.ts';

it.each(['', 'abc', 'é'.repeat(100), 'x'.repeat(55), 'x'.repeat(56), 'x'.repeat(111), 'x'.repeat(112), 'y'.repeat(5000)])(
  'hashes as node:crypto does (%#)',
  (text) => {
    expect(Buffer.from(sha256(text)).toString('hex')).toBe(createHash('sha256').update(text).digest('hex'));
    expect(sha512Hex(text)).toBe(createHash('sha512').update(text).digest('hex').toUpperCase());
  },
);
