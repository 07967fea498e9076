import { scaled } from '../../api/machinery/intstr.ts';
import type { KubeObject } from '../../lib/json.ts';

/** The value that means "no deadline" and "no limit" (HasProgressDeadline, HasRevisionHistoryLimit). */
const NEVER = 2 ** 31 - 1;

/** Readings of a Deployment's spec (deployment/util). */
export const replicasOf = (object: KubeObject): number => object.spec?.replicas ?? 1;

export const isRolling = (d: KubeObject): boolean => (d.spec?.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';

/**
 * Surge and unavailable as numbers; both zero by rounding means one unavailable, or nothing would ever move (ResolveFenceposts).
 */
export function fenceposts(d: KubeObject): { surge: number; unavailable: number } {
  const { maxSurge = 0, maxUnavailable = 0 } = d.spec?.strategy?.rollingUpdate ?? { maxSurge: '25%', maxUnavailable: '25%' };
  const surge = scaled(maxSurge, replicasOf(d), true) ?? 0;
  const unavailable = scaled(maxUnavailable, replicasOf(d), false) ?? 0;
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

export function maxSurge(d: KubeObject): number {
  return isRolling(d) ? fenceposts(d).surge : 0;
}

export function maxUnavailable(d: KubeObject): number {
  if (!isRolling(d) || replicasOf(d) === 0) return 0;
  return Math.min(fenceposts(d).unavailable, replicasOf(d));
}

/** Seconds, or undefined when progress is not watched. */
export function progressDeadline(d: KubeObject): number | undefined {
  const seconds = d.spec?.progressDeadlineSeconds;
  return seconds === undefined || seconds === null || seconds === NEVER ? undefined : seconds;
}

export function historyLimit(d: KubeObject): number | undefined {
  const limit = d.spec?.revisionHistoryLimit;
  return limit === undefined || limit === null || limit === NEVER ? undefined : limit;
}
