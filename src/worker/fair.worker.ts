import { CROWD_MS, CROWDED_PAUSE_MS, CROWDED_SLICE_MS } from '../lib/limits.ts';

/** Which two clusters of this isolate worked last, and when: enough to know whether somebody is not alone. */
let last: object | undefined;
let before: object | undefined;
let lastAt = 0;
let beforeAt = 0;

/** A client's request reached a cluster. */
export function present(cluster: object, now: number): void {
  if (last !== cluster) {
    before = last;
    beforeAt = lastAt;
    last = cluster;
  }
  lastAt = now;
}

/** Whether clients of another cluster in this isolate were here a moment ago: it shares the thread. Deployed, each has its own. */
export function isCrowded(cluster: object, now: number): boolean {
  if (last !== cluster && last !== undefined) return now - lastAt < CROWD_MS;
  return before !== undefined && now - beforeAt < CROWD_MS;
}

/** How long a drain may go on, and how long it rests before the next slice, so that others come between. */
export function slice(cluster: object, now: number, wanted: number): { workMs: number; restMs: number } {
  if (!isCrowded(cluster, now)) return { workMs: wanted, restMs: 0 };
  return { workMs: Math.min(wanted, CROWDED_SLICE_MS), restMs: CROWDED_PAUSE_MS };
}
