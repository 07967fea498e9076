import type { Resource } from '../../api/machinery/define-kind.ts';
import type { KubeObject, OwnerReference } from '../../lib/json.ts';
import type { View } from '../../registry/view.ts';
import { hasFinalizer } from '../shared/objects.ts';

/** The finalizer of foreground deletion: the owner is deleted after its blocking dependents. */
export const FOREGROUND = 'foregroundDeletion';
/** The finalizer of orphaning: the owner is deleted after its dependents dropped their references to it. */
export const ORPHAN = 'orphan';

/** States of an owner: it exists, waits for its dependents, is absent; or the reference cannot be resolved. */
export type OwnerState = 'solid' | 'waiting' | 'dangling' | 'invalid' | 'unknown';

export const isDeletingDependents = (object: KubeObject): boolean =>
  object.metadata.deletionTimestamp !== undefined && hasFinalizer(object, FOREGROUND);

/**
 * The state of a reference's owner (isDangling, classifyReferences). Owners of namespaced objects live in the same namespace or in none.
 */
export function classify(ref: OwnerReference, namespace: string, view: View): OwnerState {
  const target = view.resourceOf(ref.apiVersion, ref.kind);
  if (!target) return 'unknown';
  if (target.namespaced && namespace === '') return 'invalid';
  const owner = view.get(target.resource, target.namespaced ? namespace : '', ref.name);
  if (owner?.metadata.uid !== ref.uid) return 'dangling';
  return isDeletingDependents(owner) ? 'waiting' : 'solid';
}

/** Whether the owner of a dangling reference exists in another namespace. */
export function livesElsewhere(ref: OwnerReference, namespace: string, view: View): boolean {
  const target = view.resourceOf(ref.apiVersion, ref.kind);
  if (!target?.namespaced) return false;
  return view.list(target.resource).some(({ metadata }) => metadata.uid === ref.uid && metadata.namespace !== namespace);
}

/** The object that a reference points to, as a key of the collector. */
export function ownerKey(ref: OwnerReference, namespace: string, view: View): { namespace: string; name: string } | undefined {
  const target = view.resourceOf(ref.apiVersion, ref.kind);
  return target && objectKey(target.resource, target.namespaced ? namespace : '', ref.name);
}

/** Keys of this controller name an object of any resource, or the dependents of a uid. */
export function objectKey(resource: Resource, namespace: string, name: string): { namespace: string; name: string } {
  return { namespace, name: `${resource}:${name}` };
}

export const DEPENDENTS = 'dependents:';

export const dependentsKey = (uid: string): { namespace: string; name: string } => ({
  namespace: '',
  name: `${DEPENDENTS}${uid}`,
});
