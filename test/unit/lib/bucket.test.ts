import { describe, expect, it } from 'vitest';
import { Bucket } from '../../../src/lib/bucket.ts';

describe('a token bucket', () => {
  it('gives a burst at once, then so many a second', () => {
    const bucket = new Bucket(10, 3);
    expect([1, 2, 3].map(() => bucket.take(1000))).toEqual([0, 0, 0]);
    expect(bucket.take(1000)).toBe(100);
    expect(bucket.take(1099)).toBe(1);
    expect(bucket.take(1100)).toBe(0);
    expect(bucket.take(1100)).toBe(100);
  });

  it('saves up no more than the burst', () => {
    const bucket = new Bucket(10, 2);
    bucket.take(0);
    expect(bucket.isFull(50)).toBe(false);
    expect(bucket.isFull(60_000)).toBe(true);
    expect([1, 2, 3].map(() => bucket.take(60_000))).toEqual([0, 0, 100]);
  });

  it('is not confused by a clock that is set back', () => {
    const bucket = new Bucket(10, 1);
    expect(bucket.take(5000)).toBe(0);
    expect(bucket.take(1000)).toBe(100);
    expect(bucket.take(1100)).toBe(0);
  });

  it('may be overdrawn, which is waited for', () => {
    const bucket = new Bucket(10, 5);
    bucket.spend(5, 0);
    expect(bucket.owed(0)).toBe(0);
    bucket.spend(20, 0);
    expect(bucket.owed(500)).toBe(1500);
    expect([bucket.owed(1999), bucket.owed(2000)]).toEqual([1, 0]);
  });

  it('that never fills says so', () => {
    expect(new Bucket(0, 0).take(1)).toBe(Number.POSITIVE_INFINITY);
  });
});
