import { scaled } from '../../api/machinery/intstr.ts';
import { parseTime, rfc3339 } from '../../api/machinery/time.ts';
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { type Action, type Controller, type Key, type Mapping, byObject, type Plan } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { eventFor } from '../shared/events.ts';
import { findCondition } from '../shared/conditions.ts';
import { controllerRef } from '../shared/owners.ts';
import { isPodReady, podCondition } from '../../api/core/pod/conditions.ts';
import { isTerminal } from '../shared/pods.ts';
import { podStatusUpdate, withPodCondition } from '../shared/pod-status.ts';
import { selectorMatcher, selectorText } from '../shared/selector.ts';
import { expectedScale } from './scale.ts';

const BUDGETS = 'policy/poddisruptionbudgets';
const USER = 'system:serviceaccount:kube-system:disruption-controller';
const COMPONENT = 'controllermanager';
/** Time after which an evicted pod that is not being deleted counts as kept (DeletionTimeout, stalePodDisruptionTimeout). */
const TIMEOUT_MS = 120_000;
const DISRUPTED = 'DisruptionTarget';

/** Counts the pods of each budget that may be evicted now (pkg/controller/disruption). */
const budgets: Controller = {
  name: 'disruption',
  manager: 'kube-controller-manager',
  user: USER,
  watches: [
    byObject(BUDGETS),
    { resource: 'pods', keys: budgetsOfPod },
    ...['apps/deployments', 'apps/replicasets', 'apps/statefulsets', 'replicationcontrollers'].map(budgetsOfManager),
  ],
  reconcile: (key, view, { now }) => {
    const budget = view.get(BUDGETS, key.namespace, key.name);
    return budget ? sync(budget, view, now) : { actions: [] };
  },
};

/** Resets the DisruptionTarget condition of pods that were not deleted after all. */
const staleTargets: Controller = {
  name: 'disruption-stale-targets',
  manager: 'kube-controller-manager',
  user: USER,
  watches: [{ resource: 'pods', keys: (change, view) => (isOrWasTargeted(change) ? byObject('pods').keys(change, view) : []) }],
  reconcile: (key, view, { now }) => {
    const pod = view.get('pods', key.namespace, key.name);
    const since = pod && targetedSince(pod);
    if (!pod || since === undefined) return { actions: [] };
    if (now < since + TIMEOUT_MS) return { actions: [], requeueAt: since + TIMEOUT_MS };
    const status = withPodCondition(pod, DISRUPTED, 'False', now, {});
    return { actions: status ? [podStatusUpdate(pod, status)] : [] };
  },
};

export const disruptionController: Controller[] = [budgets, staleTargets];

/** A pod that is a target no more has a timer to lose. */
const isOrWasTargeted = ({ object, old }: Change): boolean =>
  targetedSince(object) !== undefined || (old !== undefined && targetedSince(old) !== undefined);

function targetedSince(pod: KubeObject): number | undefined {
  const target = podCondition(pod, DISRUPTED);
  if (target?.status !== 'True' || target.reason === 'TerminationByKubelet') return undefined;
  if (pod.metadata.deletionTimestamp || isTerminal(pod)) return undefined;
  const since = parseTime(target.lastTransitionTime ?? '');
  return Number.isNaN(since) ? 0 : since;
}

const matcherOf = (budget: KubeObject) => selectorMatcher(budget.spec?.selector);

function budgetsOfPod({ type, object, old }: Change, view: View): Key[] {
  const { namespace = '', labels } = object.metadata;
  const all = view.list(BUDGETS, namespace);
  if (!all.length) return [];
  if (type === 'MODIFIED' && old && !matters(old, object)) return [];
  return all
    .filter((budget) => matcherOf(budget)(labels) || (old && matcherOf(budget)(old.metadata.labels)))
    .map((budget) => ({ namespace, name: budget.metadata.name }));
}

function matters(old: KubeObject, pod: KubeObject): boolean {
  return (
    isPodReady(old) !== isPodReady(pod) ||
    old.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp ||
    controllerRef(old)?.uid !== controllerRef(pod)?.uid ||
    !equal(old.metadata.labels ?? {}, pod.metadata.labels ?? {})
  );
}

/** Keys of budgets whose percentage changes meaning with the size or the owner of a manager. */
function budgetsOfManager(resource: string): Mapping {
  return {
    resource,
    keys: ({ type, object, old }, view) => {
      const sameOwner = controllerRef(old)?.uid === controllerRef(object)?.uid;
      if (type === 'MODIFIED' && sameOwner && old?.spec?.replicas === object.spec?.replicas) return [];
      const { namespace = '' } = object.metadata;
      return view.list(BUDGETS, namespace).map((budget) => ({ namespace, name: budget.metadata.name }));
    },
  };
}

