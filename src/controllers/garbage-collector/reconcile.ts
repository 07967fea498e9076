import type { Resource } from '../../api/machinery/define-kind.ts';
import type { KubeObject, OwnerReference } from '../../lib/json.ts';
import type { Action, Controller, Key, Plan, ReconcileCx } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { withOwners } from '../shared/owners.ts';
import { deletion, hasFinalizer, withoutFinalizer } from '../shared/objects.ts';
import { collectorKeys } from './mapping.ts';
import { DEPENDENTS, FOREGROUND, isDeletingDependents, livesElsewhere, ORPHAN, classify } from './owners.ts';

const COMPONENT = 'garbage-collector-controller';
/** Resources that are never collected: Events have no owners (garbagecollector DefaultIgnoredResources). */
const IGNORED = ['events'];
const NOTHING: Plan = { actions: [] };

/** Deletes objects of all kinds whose owners are deleted (pkg/controller/garbagecollector). */
export const garbageCollector: Controller = {
  name: 'garbagecollector',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:generic-garbage-collector',
  watches: [{ resource: '*', except: IGNORED, keys: collectorKeys }],
  reconcile: (key, view, cx) =>
    key.name.startsWith(DEPENDENTS) ? dependents(key.name.slice(DEPENDENTS.length), view, cx.maxWrites) : object(key, view, cx),
};

/** Plan for the dependents of an owner that is deleted or waits for them: each is processed as by a key of its own. */
function dependents(uid: string, view: View, maxWrites: number): Plan {
  return { actions: view.ownedNotDeleting(uid, maxWrites).flatMap((dependent) => judge(dependent, view)) };
}

/** attemptToDeleteItem and attemptToOrphan. */
function object(key: Key, view: View, cx: ReconcileCx): Plan {
  const colon = key.name.indexOf(':');
  const resource = key.name.slice(0, colon);
  const item = view.get(resource, key.namespace, key.name.slice(colon + 1));
  if (!item) return NOTHING;
  if (!item.metadata.deletionTimestamp) return { actions: judge(item, view) };
  if (hasFinalizer(item, ORPHAN)) return orphanDependents(resource, item, view, cx);
  if (!isDeletingDependents(item) || hasBlockingDependents(item, view)) return NOTHING;
  return { actions: [{ verb: 'update', resource, object: withoutFinalizer(item, FOREGROUND) }] };
}

/** Drops the dependents' references to the owner, at most maxWrites in one plan; then its finalizer. */
function orphanDependents(resource: Resource, owner: KubeObject, view: View, { now, maxWrites }: ReconcileCx): Plan {
  const owned = view.ownedBy(owner.metadata.uid);
  const forgotten = owned.slice(0, maxWrites).map((dependent): Action => {
    const refs = dependent.metadata.ownerReferences ?? [];
    return {
      verb: 'update',
      resource: resourceIn(dependent, view),
      object: withOwners(
        dependent,
        refs.filter((ref) => ref.uid !== owner.metadata.uid),
      ),
    };
  });
  if (owned.length > maxWrites) return { actions: forgotten, requeueAt: now };
  return { actions: [...forgotten, { verb: 'update', resource, object: withoutFinalizer(owner, ORPHAN) }] };
}

function hasBlockingDependents(owner: KubeObject, view: View): boolean {
  const { uid } = owner.metadata;
  return view.ownedBy(uid).some((d) => d.metadata.ownerReferences?.some((ref) => ref.uid === uid && ref.blockOwnerDeletion));
}

/** Actions on an object that follow from the states of its owners. */
function judge(item: KubeObject, view: View): Action[] {
  const namespace = item.metadata.namespace ?? '';
  const refs = item.metadata.ownerReferences ?? [];
  const by = new Map(refs.map((ref) => [ref, classify(ref, namespace, view)]));
  const of = (state: string) => refs.filter((ref) => by.get(ref) === state);
  const invalid = of('invalid');
  if (invalid.length) return invalid.map((ref) => reportInvalid(item, ref));
  if (!refs.length || of('unknown').length) return [];
  const resource = resourceIn(item, view);
  const solid = of('solid');
  if (solid.length === refs.length) return [];
  const strays = of('dangling').filter((ref) => livesElsewhere(ref, namespace, view));
  const reports = strays.map((ref) => reportInvalid(item, ref));
  if (solid.length) return [...reports, { verb: 'update', resource, object: withOwners(item, solid) }];
  const mine = of('waiting').length ? view.ownedBy(item.metadata.uid) : [];
  if (mine.length) {
    const circle = mine.some(isDeletingDependents) ? [unblock(resource, item)] : [];
    return [...reports, ...circle, deletion(resource, item, 'Foreground')];
  }
  const policy = hasFinalizer(item, ORPHAN) ? 'Orphan' : hasFinalizer(item, FOREGROUND) ? 'Foreground' : 'Background';
  return [...reports, deletion(resource, item, policy)];
}

/** Unblocks an owner: owners and dependents in a circle must not wait for each other. */
function unblock(resource: Resource, item: KubeObject): Action {
  const refs = (item.metadata.ownerReferences ?? []).map((ref) =>
    ref.blockOwnerDeletion ? { ...ref, blockOwnerDeletion: false } : ref,
  );
  return { verb: 'update', resource, object: withOwners(item, refs) };
}

function reportInvalid(item: KubeObject, ref: OwnerReference): Action {
  const { namespace = '' } = item.metadata;
  const owner = `[${ref.apiVersion}/${ref.kind}, namespace: ${namespace}, name: ${ref.name}, uid: ${ref.uid}]`;
  const message = `ownerRef ${owner} does not exist in namespace ${JSON.stringify(namespace)}`;
  return { verb: 'event', regarding: item, type: 'Warning', reason: 'OwnerRefInvalidNamespace', message, component: COMPONENT };
}

/** The resource of a stored object, which is of a kind that the cluster serves. */
function resourceIn(item: KubeObject, view: View): Resource {
  return view.resourceOf(item.apiVersion, item.kind)?.resource ?? '';
}
