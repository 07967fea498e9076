import type { Obj } from '../../lib/json.ts';

/** Toleration.ToleratesTaint. Comparison operators are an alpha feature and match nothing. */
export function tolerates(toleration: Obj, taint: Obj): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  const operator = toleration.operator || 'Equal';
  return operator === 'Exists' || (operator === 'Equal' && (toleration.value ?? '') === (taint.value ?? ''));
}

export const noExecute = (taints: Obj[] | undefined): Obj[] => (taints ?? []).filter((taint) => taint.effect === 'NoExecute');

export const sameTaint = (a: Obj, b: Obj): boolean => a.key === b.key && a.effect === b.effect;
