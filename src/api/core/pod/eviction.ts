import { clone, equal, type KubeObject, type Obj } from '../../../lib/json.ts';
import type { PostRequest } from '../../machinery/define-kind.ts';
import { fromLabelSelector, matches } from '../../machinery/labels.ts';
import {
  badRequest,
  failure,
  forbiddenError,
  notFoundError,
  type StatusError,
  tooManyRequests,
} from '../../machinery/status-errors.ts';
import { rfc3339 } from '../../machinery/time.ts';
import { SUCCESS } from './binding.ts';
import { isPodReady, updatePodCondition } from './conditions.ts';

const BUDGETS = 'policy/poddisruptionbudgets';
/** Evictions that a budget remembers at most, so that its status stays small (MaxDisruptedPodSize). */
const DISRUPTED_MAX = 2000;

/** POST pods/NAME/eviction: a deletion that asks the budgets first (core/pod/storage EvictionREST). */
export function evict(eviction: KubeObject, request: PostRequest): Obj {
  const name = request.name as string;
  if (name !== eviction.metadata?.name) throw badRequest('name in URL does not match name in Eviction object');
  const { options, dryRun } = deleteOptions(eviction.deleteOptions ?? undefined, request.dryRun);
  request.admit();
  const pod = request.get('pods', request.namespace, name);
  if (!pod) throw notFoundError({ group: '', resource: 'pods' }, name);
  if (!canIgnoreBudgets(pod)) {
    const budgets = budgetsOf(request, pod);
    if (budgets.length > 1) {
      const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
      return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 };
    }
    const budget = budgets[0];
    if (budget && !isDispensable(pod, budget)) decrement(request, pod, budget, dryRun);
  }
  remove(request, pod, options, dryRun);
  return SUCCESS;
}

function deleteOptions(inner: Obj | undefined, isDryRun: boolean): { options: Obj; dryRun: boolean } {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = inner ?? {};
  const options: Obj = {};
  if (typeof gracePeriodSeconds === 'number') options.gracePeriodSeconds = gracePeriodSeconds;
  if (propagationPolicy) options.propagationPolicy = propagationPolicy;
  if (typeof orphanDependents === 'boolean') options.orphanDependents = orphanDependents;
  if (preconditions) options.preconditions = preconditions;
  return { options, dryRun: isDryRun || (Array.isArray(dryRun) && dryRun.includes('All')) };
}

/** Pods that run no more, or not yet, disrupt nothing. */
const canIgnoreBudgets = ({ metadata, status }: KubeObject): boolean =>
  ['Succeeded', 'Failed', 'Pending'].includes(status?.phase) || !!metadata.deletionTimestamp;

function budgetsOf(request: PostRequest, pod: KubeObject): KubeObject[] {
  const { labels, namespace } = pod.metadata;
  if (!labels) return [];
  return request.list(BUDGETS, namespace).filter((b) => b.spec?.selector && matches(fromLabelSelector(b.spec.selector), labels));
}

/** May an unready pod go without counting? As its policy says, or when enough others are healthy. */
function isDispensable(pod: KubeObject, { spec, status = {} }: KubeObject): boolean {
  if (isPodReady(pod)) return false;
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return (status.currentHealthy ?? 0) >= (status.desiredHealthy ?? 0) && (status.desiredHealthy ?? 0) > 0;
}

/** checkAndDecrement: takes one disruption from the budget, or refuses. */
function decrement({ now, store }: PostRequest, pod: KubeObject, budget: KubeObject, dryRun: boolean): void {
  const { name } = budget.metadata;
  const status = budget.status ?? {};
  const allowed: number = status.disruptionsAllowed ?? 0;
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) throw tooMany(name);
  const what = { group: 'policy', resource: 'poddisruptionbudget' };
  if (allowed < 0) throw forbiddenError(what, name, 'pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > DISRUPTED_MAX) {
    throw forbiddenError(what, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (allowed === 0) throw noneAllowed(name, status);
  const next = clone(budget);
  next.status = {
    ...status,
    disruptionsAllowed: allowed - 1,
    disruptedPods: { ...status.disruptedPods, [pod.metadata.name]: rfc3339(now) },
  };
  if (allowed - 1 === 0) setInsufficient(next, now);
  if (!dryRun) store(BUDGETS, next, budget);
}

function setInsufficient(budget: KubeObject, now: number): void {
  const conditions: Obj[] = [...(budget.status.conditions ?? [])];
  const at = conditions.findIndex((c) => c.type === 'DisruptionAllowed');
  const condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    observedGeneration: budget.metadata.generation,
    lastTransitionTime: conditions[at]?.status === 'False' ? conditions[at]?.lastTransitionTime : rfc3339(now),
    reason: 'InsufficientPods',
    message: '',
  };
  if (at < 0) conditions.push(condition);
  else conditions[at] = condition;
  budget.status.conditions = conditions;
}

const VIOLATION = "Cannot evict pod as it would violate the pod's disruption budget.";

/** The budget's controller has not caught up. */
function tooMany(name: string): StatusError {
  const error = tooManyRequests(VIOLATION, 10);
  error.status.details.causes = [
    { reason: 'DisruptionBudget', message: `The disruption budget ${name} is still being processed by the server.` },
  ];
  return error;
}

function noneAllowed(name: string, status: Obj): StatusError {
  const { desiredHealthy = 0, currentHealthy = 0 } = status;
  const no: Obj | undefined = (status.conditions ?? []).find(
    (c: Obj) => c.type === 'DisruptionAllowed' && c.status === 'False' && c.message,
  );
  let message = `The disruption budget ${name} does not allow evicting pods currently`;
  if (no?.reason === 'SyncFailed') message += ` because it failed sync: ${no.message}`;
  else if (currentHealthy <= desiredHealthy) {
    message = `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  } else if (no) message += ` (${no.reason}): ${no.message}`;
  return failure(429, 'TooManyRequests', VIOLATION, { causes: [{ reason: 'DisruptionBudget', message }] });
}

/** Marks the pod as a target of disruption, then deletes it. */
function remove({ now, store, delete: erase }: PostRequest, pod: KubeObject, options: Obj, dryRun: boolean): void {
  let { preconditions } = options;
  const wanted = preconditions?.resourceVersion;
  const { resourceVersion } = pod.metadata;
  if (!dryRun && (wanted === undefined || wanted === resourceVersion)) {
    const said = { reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };
    const conditions = updatePodCondition(pod.status?.conditions, { type: 'DisruptionTarget', status: 'True', ...said }, now);
    const next: KubeObject = { ...pod, metadata: { ...pod.metadata }, status: { ...pod.status, conditions } };
    if (!equal(next, pod)) {
      store('pods', next, pod);
      if (wanted) preconditions = { ...preconditions, resourceVersion: next.metadata.resourceVersion };
    }
  }
  erase({ ...options, dryRun, ...(preconditions && { preconditions }) });
}
