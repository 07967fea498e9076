import type { Obj } from '../../lib/json.ts';

/** Whether a toleration covers a taint (core/v1 Toleration.ToleratesTaint; the comparison operators are off by default). */
function covers(toleration: Obj, taint: Obj): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return (!toleration.operator || toleration.operator === 'Equal') && (toleration.value ?? '') === (taint.value ?? '');
}

/** Whether any of the tolerations covers the taint. */
export const tolerated = (taint: Obj, tolerations: Obj[] | undefined): boolean =>
  (tolerations ?? []).some((toleration) => covers(toleration, taint));

/** The first taint that excludes the pod: NoSchedule or NoExecute, and not tolerated. */
export const repelling = (taints: readonly Obj[], tolerations: Obj[] | undefined): Obj | undefined =>
  taints.find((taint) => (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') && !tolerated(taint, tolerations));