/** trySync; an error closes the budget (failSafe). */
function sync(budget: KubeObject, view: View, now: number): Plan {
  const match = matcherOf(budget);
  const pods = view.list('pods', budget.metadata.namespace).filter((pod) => match(pod.metadata.labels));
  const { expected, desired, unmanaged, error } = goals(budget, pods, view);
  if (error !== undefined) return close(budget, error, now);
  const { disrupted, recheck } = disruptedPods(budget, pods, now);
  const healthy = pods.filter(
    (pod) => !pod.metadata.deletionTimestamp && disrupted[pod.metadata.name] === undefined && isPodReady(pod),
  ).length;
  const allowed = expected > 0 ? Math.max(0, healthy - desired) : 0;
  const { generation } = budget.metadata;
  const status: Obj = {
    ...(generation && { observedGeneration: generation }),
    ...(Object.keys(disrupted).length && { disruptedPods: disrupted }),
    disruptionsAllowed: allowed,
    currentHealthy: healthy,
    desiredHealthy: desired,
    expectedPods: expected,
    conditions: withAllowed(budget, allowed > 0, allowed > 0 ? 'SufficientPods' : 'InsufficientPods', '', generation, now),
  };
  if (equal(budget.status ?? {}, status)) return { actions: [], requeueAt: recheck };
  const events = [
    ...(pods.length ? [] : [eventFor(COMPONENT, budget, 'Normal', 'NoPods', 'No matching pods found')]),
    ...(unmanaged ? [warnUnmanaged(budget)] : []),
  ];
  return { actions: [...events, write(budget, status)], requeueAt: recheck };
}

/** getExpectedPodCount. */
function goals(
  budget: KubeObject,
  pods: KubeObject[],
  view: View,
): { expected: number; desired: number; unmanaged: number; error?: string } {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (maxUnavailable === undefined && typeof minAvailable === 'number')
    return { expected: pods.length, desired: minAvailable, unmanaged: 0 };
  if (maxUnavailable === undefined && minAvailable === undefined) return { expected: 0, desired: 0, unmanaged: 0 };
  const { count, unmanaged, error } = expectedScale(pods, view);
  if (error !== undefined) return { expected: 0, desired: 0, unmanaged, error };
  if (maxUnavailable === undefined) return { expected: count, desired: scaled(minAvailable, count, true) ?? 0, unmanaged };
  return { expected: count, desired: Math.max(0, count - (scaled(maxUnavailable, count, true) ?? 0)), unmanaged };
}

/** Evictions granted whose pods are not being deleted yet (buildDisruptedPodMap). */
function disruptedPods(
  budget: KubeObject,
  pods: KubeObject[],
  now: number,
): { disrupted: Record<string, string>; recheck?: number } {
  const disrupted: Record<string, string> = {};
  let recheck: number | undefined;
  for (const { metadata } of pods) {
    const since = budget.status?.disruptedPods?.[metadata.name];
    if (since === undefined || metadata.deletionTimestamp) continue;
    const until = parseTime(since) + TIMEOUT_MS;
    if (until < now) continue;
    disrupted[metadata.name] = since;
    recheck = Math.min(recheck ?? until + 1, until + 1);
  }
  return { disrupted, recheck };
}

function withAllowed(
  budget: KubeObject,
  allowed: boolean,
  reason: string,
  message: string,
  generation: number | undefined,
  now: number,
): Obj[] {
  const old: Obj[] = budget.status?.conditions ?? [];
  const current = findCondition(old, 'DisruptionAllowed');
  const status = allowed ? 'True' : 'False';
  const lastTransitionTime = current?.status === status ? current.lastTransitionTime : rfc3339(now);
  const next = {
    type: 'DisruptionAllowed',
    status,
    ...(generation && { observedGeneration: generation }),
    lastTransitionTime,
    reason,
    message,
  };
  return current ? old.map((c) => (c === current ? next : c)) : [...old, next];
}

function close(budget: KubeObject, error: string, now: number): Plan {
  const generation = budget.status?.observedGeneration;
  const conditions = withAllowed(budget, false, 'SyncFailed', error, generation, now);
  const status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, ...budget.status, conditions };
  status.disruptionsAllowed = 0;
  if (equal(budget.status ?? {}, status)) return { actions: [] };
  const message = `Failed to calculate the number of expected pods: ${error}`;
  return { actions: [eventFor(COMPONENT, budget, 'Warning', 'CalculateExpectedPodCountFailed', message), write(budget, status)] };
}

const write = (budget: KubeObject, status: Obj): Action => ({
  verb: 'update',
  resource: BUDGETS,
  subresource: 'status',
  object: { ...budget, status },
});

function warnUnmanaged(budget: KubeObject): Action {
  const message =
    `Pods selected by this PodDisruptionBudget (selector: ${selectorText(budget.spec?.selector)}) were found to be unmanaged.` +
    ' As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior.' +
    ' To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.';
  return eventFor(COMPONENT, budget, 'Warning', 'UnmanagedPods', message);
}
