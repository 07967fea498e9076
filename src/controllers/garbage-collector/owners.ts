import type { Resource } from '../../api/machinery/define-kind.ts';
import type { KubeObject, OwnerReference } from '../../lib/json.ts';
import type { View } from '../../registry/view.ts';
import { hasFinalizer } from '../shared/objects.ts';

/** The finalizer of foreground deletion: the owner goes when its blocking dependents have gone. */
export const FOREGROUND = 'foregroundDeletion';
/** The finalizer of orphaning: the owner goes when its dependents have forgotten it. */
export const ORPHAN = 'orphan';

/**
 * Owner kinds that mean something: an owner that lives, one that waits for its dependents, none; or a reference that cannot be
 * judged.
 */
export type Standing = 'solid' | 'waiting' | 'dangling' | 'invalid' | 'unknown';

export const isDeletingDependents = (object: KubeObject): boolean =>
  object.metadata.deletionTimestamp !== undefined && hasFinalizer(object, FOREGROUND);

/**
 * Where a reference points (isDangling, classifyReferences). Owners of namespaced objects live in the same namespace or in none.
 */
export function standingOf(ref: OwnerReference, namespace: string, view: View): Standing {
  const target = view.resourceOf(ref.apiVersion, ref.kind);
  if (!target) return 'unknown';
  if (target.namespaced && namespace === '') return 'invalid';
  const owner = view.get(target.resource, target.namespaced ? namespace : '', ref.name);
  if (owner?.metadata.uid !== ref.uid) return 'dangling';
  return isDeletingDependents(owner) ? 'waiting' : 'solid';
}

/** Does the owner of a dangling reference live, but in another namespace? */
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
