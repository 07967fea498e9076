import type { Slice } from '../../cluster/turn.ts';
import {
  CONTENTION_MS,
  CONTENDED_PLAN_OBJECTS,
  CONTENDED_PAUSE_FACTOR,
  CONTENDED_PAUSE_MS,
  CONTENDED_SLICE_MS,
} from '../limits.ts';

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
export function isContended(cluster: object | string, now: number): boolean {
  if (last !== cluster && last !== undefined) return now - lastAt < CONTENTION_MS;
  return before !== undefined && now - beforeAt < CONTENTION_MS;
}

/** A slice of a drain, which is smaller where others share the thread. */
export function slice(cluster: object | string, now: number, wanted: number): Slice {
  if (!isContended(cluster, now)) return { workMs: wanted, rests: false };
  return { workMs: Math.min(wanted, CONTENDED_SLICE_MS), rests: true, maxWrites: CONTENDED_PLAN_OBJECTS };
}

/** When the rests of all drains end. */
let rests: number[] = [];

/**
 * How long a drain rests after a slice that took so long, its commit included, ms: longer, the more others rest, so that many which drain
 * side by side take no more of the thread than one. A cluster that dies meanwhile is forgotten when its rest is over.
 */
export function restAfter(ms: number, now: number): number {
  rests = rests.filter((end) => end > now);
  const rest = Math.min(Math.ceil(ms * CONTENDED_PAUSE_FACTOR * (rests.length + 1)), CONTENDED_PAUSE_MS);
  rests.push(now + rest);
  return rest;
}
