import { NEVER, type Schedule } from '../../api/batch/cron-times.ts';
import { parseTime, secondsInMs } from '../../api/machinery/time.ts';
import type { KubeObject } from '../../lib/json.ts';

/** More missed starts than so many are worth a warning. */
const MANY = 100;
/** Longest time.Duration, ms. */
const DURATION_MAX = Number((2n ** 63n - 1n) / 1_000_000n);

export interface Due {
  /** What missed starts are counted from. */
  earliest: number;
  /** The last time at or before now at which a Job should have started. */
  at?: number;
  missed: 'none' | 'few' | 'many';
  /** When it is due next, as long as no start was missed. */
  next?: number;
  /** Why the schedule makes no sense. */
  problem?: string;
}

/** time.Time.Sub, which ends at the longest duration. */
const between = (from: number, to: number): number => Math.min(Math.max(to - from, -DURATION_MAX), DURATION_MAX);

/** The int64 of startingDeadlineSeconds as a time.Duration, ms. */
export const deadlineMs = ({ spec }: KubeObject): number | undefined =>
  spec.startingDeadlineSeconds === undefined ? undefined : secondsInMs(spec.startingDeadlineSeconds);

/**
 * The last time at which the schedule was due (mostRecentScheduleTime). `last` is the last start, `deadline` how late one may be, ms. The number of
 * missed starts is taken from the distance of the first two, as upstream does, so an uneven schedule may be found not due.
 */
export function lastDue(cron: KubeObject, schedule: Schedule, last: number | undefined, now: number, deadline?: number): Due {
  const since = last ?? parseTime(cron.metadata.creationTimestamp ?? '');
  const earliest = deadline === undefined ? since : Math.max(since, now - deadline);
  const none: Due = { earliest, missed: 'none' };
  const first = schedule.next(earliest);
  if (first > now) return { ...none, next: first };
  // Upstream goes on from the year 1 when the next time is more than five years away, and may never return.
  const second = first === NEVER ? NEVER : schedule.next(first);
  if (second > now) return { ...none, at: first };
  const distance = Math.trunc(between(first, second) / 1000);
  if (distance < 1) return { ...none, problem: 'time difference between two schedules is less than 1 second' };
  const count = Math.trunc(Math.trunc(between(first, now) / 1000) / distance) + 1;
  let at: number | undefined;
  for (let next = schedule.next(first + (count - 2) * distance * 1000); next !== NEVER && next <= now; next = schedule.next(next))
    at = next;
  return { earliest, at, missed: count > MANY ? 'many' : 'few' };
}

/** When the schedule is due next (nextScheduleTimeDuration); undefined: never. */
export function nextDue(cron: KubeObject, schedule: Schedule, last: number | undefined, now: number): number | undefined {
  const { at, earliest, missed, problem, next: known } = lastDue(cron, schedule, last, now);
  const next = known ?? schedule.next(at ?? (problem === undefined && missed === 'none' ? earliest : now));
  return next === NEVER ? undefined : next;
}
