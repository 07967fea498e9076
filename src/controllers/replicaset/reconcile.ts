import type { Resource } from '../../api/machinery/define-kind.ts';
import { type KubeObject, clone } from '../../lib/json.ts';
import { type Action, type Controller, type Key, byObject, type Plan, type ReconcileCx } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { eventFor } from '../shared/events.ts';
import { adoption } from '../shared/adoption.ts';
import { controllerRef, groupOf, isControlledBy, managerKeys, released } from '../shared/owners.ts';
import { isPodReady } from '../../api/core/pod/conditions.ts';
import { availableAt, generatedName, isActive, isTerminating, podFromTemplate } from '../shared/pods.ts';
import { type Matcher, mapMatcher, selectorMatcher } from '../shared/selector.ts';
import { podsToDelete } from '../shared/ranking.ts';
import { type Claimed, sameStatus, statusOf } from './status.ts';

/** Differences between a ReplicationController and a ReplicaSet (pkg/controller/replication adapts one to the other). */
interface Form {
  name: string;
  resource: Resource;
  kind: string;
  apiVersion: string;
  component: string;
  matcher(set: KubeObject): Matcher;
  /** status.terminatingReplicas (feature DeploymentReplicaSetTerminatingReplicas, on by default; ReplicaSets only). */
  countTerminating: boolean;
}

const replicaSets: Form = {
  name: 'replicaset',
  resource: 'apps/replicasets',
  kind: 'ReplicaSet',
  apiVersion: 'apps/v1',
  component: 'replicaset-controller',
  matcher: (set) => selectorMatcher(set.spec?.selector),
  countTerminating: true,
};

const replicationControllers: Form = {
  name: 'replicationcontroller',
  resource: 'replicationcontrollers',
  kind: 'ReplicationController',
  apiVersion: 'v1',
  component: 'replication-controller',
  matcher: (set) => mapMatcher(set.spec?.selector),
  countTerminating: false,
};

const userOf = (form: Form) => `system:serviceaccount:kube-system:${form.component}`;

function controllerFor(form: Form): Controller {
  return {
    name: form.name,
    manager: 'kube-controller-manager',
    user: userOf(form),
    watches: [
      byObject(form.resource),
      { resource: 'pods', keys: (change) => managerKeys(change, form.kind, groupOf(form.apiVersion)) },
    ],
    reconcile: (key, view, cx) => reconcile(form, key, view, cx),
    refused: (key, action, error, view, cx) => refused(form, key, action, error.message, view, cx),
  };
}

const adoptionFor = (form: Form): Controller =>
  adoption({
    name: `${form.name}-adoption`,
    user: userOf(form),
    owner: form.resource,
    dependent: 'pods',
    matcher: form.matcher,
    eligible: isActive,
  });

/** The controllers of both kinds; adoption stands first, as a sync claims before it counts. */
export const replicaSetController: Controller[] = [adoptionFor(replicaSets), controllerFor(replicaSets)];
export const replicationController: Controller[] = [adoptionFor(replicationControllers), controllerFor(replicationControllers)];

/** syncReplicaSet: release, manage replicas, write the status. */
function reconcile(form: Form, key: Key, view: View, cx: ReconcileCx): Plan {
  const set = view.get(form.resource, key.namespace, key.name);
  if (!set) return { actions: [] };
  const owned = view.ownedBy(set.metadata.uid, 'pods').filter((pod) => isControlledBy(pod, set));
  const claimed = claim(form, set, owned);
  const actions: Action[] = [];
  if (!set.metadata.deletionTimestamp) {
    for (const pod of claimed.unmatched.slice(0, cx.maxWrites)) {
      actions.push({ verb: 'update', resource: 'pods', object: released(pod, set) });
    }
    actions.push(...manage(form, set, claimed.active, view, { ...cx, maxWrites: cx.maxWrites - actions.length }));
  }
  actions.push(...writeStatus(form, set, claimed, cx.now));
  return { actions, requeueAt: nextAvailability(set, claimed.active, cx.now) };
}

function claim(form: Form, set: KubeObject, owned: KubeObject[]): Claimed & { unmatched: KubeObject[] } {
  const match = form.matcher(set);
  const claimed = { active: [] as KubeObject[], terminating: [] as KubeObject[], unmatched: [] as KubeObject[] };
  for (const pod of owned) {
    const selected = match(pod.metadata.labels);
    if (isActive(pod)) (selected ? claimed.active : claimed.unmatched).push(pod);
    else if (selected && isTerminating(pod)) claimed.terminating.push(pod);
  }
  return claimed;
}

