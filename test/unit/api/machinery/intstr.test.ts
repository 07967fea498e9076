import { expect, it } from 'vitest';
import { percentOf, scaled } from '../../../../src/api/machinery/intstr.ts';

it('a percentage means a share of the total, a number itself', () => {
  expect(scaled(3, 10, true)).toBe(3);
  expect(scaled('25%', 10, true)).toBe(3);
  expect(scaled('25%', 10, false)).toBe(2);
  expect(scaled('100%', 7, false)).toBe(7);
  expect(scaled('150%', 2, true)).toBe(3);
});

it('other texts mean nothing', () => {
  for (const text of ['', '5', '%', '2.5%', '5 %', 'http']) {
    expect(scaled(text, 10, true)).toBeUndefined();
    expect(percentOf(text)).toBeUndefined();
  }
  expect(percentOf('-5%')).toBe(-5);
});
