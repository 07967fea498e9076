import { expect, it } from 'vitest';
import { indexCount, overlap } from '../../../../src/api/batch/job-indexes.ts';

it('indexes are counted', () => {
  expect(indexCount('', 5)).toBe(0);
  expect(indexCount('0', 5)).toBe(1);
  expect(indexCount('0-2,4', 5)).toBe(4);
});

it('broken lists say why', () => {
  expect(indexCount('5', 5)).toBe('too large index: "5"');
  expect(indexCount('x', 5)).toBe('cannot convert string to integer for index: "x"');
  expect(indexCount('3,1', 5)).toBe('non-increasing order, previous: 3, current: 1');
  expect(indexCount('1-1', 5)).toBe('non-increasing order, previous: 1, current: 1');
  expect(indexCount('0-1-2', 5)).toBe(
    `the fragment "0-1-2" violates the requirement that an index interval can have at most two parts separated by '-'`,
  );
});

it('the first index in both lists is found', () => {
  expect(overlap('0-2,5', '3-4,6', 10)).toBeUndefined();
  expect(overlap('0-2,5', '2-4', 10)).toBe(2);
  expect(overlap('', '1', 10)).toBeUndefined();
});
