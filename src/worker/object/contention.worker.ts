import type { Slice } from '../../cluster/turn.ts';
import { CROWD_MS, CROWDED_PLAN_OBJECTS, CROWDED_REST, CROWDED_REST_MS, CROWDED_SLICE_MS } from '../limits.ts';

/** Which two clusters of this isolate worked last, and when: enough to know whether somebody is not alone. */
let last: object | string | undefined;
let before: object | string | undefined;
let lastAt = 0;
let beforeAt = 0;

/** A client's request reached a cluster. */
export function present(cluster: object | string, now: number): void {
  if (last !== cluster) {
    before = last;
    beforeAt = lastAt;
    last = cluster;
  }
  lastAt = now;
}

/** Whether clients of another cluster in this isolate were here a moment ago: it shares the thread. Deployed, each has its own. */
export function isCrowded(cluster: object | string, now: number): boolean {
  if (last !== cluster && last !== undefined) return now - lastAt < CROWD_MS;
  return before !== undefined && now - beforeAt < CROWD_MS;
}

/** A slice of a drain, which is smaller where others share the thread. */
export function slice(cluster: object | string, now: number, wanted: number): Slice {
  if (!isCrowded(cluster, now)) return { workMs: wanted, rests: false };
  return { workMs: Math.min(wanted, CROWDED_SLICE_MS), rests: true, maxWrites: CROWDED_PLAN_OBJECTS };
}

/** When the rests of all drains end. */
let rests: number[] = [];

/**
 * How long a drain rests after a slice that took so long, its commit included, ms: longer, the more others rest, so that many which drain
 * side by side take no more of the thread than one. A cluster that dies meanwhile is forgotten when its rest is over.
 */
export function restAfter(ms: number, now: number): number {
  rests = rests.filter((end) => end > now);
  const rest = Math.min(Math.ceil(ms * CROWDED_REST * (rests.length + 1)), CROWDED_REST_MS);
  rests.push(now + rest);
  return rest;
}
