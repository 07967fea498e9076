import { describe, expect, it } from 'vitest';
import { timeError } from '../../../src/api/machinery/decode-literals.ts';

describe('times that Go refuses', () => {
  const MICRO = '"2006-01-02T15:04:05.000000Z07:00"';
  it.each([
    ['ünï', `parsing time "\\xc3\\xbcn\\xc3\\xaf" as ${MICRO}: cannot parse "\\xc3\\xbcn\\xc3\\xaf" as "2006"`],
    ['x\t"', `parsing time "x\\x09\\"" as ${MICRO}: cannot parse "x\\x09\\"" as "2006"`],
    ['2026-01-01T00:00:00Z', `parsing time "2026-01-01T00:00:00Z" as ${MICRO}: cannot parse "Z" as ".000000"`],
    ['2026-01-01T00:00:00.0000001Z', `parsing time "2026-01-01T00:00:00.0000001Z" as ${MICRO}: cannot parse "1Z" as "Z07:00"`],
    ['2026-01-01T00:00:00.000000+25:00', 'parsing time "2026-01-01T00:00:00.000000+25:00": time zone offset hour out of range'],
  ])('%s', (text, error) => expect(timeError(text, true)).toBe(error));
});
