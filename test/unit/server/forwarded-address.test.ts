import { describe, expect, it } from 'vitest';
import { addressHeader, addressLine, certificateHeader, certificateLine } from '../../../src/server/forwarded-address.ts';

describe('from where a request came', () => {
  it('is told in a header whose name only the two sides know', () => {
    expect(addressHeader('one')).toMatch(/^x-atoll-from-[0-9a-f]{32}$/);
    expect(addressHeader('one')).not.toBe(addressHeader('two'));
    expect(addressLine('one', '::ffff:192.0.2.7')).toBe(`${addressHeader('one')}: 192.0.2.7\r\n`);
    expect(addressLine('one', '2001:db8::1')).toBe(`${addressHeader('one')}: 2001:db8::1\r\n`);
  });

  it('[AUTHN8] and so is by which certificate: one that is too long is none of ours', () => {
    expect(certificateHeader('one')).toMatch(/^x-atoll-certificate-[0-9a-f]{32}$/);
    expect(certificateHeader('one')).not.toBe(certificateHeader('two'));
    expect(certificateLine('one', Buffer.from('der'))).toBe(`${certificateHeader('one')}: ZGVy\r\n`);
    expect(certificateLine('one', undefined)).toBe('');
    expect(certificateLine('one', Buffer.alloc(8193))).toBe(`${certificateHeader('one')}: -\r\n`);
  });
});
