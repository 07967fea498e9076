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

/** Ids of objects whose alarm should have fired long ago, each told once; none, where that was asked a moment ago. */
export function overdueObjects(now: number): string[] {
  if (now - lookedAt < OVERDUE_LOOK_MS) return [];
  lookedAt = now;
  const found: string[] = [];
  for (const [object, at] of alarms) {
    if (at >= now - ALARM_LOST_MS) continue;
    found.push(object);
    if (found.length === OVERDUE_CLUSTERS) break;
  }
  for (const object of found) alarms.delete(object);
  return found;
}
