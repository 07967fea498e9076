import { describe, expect, it } from 'vitest';
import {
  add,
  canonical,
  canonicalMilli,
  cmp,
  formatQuantity,
  isWhole,
  milli,
  quantity,
  quantityError,
  sign,
  sub,
  value,
} from '../../../../src/api/machinery/quantity.ts';

describe('quantities are printed as upstream prints them', () => {
  for (const [text, printed] of [
    ['0', '0'],
    ['0n', '0'],
    ['1', '1'],
    ['-1', '-1'],
    ['+5', '+5'],
    ['007', '007'],
    ['1.5', '1500m'],
    ['.5', '500m'],
    ['1.', '1.'],
    ['0.5Mi', '512Ki'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['1000k', '1M'],
    ['1100000', '1100k'],
    ['1000000', '1M'],
    ['12.500G', '12.500G'],
    ['0.5Ki', '512'],
    ['5e-1', '500e-3'],
    ['1024Mi', '1Gi'],
    ['1000Mi', '1000Mi'],
    ['1.5Gi', '1536Mi'],
    ['0.1Gi', '107374182400m'],
    ['1e3', '1e3'],
    ['1000e3', '1e6'],
    ['1E6', '1E6'],
    ['100n', '100n'],
    ['0.0001n', '1n'],
    ['9223372036854775807', '9223372036854775807'],
    ['8Ei', '9223372036854775807'],
    ['16Ei', '9223372036854775807'],
  ] as const) {
    it(`${text} is ${printed}`, () => expect(canonical(text)).toBe(printed));
  }

  it('twice is as once', () => {
    for (const text of ['1.5', '0.1Gi', '1000Ki', '3e-5', '12345678901234567890', '-2.5k']) {
      const once = canonical(text) as string;
      expect(canonical(once)).toBe(once);
    }
  });
});

describe('what is no quantity', () => {
  const wrong = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  const suffix = "unable to parse quantity's suffix";
  for (const [text, message] of [
    ['', wrong],
    ['x', wrong],
    ['1.2.3', wrong],
    ['- 1', wrong],
    ['1Kb', wrong],
    ['1mi', suffix],
    ['1kk', suffix],
    ['1e', suffix],
    ['1e1000000', suffix],
  ] as const) {
    it(`"${text}"`, () => {
      expect(quantityError(text)).toBe(message);
      expect(canonical(text)).toBeUndefined();
    });
  }
});

describe('arithmetic of quantities', () => {
  const print = (...texts: string[]) => texts.map(quantity);

  it('compares across suffixes', () => {
    const [a, b, c] = print('1Ki', '1k', '1024');
    expect([cmp(a, b), cmp(b, a), cmp(a, c)]).toEqual([1, -1, 0]);
    expect([sign(quantity('-1m')), sign(quantity(undefined)), sign(a)]).toEqual([-1, 0, 1]);
  });

  it('adds and subtracts in the format of the first', () => {
    const [a, b, zero] = print('1Gi', '512M', '0');
    expect(formatQuantity(add(a, a))).toBe('2Gi');
    expect(formatQuantity(add(a, b))).toBe('1548576Ki');
    expect(formatQuantity(add(zero, a))).toBe('1Gi');
    expect(formatQuantity(sub(quantity('1'), quantity('250m')))).toBe('750m');
  });

  it('rounds up', () => {
    expect(value(quantity('1500m'))).toBe(2);
    expect(value(quantity('-1500m'))).toBe(-2);
    expect(milli(quantity('0.1u'))).toBe(1);
    expect(canonicalMilli('100u')).toBe('1m');
    expect([isWhole(quantity('2')), isWhole(quantity('2000m')), isWhole(quantity('2001m'))]).toEqual([true, true, false]);
  });
});
