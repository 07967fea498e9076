import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject } from '../../lib/json.ts';

/** Between two syncs, ms (--horizontal-pod-autoscaler-sync-period). */
export const SYNC_MS = 15_000;

const bornAt = (hpa: KubeObject): number => parseTime(hpa.metadata.creationTimestamp ?? '');

/** The begin of the period that `now` is in: periods are counted from the creation. Zero is the one without a sync. */
export function periodOf(hpa: KubeObject, now: number): { index: number; start: number } {
  const born = bornAt(hpa);
  const index = Math.max(0, Math.floor((now - born) / SYNC_MS));
  return { index, start: born + index * SYNC_MS };
}

/** The begin of the first later period at `at` or after it. */
export function nextPeriod(hpa: KubeObject, now: number, at = now): number {
  const born = bornAt(hpa);
  const first = periodOf(hpa, now).index + 1;
  return born + Math.max(first, Math.ceil((at - born) / SYNC_MS)) * SYNC_MS;
}
