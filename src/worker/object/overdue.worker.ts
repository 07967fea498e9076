import { ALARM_LOST_MS } from '../../time/limits.ts';
import { OVERDUE_CLUSTERS, OVERDUE_LOOK_MS } from '../limits.ts';

/** Alarm times of this isolate's objects, hibernated ones included, ms, by object id. */
const alarms = new Map<string, number>();
let lookedAt = 0;

/** Records the alarm time of an object; undefined: it has none. */
export function recordAlarm(object: string, at: number | undefined): void {
  if (at === undefined) alarms.delete(object);
  else alarms.set(object, at);
}

/** Alarm that is overdue by more than ALARM_LOST_MS. */
export interface Overdue {
  object: string;
  at: number;
}

/** Overdue alarms, at most OVERDUE_CLUSTERS; none within OVERDUE_LOOK_MS of the last call. */
export function overdueAlarms(now: number): Overdue[] {
  if (now - lookedAt < OVERDUE_LOOK_MS) return [];
  lookedAt = now;
  const found: Overdue[] = [];
  for (const [object, at] of alarms) {
    if (at >= now - ALARM_LOST_MS) continue;
    found.push({ object, at });
    if (found.length === OVERDUE_CLUSTERS) break;
  }
  return found;
}

/** Removes an overdue alarm whose object was woken, unless another was set since. */
export function dropAlarm({ object, at }: Overdue): void {
  if (alarms.get(object) === at) alarms.delete(object);
}

/** Moves an overdue alarm whose object failed to wake behind the others, so that it does not block them. */
export function postpone({ object, at }: Overdue): void {
  if (alarms.get(object) !== at) return;
  alarms.delete(object);
  alarms.set(object, at);
}
