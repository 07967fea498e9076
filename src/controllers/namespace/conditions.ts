import { rfc3339 } from '../../api/machinery/time.ts';
import type { Obj } from '../../lib/json.ts';

/** Remaining content of a namespace: instances by "resource.group", and the number of objects that each finalizer holds. */
export interface Remaining {
  byResource: Map<string, number>;
  byFinalizer: Map<string, number>;
}

/** type, reason and message without a failure, in upstream's order (status_condition_utils.go). */
const FINE: [string, string, string][] = [
  ['NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'],
  ['NamespaceDeletionGroupVersionParsingFailure', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'],
  ['NamespaceDeletionContentFailure', 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
  ['NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed'],
  ['NamespaceFinalizersRemaining', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
];

/** The conditions of a namespace under deletion; the same list when nothing changed. */
export function deletionConditions(old: Obj[], remaining: Remaining, now: number): Obj[] {
  const trouble = new Map<string, [string, string]>();
  if (remaining.byResource.size) {
    const parts = [...remaining.byResource].map(([resource, count]) => `${resource} has ${count} resource instances`);
    trouble.set('NamespaceContentRemaining', ['SomeResourcesRemain', `Some resources are remaining: ${parts.sort().join(', ')}`]);
  }
  if (remaining.byFinalizer.size) {
    const parts = [...remaining.byFinalizer].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
    const message = `Some content in the namespace has finalizers remaining: ${parts.sort().join(', ')}`;
    trouble.set('NamespaceFinalizersRemaining', ['SomeFinalizersRemain', message]);
  }
  let conditions = old;
  for (const [type, fineReason, fineMessage] of FINE) {
    const [reason, message] = trouble.get(type) ?? [fineReason, fineMessage];
    conditions = put(conditions, {
      type,
      status: trouble.has(type) ? 'True' : 'False',
      lastTransitionTime: rfc3339(now),
      reason,
      message,
    });
  }
  return conditions;
}

/** Sets a condition in place, as updateConditions does. */
function put(conditions: Obj[], next: Obj): Obj[] {
  const i = conditions.findIndex((c) => c.type === next.type);
  if (i < 0) return [...conditions, next];
  const current = conditions[i];
  if (current.status === next.status && current.reason === next.reason && current.message === next.message) return conditions;
  const kept = current.status === next.status ? { ...next, lastTransitionTime: current.lastTransitionTime } : next;
  return conditions.with(i, kept);
}
