import type { Resource } from '../../api/machinery/define-kind.ts';
import type { KubeObject } from '../../lib/json.ts';
import { type Action, type Controller, type Key, byObject } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { adopted, controllerRef } from './owners.ts';
import type { Matcher } from './selector.ts';

/** An owner kind and the dependents that it adopts. */
export interface Adoption {
  name: string;
  user: string;
  owner: Resource;
  dependent: Resource;
  matcher(owner: KubeObject): Matcher;
  /** Whether a dependent may be adopted; pods that have ended may not. */
  eligible(object: KubeObject): boolean;
  /** A condition beyond the owner's selector: a StatefulSet adopts only pods of its own names. */
  fits?(owner: KubeObject, object: KubeObject): boolean;
  /** A finalizer that dependents get when they are adopted. */
  finalizer?: string;
}

/**
 * The adopting half of upstream's ClaimObject (controller_ref_manager.go), as a controller of its own that stands before its
 * manager in
 * the table: orphans are looked for only when an owner appears or an orphan does, so the manager itself never lists a namespace.
 */
export function adoption(a: Adoption): Controller {
  return {
    name: a.name,
    manager: 'kube-controller-manager',
    user: a.user,
    watches: [
      { resource: a.owner, keys: (change, view) => (change.type === 'ADDED' ? byObject(a.owner).keys(change, view) : []) },
      { resource: a.dependent, keys: (change, view) => interested(a, change, view) },
    ],
    reconcile: (key, view, { now, maxWrites }) => {
      const actions = adoptAll(a, key, view);
      return { actions: actions.slice(0, maxWrites), requeueAt: actions.length > maxWrites ? now : undefined };
    },
  };
}

function interested(a: Adoption, change: Change, view: View): Key[] {
  const { object } = change;
  if (change.type === 'DELETED' || controllerRef(object) || !adoptable(a, object)) return [];
  const { namespace = '' } = object.metadata;
  return view
    .list(a.owner, namespace)
    .filter((owner) => !owner.metadata.deletionTimestamp && wants(a, owner, object))
    .map((owner) => ({ namespace, name: owner.metadata.name }));
}

function wants(a: Adoption, owner: KubeObject, object: KubeObject): boolean {
  return a.matcher(owner)(object.metadata.labels) && (a.fits?.(owner, object) ?? true);
}

function adoptable(a: Adoption, object: KubeObject): boolean {
  return !object.metadata.deletionTimestamp && a.eligible(object);
}

function adoptAll(a: Adoption, key: Key, view: View): Action[] {
  const owner = view.get(a.owner, key.namespace, key.name);
  if (!owner || owner.metadata.deletionTimestamp) return [];
  return view
    .list(a.dependent, key.namespace)
    .filter((object) => !controllerRef(object) && adoptable(a, object) && wants(a, owner, object))
    .map((object) => ({ verb: 'update', resource: a.dependent, object: withFinalizer(adopted(object, owner), a.finalizer) }));
}

function withFinalizer(object: KubeObject, finalizer: string | undefined): KubeObject {
  const { finalizers = [] } = object.metadata;
  if (finalizer === undefined || finalizers.includes(finalizer)) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
}
