import { describe, expect, it } from 'vitest';
import {
  age,
  canonicalMicroTime,
  canonicalTime,
  humanDuration,
  parseTime,
  rfc3339,
  rfc3339Micro,
} from '../../../../src/api/machinery/time.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('durations are printed as kubectl prints them', () => {
  for (const [ms, text] of [
    [-2 * SECOND, '<invalid>'],
    [-SECOND, '0s'],
    [0, '0s'],
    [119 * SECOND, '119s'],
    [2 * MINUTE, '2m'],
    [2 * MINUTE + 5 * SECOND, '2m5s'],
    [10 * MINUTE + 5 * SECOND, '10m'],
    [179 * MINUTE, '179m'],
    [3 * HOUR, '3h'],
    [3 * HOUR + 7 * MINUTE, '3h7m'],
    [8 * HOUR + 7 * MINUTE, '8h'],
    [47 * HOUR, '47h'],
    [2 * DAY + 3 * HOUR, '2d3h'],
    [8 * DAY + 3 * HOUR, '8d'],
    [729 * DAY, '729d'],
    [2 * 365 * DAY + DAY, '2y1d'],
    [8 * 365 * DAY + DAY, '8y'],
  ] as const) {
    it(text, () => expect(humanDuration(ms)).toBe(text));
  }

  it('an age needs a timestamp', () => {
    expect(age(undefined, 0)).toBe('<unknown>');
    expect(age('1970-01-01T00:00:00Z', 90 * SECOND)).toBe('90s');
  });
});

describe('timestamps', () => {
  it('come in any zone and leave in UTC', () => {
    expect(canonicalTime('2026-01-02T03:04:05.999+02:00')).toBe('2026-01-02T01:04:05Z');
    expect(canonicalMicroTime('2026-01-02T03:04:05.1234567Z')).toBe('2026-01-02T03:04:05.123456Z');
    expect(rfc3339(parseTime('2026-01-02T03:04:05Z'))).toBe('2026-01-02T03:04:05Z');
    expect(rfc3339Micro(0)).toBe('1970-01-01T00:00:00.000000Z');
  });

  it('are refused when they are none', () => {
    for (const text of [
      '',
      'yesterday',
      '2026-02-30T00:00:00Z',
      '2026-01-01T24:00:00Z',
      '2026-01-01 00:00:00Z',
      '2026-01-01T00:00:00',
    ]) {
      expect(parseTime(text)).toBeNaN();
      expect(canonicalTime(text)).toBeUndefined();
      expect(canonicalMicroTime(text)).toBeUndefined();
    }
  });
});
