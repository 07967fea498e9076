import { describe, expect, it } from 'vitest';
import { addressHeader, addressLine } from '../../../src/server/forwarded-address.ts';

describe('from where a request came', () => {
  it('is told in a header whose name only the two sides know', () => {
    expect(addressHeader('one')).toMatch(/^x-atoll-from-[0-9a-f]{32}$/);
    expect(addressHeader('one')).not.toBe(addressHeader('two'));
    expect(addressLine('one', '::ffff:192.0.2.7')).toBe(`${addressHeader('one')}: 192.0.2.7\r\n`);
    expect(addressLine('one', '2001:db8::1')).toBe(`${addressHeader('one')}: 2001:db8::1\r\n`);
  });
});
