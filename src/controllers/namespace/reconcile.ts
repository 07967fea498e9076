import { type Resource, resourceOf } from '../../api/machinery/define-kind.ts';
import type { KubeObject } from '../../lib/json.ts';
import { type Action, type Controller, type Key, byObject, type Plan, type ReconcileCx } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { deletion } from '../shared/objects.ts';
import { deletionConditions, type Remaining } from './conditions.ts';

const NAMESPACES = 'namespaces';
const FINALIZER = 'kubernetes';

/** Deletes the content of terminating namespaces, then removes their finalizer (pkg/controller/namespace/deletion). */
export const namespaceController: Controller = {
  name: 'namespace',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:namespace-controller',
  watches: [byObject(NAMESPACES), { resource: '*', keys: emptyingKeys }],
  reconcile: (key, view, cx) => {
    const namespace = view.get(NAMESPACES, '', key.name);
    return namespace?.metadata.deletionTimestamp ? empty(namespace, view, cx) : { actions: [] };
  },
};

/** The resources that a namespace holds: all that are namespaced and can be deleted. */
const contentsOf = ({ kinds }: View): Resource[] =>
  kinds.filter((kind) => kind.namespaced && (!kind.verbs || kind.verbs.includes('delete'))).map(resourceOf);

/** Keys of a terminating namespace whose content is terminating or deleted. */
function emptyingKeys({ type, object, old }: Change, view: View): Key[] {
  const { namespace = '', deletionTimestamp } = object.metadata;
  if (!namespace) return [];
  if (type !== 'DELETED' && (!deletionTimestamp || old?.metadata.deletionTimestamp)) return [];
  return view.get(NAMESPACES, '', namespace)?.metadata.deletionTimestamp ? [{ namespace: '', name: namespace }] : [];
}

/** Deletes pods first, and nothing else before they are deleted (OrderedNamespaceDeletion); waits for finalizers. */
function empty(namespace: KubeObject, view: View, { now, maxWrites }: ReconcileCx): Plan {
  if (!namespace.spec?.finalizers?.length) return { actions: [] };
  const remaining: Remaining = { byResource: new Map(), byFinalizer: new Map() };
  const pods = view.list('pods', namespace.metadata.name);
  if (pods.length) {
    const { deletions, more } = deleteAll('pods', pods, maxWrites);
    return { actions: [...deletions, ...writeConditions(namespace, remaining, now)], requeueAt: more ? now + 1 : undefined };
  }
  const actions: Action[] = [];
  let unfinished = false;
  for (const resource of contentsOf(view)) {
    const objects = view.list(resource, namespace.metadata.name);
    const { deletions, more } = deleteAll(resource, objects, maxWrites - actions.length);
    actions.push(...deletions);
    unfinished ||= more;
    count(resource, objects, remaining);
  }
  const conditions = writeConditions(namespace, remaining, now);
  actions.push(...conditions);
  if (unfinished) return { actions, requeueAt: now + 1 };
  if (!remaining.byResource.size && !conditions.length) actions.push(finalize(namespace));
  return { actions };
}

function deleteAll(resource: Resource, objects: KubeObject[], room: number): { deletions: Action[]; more: boolean } {
  const alive = objects.filter((object) => !object.metadata.deletionTimestamp);
  const deletions = alive.slice(0, Math.max(0, room)).map((object) => deletion(resource, object, 'Background'));
  return { deletions, more: deletions.length < alive.length };
}

/** Counts objects that still exist after their deletion was requested: held by finalizers, or within their grace period. */
function count(resource: Resource, objects: KubeObject[], remaining: Remaining): void {
  const slash = resource.indexOf('/');
  const label = slash < 0 ? `${resource}.` : `${resource.slice(slash + 1)}.${resource.slice(0, slash)}`;
  for (const { metadata } of objects) {
    if (!metadata.finalizers?.length && !metadata.deletionTimestamp) continue;
    remaining.byResource.set(label, (remaining.byResource.get(label) ?? 0) + 1);
    for (const finalizer of metadata.finalizers ?? []) {
      remaining.byFinalizer.set(finalizer, (remaining.byFinalizer.get(finalizer) ?? 0) + 1);
    }
  }
}

function writeConditions(namespace: KubeObject, remaining: Remaining, now: number): Action[] {
  const old = namespace.status?.conditions ?? [];
  const conditions = deletionConditions(old, remaining, now);
  if (conditions === old && namespace.status?.phase === 'Terminating') return [];
  const status = { ...namespace.status, phase: 'Terminating', conditions };
  return [{ verb: 'update', resource: NAMESPACES, subresource: 'status', object: { ...namespace, status } }];
}

function finalize(namespace: KubeObject): Action {
  const finalizers = namespace.spec.finalizers.filter((finalizer: string) => finalizer !== FINALIZER);
  return {
    verb: 'update',
    resource: NAMESPACES,
    subresource: 'finalize',
    object: { ...namespace, spec: { ...namespace.spec, finalizers } },
  };
}
