import type { KubeObject } from '../../lib/json.ts';
import { allIndexFailures, finishedAt } from './pods.ts';

/** Back-off of the pods that replace failed ones: first and longest, ms (DefaultJobPodFailureBackOff, MaxJobPodFailureBackOff). */
const FIRST_MS = 10_000;
const MAX_MS = 600_000;
/** The back-off is looked at again no sooner than after so long (SyncJobBatchPeriod). */
const SOONEST_MS = 1000;

function endOf(failures: number, last: number): number {
  return failures === 0 ? 0 : last + Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 10), MAX_MS);
}

/**
 * From when pods may be created again, ms; 0: now. Failures in a row are those that ended after the last success. Upstream counts them in
 * memory (backoff_utils.go); here they are read off the pods, which stay until the Job goes.
 */
export function backoffEnd(succeeded: readonly KubeObject[], failed: readonly KubeObject[]): number {
  if (!failed.length) return 0;
  const success = latest(succeeded.map(finishedAt));
  const later = failed.map(finishedAt).filter((at) => at > success);
  return endOf(later.length, latest(later));
}

const latest = (times: readonly number[]): number => times.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

/** The same for one index, of which `failed` is the last pod (getRemainingTimePerIndex). */
export const indexBackoffEnd = (failed: KubeObject | undefined): number =>
  failed ? endOf(allIndexFailures(failed) + 1, finishedAt(failed)) : 0;

/** When to look again at what may begin at `end`. */
export const wakeAt = (end: number, now: number): number => Math.max(end, now + SOONEST_MS);
