import type { Obj } from '../../lib/json.ts';

/** Does a toleration cover a taint? (core/v1 Toleration.ToleratesTaint; the comparison operators are off by default.) */
function covers(toleration: Obj, taint: Obj): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return (!toleration.operator || toleration.operator === 'Equal') && (toleration.value ?? '') === (taint.value ?? '');
}

/** Is the taint covered by any of the tolerations? */
export const tolerated = (taint: Obj, tolerations: Obj[] | undefined): boolean =>
  (tolerations ?? []).some((toleration) => covers(toleration, taint));

/** The first taint that keeps the pod away: NoSchedule or NoExecute, and not tolerated. */
export const repelling = (taints: readonly Obj[], tolerations: Obj[] | undefined): Obj | undefined =>
  taints.find((taint) => (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') && !tolerated(taint, tolerations));
