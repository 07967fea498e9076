import type { Obj } from '../../lib/json.ts';

/** The condition of a type in a list. */
export function findCondition(conditions: Obj[] | undefined, type: string): Obj | undefined {
  return conditions?.find((c) => c.type === type);
}

/** The list without conditions of a type; the same list when there are none. */
export function withoutCondition(conditions: Obj[], type: string): Obj[] {
  return conditions.some((c) => c.type === type) ? conditions.filter((c) => c.type !== type) : conditions;
}

/**
 * Puts a condition at the end of the list, as the workload controllers do: the list is kept when status and reason are equal,
 * and
 * lastTransitionTime stays when the status does.
 */
export function putCondition(conditions: Obj[], condition: Obj): Obj[] {
  const current = findCondition(conditions, condition.type);
  if (current && current.status === condition.status && current.reason === condition.reason) return conditions;
  const kept =
    current?.status === condition.status ? { ...condition, lastTransitionTime: current?.lastTransitionTime } : condition;
  return [...withoutCondition(conditions, condition.type), kept];
}
