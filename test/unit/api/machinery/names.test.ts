import { describe, expect, it } from 'vitest';
import {
  isCanonicalIP,
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isPathSegmentName,
  isPortName,
  isQualifiedName,
  isValidLabelValue,
} from '../../../../src/api/machinery/names.ts';

describe('names', () => {
  it('that are right have no problems', () => {
    expect(isDns1123Label('a-1')).toEqual([]);
    expect(isDns1123Subdomain('a-1.b.c')).toEqual([]);
    expect(isDns1035Label('a-1')).toEqual([]);
    expect(isQualifiedName('example.com/My_name.x')).toEqual([]);
    expect(isValidLabelValue('')).toEqual([]);
    expect(isPortName('http-2')).toEqual([]);
    expect(isCanonicalIP('fd00::1')).toEqual([]);
  });

  it('that are wrong say how, as upstream', () => {
    expect(isDns1123Label('A')).toEqual([
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
        "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ]);
    expect(isDns1035Label('1')).toHaveLength(1);
    expect(isDns1123Subdomain('a'.repeat(254))).toEqual(['must be no more than 253 characters']);
    expect(isPathSegmentName('a/b%')).toEqual(["may not contain '/'", "may not contain '%'"]);
    expect(isPathSegmentName('..')).toEqual(["may not be '..'"]);
    expect(isCanonicalIP('010.0.0.1')).not.toEqual([]);
  });

  it('count bytes, even where they say characters', () => {
    expect(isDns1123Label('é'.repeat(32))).toContain('must be no more than 63 characters');
    expect(isValidLabelValue('é'.repeat(32))).toContain('must be no more than 63 bytes');
  });

  it('of several parts are judged part by part', () => {
    expect(isQualifiedName('/a')[0]).toBe('prefix part must be non-empty');
    expect(isQualifiedName('a.b/')[0]).toBe('name part must be non-empty');
  });

  it('of ports hold a letter and no double dash', () => {
    expect(isPortName('80')).toEqual(['must contain at least one letter (a-z)']);
    expect(isPortName('a--b')).toEqual(['must not contain consecutive hyphens']);
  });
});