/** manageReplicas. */
function manage(form: Form, set: KubeObject, active: KubeObject[], view: View, cx: ReconcileCx): Action[] {
  const diff = active.length - (set.spec?.replicas ?? 1);
  if (diff < 0) return createPods(form, set, Math.min(-diff, cx.maxWrites), view, cx);
  if (diff > 0) return deletePods(form, set, active, Math.min(diff, cx.maxWrites), view, cx);
  return [];
}

function createPods(form: Form, set: KubeObject, count: number, view: View, cx: ReconcileCx): Action[] {
  const model = podFromTemplate(set.spec?.template ?? {}, set);
  const taken = new Set(view.ownedBy(set.metadata.uid, 'pods').map((pod) => pod.metadata.name));
  const actions: Action[] = [];
  for (let i = 0; i < count; i++) {
    const pod = i === count - 1 ? model : clone(model);
    pod.metadata.name = generatedName(pod.metadata.generateName ?? '', cx.random, taken);
    actions.push({ verb: 'create', resource: 'pods', object: pod });
    actions.push(eventFor(form.component, set, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`));
  }
  return actions;
}

function deletePods(form: Form, set: KubeObject, active: KubeObject[], count: number, view: View, cx: ReconcileCx): Action[] {
  const doomed = podsToDelete(active, count < active.length ? relatedPods(form, set, view) : [], count, cx.now);
  return doomed.flatMap(({ metadata: { namespace = '', name, uid } }): Action[] => [
    { verb: 'delete', resource: 'pods', namespace, name, uid },
    eventFor(form.component, set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`),
  ]);
}

/**
 * Pods of all sets that the owner of this set manages (getIndirectlyRelatedPods): siblings of a rollout count as neighbours on a
 * node.
 */
function relatedPods(form: Form, set: KubeObject, view: View): KubeObject[] {
  const owner = controllerRef(set);
  if (!owner) return [];
  const siblings = view.ownedBy(owner.uid, form.resource).filter((sibling) => controllerRef(sibling)?.uid === owner.uid);
  return siblings.flatMap((sibling) =>
    view.ownedBy(sibling.metadata.uid, 'pods').filter((pod) => form.matcher(sibling)(pod.metadata.labels)),
  );
}

function writeStatus(form: Form, set: KubeObject, claimed: Claimed, now: number, error?: string): Action[] {
  const status = statusOf(set, claimed, now, { countTerminating: form.countTerminating, error });
  if (sameStatus(set, status)) return [];
  return [{ verb: 'update', resource: form.resource, subresource: 'status', object: { ...set, status } }];
}

/** The time at which the next ready pod becomes available (FindMinNextPodAvailabilityCheck). */
function nextAvailability(set: KubeObject, active: KubeObject[], now: number): number | undefined {
  const seconds = set.spec?.minReadySeconds ?? 0;
  if (!seconds) return undefined;
  let next: number | undefined;
  for (const pod of active) {
    const at = isPodReady(pod) ? availableAt(pod, seconds) : undefined;
    if (at !== undefined && at > now && (next === undefined || at < next)) next = at;
  }
  return next;
}

/**
 * Plan after a refused creation or deletion of a pod: an Event and the ReplicaFailure condition; the key is tried again with
 * back-off.
 */
function refused(form: Form, key: Key, action: Action, error: string, view: View, cx: ReconcileCx): Plan {
  const set = view.get(form.resource, key.namespace, key.name);
  if (!set || (action.verb !== 'create' && action.verb !== 'delete')) return { actions: [] };
  const owned = view.ownedBy(set.metadata.uid, 'pods').filter((pod) => isControlledBy(pod, set));
  const said =
    action.verb === 'create'
      ? eventFor(form.component, set, 'Warning', 'FailedCreate', `Error creating: ${error}`)
      : eventFor(form.component, set, 'Warning', 'FailedDelete', `Error deleting: ${error}`);
  const message = action.verb === 'create' ? error : `unable to delete pods: ${error}`;
  return { actions: [said, ...writeStatus(form, set, claim(form, set, owned), cx.now, message)] };
}
