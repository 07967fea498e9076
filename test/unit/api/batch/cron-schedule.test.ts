import { describe, expect, it } from 'vitest';
import { isTimeZone, scheduleProblem } from '../../../../src/api/batch/cron-schedule.ts';

describe('schedules', () => {
  for (const schedule of [
    '* * * * *',
    '*/5 0-23/2 1,15 JAN-dec mon-fri',
    '@daily',
    '@every 1h30m',
    '0 0 ? * *',
    'TZ=UTC 0 0 * * *',
  ]) {
    it(`"${schedule}" is good`, () => expect(scheduleProblem(schedule)).toBeUndefined());
  }

  for (const [schedule, problem] of [
    ['', 'empty spec string'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['61 * * * *', 'end of range (61) above maximum (59): 61'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['@never', 'unrecognized descriptor: @never'],
  ] as const) {
    it(`"${schedule}": ${problem}`, () => expect(scheduleProblem(schedule)).toBe(problem));
  }
});

it('time zones are those of the IANA database', () => {
  expect(['Etc/UTC', 'Europe/Berlin', 'Mars/Base', 'europe/berlin'].map(isTimeZone)).toEqual([true, true, false, false]);
});
