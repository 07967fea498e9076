import { describe, expect, it } from 'vitest';
import { addressHeader, addressLine, withLine } from '../../../src/server/forwarded-address.ts';

const told = (text: string) => withLine(Buffer.from(text), Buffer.from('x: y\r\n')).toString();

describe('from where a request came', () => {
  it('is told in a header whose name only the two sides know', () => {
    expect(addressHeader('one')).toMatch(/^x-atoll-from-[0-9a-f]{32}$/);
    expect(addressHeader('one')).not.toBe(addressHeader('two'));
    expect(addressLine('one', '::ffff:192.0.2.7').toString()).toBe(`${addressHeader('one')}: 192.0.2.7\r\n`);
    expect(addressLine('one', '2001:db8::1').toString()).toBe(`${addressHeader('one')}: 2001:db8::1\r\n`);
  });

  it('stands behind the first line of a request, and nowhere else', () => {
    expect(told('GET /a HTTP/1.1\r\nHost: b\r\n\r\n')).toBe('GET /a HTTP/1.1\r\nx: y\r\nHost: b\r\n\r\n');
    for (const other of ['{"a":1}', 'GET /a HTTP/1.0\r\nHost: b\r\n\r\n', 'GET /a HTT', '\r\n', 'a line\r\nanother\r\n', '']) {
      expect(told(other)).toBe(other);
    }
  });
});
