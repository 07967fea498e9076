import { describe, expect, it } from 'vitest';
import { parseSchedule } from '../../../../src/api/batch/cron-schedule.ts';
import { NEVER, type Schedule } from '../../../../src/api/batch/cron-times.ts';
import { offsetsOf, timeZoneProblem } from '../../../../src/api/batch/time-zones.ts';
import golden from '../../../golden/cron/schedules.json' with { type: 'json' };

const shown = (ms: number): string => (ms === NEVER ? 'never' : new Date(ms).toISOString().replace('.000Z', 'Z'));
const read = (text: string): Schedule => {
  const parsed = parseSchedule(text);
  if ('problem' in parsed) throw new Error(`${text}: ${parsed.problem}`);
  return parsed.schedule;
};

describe('schedules, as robfig/cron v3 reads and follows them', () => {
  it('[CTL153] [CTL154] fire at the times that it computes, also where clocks are changed', () => {
    for (const { schedule, from, next } of golden.next) {
      const parsed = read(schedule);
      let at = Date.parse(from);
      const fired = next.map(() => {
        at = parsed.next(at);
        return shown(at);
      });
      expect({ schedule, from, next: fired }).toEqual({ schedule, from, next });
    }
  });

  it('[CTL153] are refused in its words', () => {
    for (const { schedule, problem } of golden.refused)
      expect([schedule, parseSchedule(schedule)]).toEqual([schedule, { problem }]);
  });

  it('[CTL153] what never matches is found out at once, and a day that a zone left out ends no search', () => {
    expect(read(', * * * *').next(0)).toBe(NEVER);
    expect(shown(read('TZ=Pacific/Apia 0 0 1 * *').next(Date.parse('2011-12-29T00:00:00Z')))).toBe('2011-12-31T10:00:00Z');
  });
});

describe('time zones', () => {
  it('have the names of the IANA database, in its letters', () => {
    const names = ['', 'UTC', 'Local', 'Etc/UTC', 'Europe/Berlin', 'US/Pacific', 'Factory'];
    expect(names.map(timeZoneProblem)).toEqual(names.map(() => undefined));
    for (const name of ['Mars/Base', 'europe/berlin', 'Us/Pacific', 'utc'])
      expect(timeZoneProblem(name)).toBe(`unknown time zone ${name}`);
    for (const name of ['../x', '/etc', 'a..b']) expect(timeZoneProblem(name)).toBe('time: invalid location name');
  });

  it('change their offsets on the second, and are remembered', () => {
    const berlin = offsetsOf('Europe/Berlin');
    const change = Date.parse('2026-03-29T01:00:00Z');
    expect([change - 1000, change, change + 86_400_000].map(berlin)).toEqual([3_600_000, 7_200_000, 7_200_000]);
    expect(offsetsOf('Europe/Berlin')).toBe(berlin);
    expect(offsetsOf('America/St_Johns')(0)).toBe(-12_600_000);
  });
});
