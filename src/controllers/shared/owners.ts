import type { KubeObject, ObjectMeta, OwnerReference } from '../../lib/json.ts';
import type { Key } from '../../reconcile/plan.ts';
import type { Change } from '../../registry/view.ts';

/** The reference to the managing owner (metav1.GetControllerOf). */
export function controllerRef(object: { metadata: ObjectMeta } | undefined): OwnerReference | undefined {
  return object?.metadata.ownerReferences?.find((ref) => ref.controller);
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return controllerRef(object)?.uid === owner.metadata.uid;
}

/** metav1.NewControllerRef. */
export function newControllerRef(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** A copy that differs in its owner references only. */
export function withOwners(object: KubeObject, ownerReferences: OwnerReference[]): KubeObject {
  const { ownerReferences: _, ...metadata } = object.metadata;
  return { ...object, metadata: ownerReferences.length ? { ...metadata, ownerReferences } : metadata };
}

/** Adds the controller reference of `owner` (ownerRefControllerPatch merges by uid). */
export function adopted(object: KubeObject, owner: KubeObject): KubeObject {
  const others = (object.metadata.ownerReferences ?? []).filter((ref) => ref.uid !== owner.metadata.uid);
  return withOwners(object, [...others, newControllerRef(owner)]);
}

/** Drops every reference to `owner` (GenerateDeleteOwnerRefStrategicMergeBytes). */
export function released(object: KubeObject, owner: KubeObject): KubeObject {
  return withOwners(
    object,
    (object.metadata.ownerReferences ?? []).filter((ref) => ref.uid !== owner.metadata.uid),
  );
}

/**
 * The key of the managing owner of a kind, of the state after the change or, when that has none, of the state before it. (A
 * reference
 * never moves from one manager to another in one write of ours; if somebody's does, the old manager's next event repairs its
 * status.)
 */
export function managerKeys(change: Change, kind: string, group: string): Key[] {
  const ref = controllerRef(change.object) ?? (change.type === 'ADDED' ? undefined : controllerRef(change.old));
  if (ref?.kind !== kind || groupOf(ref.apiVersion) !== group) return [];
  return [{ namespace: change.object.metadata.namespace ?? '', name: ref.name }];
}

/**
 * Older first, then by name (ReplicaSetsByCreationTimestamp and its like). Timestamps have a fixed width, so text order is time
 * order.
 */
export function byCreation(a: KubeObject, b: KubeObject): number {
  const [x, y] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  if (x !== y) return x < y ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0;
}
