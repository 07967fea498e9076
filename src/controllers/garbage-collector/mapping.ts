import { equal, type KubeObject, type OwnerReference } from '../../lib/json.ts';
import type { Key } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { hasFinalizer } from '../shared/objects.ts';
import { dependentsKey, FOREGROUND, isDeletingDependents, objectKey, ORPHAN, ownerKey, classify } from './owners.ts';

const NONE: OwnerReference[] = [];

/**
 * Keys that a change of any object gives the collector (graph_builder.go processGraphChanges), without a graph: owners are looked
 * up by
 * name, dependents by the index of owners. Healthy objects, which nearly all are, make no key.
 */
export function collectorKeys(change: Change, view: View): Key[] {
  const { object, old } = change;
  const keys: Key[] = [];
  const leaving = change.type === 'DELETED' || (isLeaving(object) && !(old && isLeaving(old)));
  if (change.type === 'DELETED' && view.ownedBy(object.metadata.uid).length) keys.push(dependentsKey(object.metadata.uid));
  if (change.type !== 'DELETED') keys.push(...startKeys(change));
  const refs = object.metadata.ownerReferences ?? NONE;
  const before = old?.metadata.ownerReferences ?? NONE;
  if (leaving) keys.push(...refs.flatMap((ref) => ownersToNotify(ref, object, view)));
  else if (change.type === 'ADDED' || !equal(refs, before)) keys.push(...referenceKeys(change, refs, before, view));
  return keys;
}

const isLeaving = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined;

/** Keys of an owner that begins foreground deletion or orphaning. */
function startKeys({ resource, object, old }: Change): Key[] {
  if (!isLeaving(object)) return [];
  const began = (finalizer: string) =>
    hasFinalizer(object, finalizer) && !(old && isLeaving(old) && hasFinalizer(old, finalizer));
  const self = objectKey(resource, object.metadata.namespace ?? '', object.metadata.name);
  if (began(ORPHAN)) return [self];
  return began(FOREGROUND) && isDeletingDependents(object) ? [dependentsKey(object.metadata.uid), self] : [];
}

/** Keys of a deleted dependent's owner: it may have waited for this one, or be deleted itself with more dependents left. */
function ownersToNotify(ref: OwnerReference, object: KubeObject, view: View): Key[] {
  const namespace = object.metadata.namespace ?? '';
  const state = classify(ref, namespace, view);
  if (state === 'dangling') return [dependentsKey(ref.uid)];
  const key = state === 'waiting' ? ownerKey(ref, namespace, view) : undefined;
  return key ? [key, dependentsKey(ref.uid)] : [];
}

/** Keys of an object whose owner references were added, changed or removed. */
function referenceKeys({ resource, object }: Change, refs: OwnerReference[], before: OwnerReference[], view: View): Key[] {
  const { namespace = '', name } = object.metadata;
  const keys: Key[] = [];
  if (refs.some((ref) => classify(ref, namespace, view) !== 'solid')) keys.push(objectKey(resource, namespace, name));
  for (const ref of before) {
    const still = refs.some((r) => r.uid === ref.uid && r.blockOwnerDeletion === ref.blockOwnerDeletion);
    const key = !still && classify(ref, namespace, view) === 'waiting' ? ownerKey(ref, namespace, view) : undefined;
    if (key) keys.push(key);
  }
  return keys;
}
