import type { Slice } from '../../cluster/turn.ts';
import {
  CONTENTION_MS,
  CONTENDED_PLAN_OBJECTS,
  CONTENDED_PAUSE_FACTOR,
  CONTENDED_PAUSE_MS,
  CONTENDED_SLICE_MS,
} from '../limits.ts';

/** The last two clusters of this isolate with a request, and its time: enough to know whether a cluster shares the thread. */
let last: object | string | undefined;
let before: object | string | undefined;
let lastAt = 0;
let beforeAt = 0;

/** Records that a client's request reached a cluster. */
export function recordActivity(cluster: object | string, now: number): void {
  if (last !== cluster) {
    before = last;
    beforeAt = lastAt;
    last = cluster;
  }
  lastAt = now;
}

/** Whether another cluster of this isolate had a request in the last CONTENTION_MS. Deployed, each cluster has a thread of its own. */
export function isContended(cluster: object | string, now: number): boolean {
  if (last !== cluster && last !== undefined) return now - lastAt < CONTENTION_MS;
  return before !== undefined && now - beforeAt < CONTENTION_MS;
}

/** Slice of a drain: shorter, and followed by a pause, while other clusters share the thread. */
export function budgetFor(cluster: object | string, now: number, wanted: number): Slice {
  if (!isContended(cluster, now)) return { workMs: wanted, pauses: false };
  return { workMs: Math.min(wanted, CONTENDED_SLICE_MS), pauses: true, maxWrites: CONTENDED_PLAN_OBJECTS };
}

/** Ends of the pauses of all drains, ms. */
let pauses: number[] = [];

/**
 * The pause of a drain after a slice that took `ms`, its commit included, ms: longer, the more drains pause, so that many concurrent drains
 * take no more of the thread than one. The pause of a cluster that was evicted meanwhile counts until its end.
 */
export function pauseAfter(ms: number, now: number): number {
  pauses = pauses.filter((end) => end > now);
  const pause = Math.min(Math.ceil(ms * CONTENDED_PAUSE_FACTOR * (pauses.length + 1)), CONTENDED_PAUSE_MS);
  pauses.push(now + pause);
  return pause;
}
