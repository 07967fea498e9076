import type { KubeObject } from '../../lib/json.ts';
import type { View } from '../../registry/view.ts';
import { controllerRef } from '../shared/owners.ts';

/** Kinds whose size is spec.replicas. */
const SIZED = new Map([
  ['ReplicationController', 'v1'],
  ['ReplicaSet', 'apps/v1'],
  ['StatefulSet', 'apps/v1'],
  ['Deployment', 'apps/v1'],
]);

export interface Expected {
  count: number;
  /** Number of pods without a manager, which have no expected scale. */
  unmanaged: number;
  /** A pod whose manager has no size. */
  error?: string;
}

/** The number of pods expected: the sizes of all managers of these pods, each counted once (getExpectedScale). */
export function expectedScale(pods: KubeObject[], view: View): Expected {
  const sizes = new Map<string, number>();
  const seen = new Set<string>();
  let unmanaged = 0;
  for (const pod of pods) {
    const ref = controllerRef(pod);
    if (!ref) unmanaged++;
    if (!ref || seen.has(ref.uid)) continue;
    seen.add(ref.uid);
    const top = managerOf(pod, view);
    if (!top) return { count: 0, unmanaged, error: `found no controllers for pod "${pod.metadata.name}"` };
    sizes.set(top.metadata.uid, top.spec?.replicas ?? 1);
  }
  return { count: [...sizes.values()].reduce((sum, size) => sum + size, 0), unmanaged };
}

/** The object that sets the size: a Deployment rather than its ReplicaSet. */
function managerOf(pod: KubeObject, view: View): KubeObject | undefined {
  const manager = owner(pod, view);
  return (manager?.kind === 'ReplicaSet' && owner(manager, view)) || manager;
}

function owner(object: KubeObject, view: View): KubeObject | undefined {
  const ref = controllerRef(object);
  if (!ref || SIZED.get(ref.kind) !== ref.apiVersion) return undefined;
  const target = view.resourceOf(ref.apiVersion, ref.kind);
  const found = target && view.get(target.resource, object.metadata.namespace ?? '', ref.name);
  return found?.metadata.uid === ref.uid ? found : undefined;
}
