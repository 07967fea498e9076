import { ALARM_LOST_MS } from '../../time/limits.ts';
import { OVERDUE_CLUSTERS, OVERDUE_LOOK_MS } from '../limits.ts';

/** When the alarms of this isolate's objects fire, those of objects that sleep too, by the id of the object. */
const alarms = new Map<string, number>();
let lookedAt = 0;

/** Remembers when the alarm of an object fires; undefined: it has none. */
export function noteAlarm(object: string, at: number | undefined): void {
  if (at === undefined) alarms.delete(object);
  else alarms.set(object, at);
}

/** An alarm that should have fired long ago. */
export interface Overdue {
  object: string;
  at: number;
}

/** The objects whose alarm should have fired long ago; none, where that was asked a moment ago. */
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

/** Forgets an alarm that was made up for, but not one that was set since. One that is not forgotten is found again by the next look. */
export function madeUp({ object, at }: Overdue): void {
  if (alarms.get(object) === at) alarms.delete(object);
}

/** Puts an alarm that could not be made up for behind the others: objects that fail keep nobody else from being found. */
export function putOff({ object, at }: Overdue): void {
  if (alarms.get(object) !== at) return;
  alarms.delete(object);
  alarms.set(object, at);
}
