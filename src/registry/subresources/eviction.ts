import type { Kind } from '../../api/machinery/define-kind.ts';
import { fromLabelSelector, matches } from '../../api/machinery/labels.ts';
import { rfc3339 } from '../../api/machinery/time.ts';
import {
  badRequest,
  failure,
  forbiddenError,
  invalidError,
  notFoundError,
  type StatusError,
  tooManyRequests,
} from '../../api/machinery/status-errors.ts';
import { clone, equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { admitSent } from '../admit.ts';
import { validateDeleteOptions } from '../deletion.ts';
import type { Kernel } from '../kernel.ts';
import type { DeleteOptions, WriteOptions } from '../options.ts';
import * as pipeline from '../pipeline.ts';
import { openScope, type PostScope } from '../write-scope.ts';
import { type SubresourceAnswer, shown, success } from './answer.ts';
import { setCondition } from './binding.ts';

const BUDGETS = 'policy/poddisruptionbudgets';
/** Evictions that a budget remembers at most, so that its status stays small (MaxDisruptedPodSize). */
const DISRUPTED_MAX = 2000;

/** POST pods/NAME/eviction: a deletion that asks the budgets first (core/pod/storage EvictionREST). */
export function evict(scope: PostScope, eviction: KubeObject): SubresourceAnswer {
  const { kernel, kind, resource, namespace } = scope;
  const name = scope.options.name as string;
  if (name !== eviction.metadata?.name) throw badRequest('name in URL does not match name in Eviction object');
  const { options, dryRun } = deleteOptions(eviction.deleteOptions ?? undefined, scope.options);
  admitSent(scope, eviction);
  const pod = kernel.view.get(resource, namespace, name);
  if (!pod) throw notFoundError(kind, name);
  if (!canIgnoreBudgets(pod)) {
    const budgets = budgetsOf(kernel, pod);
    if (budgets.length > 1) {
      const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
      return shown({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
    }
    const budget = budgets[0];
    if (budget && !isDispensable(pod, budget)) decrement(kernel, pod, budget, scope.options.now, dryRun);
  }
  remove(scope, pod, options, dryRun);
  return success();
}

function deleteOptions(inner: Obj | undefined, o: WriteOptions): { options: DeleteOptions; dryRun: boolean } {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = inner ?? {};
  const options: DeleteOptions = {};
  if (typeof gracePeriodSeconds === 'number') options.gracePeriodSeconds = gracePeriodSeconds;
  if (propagationPolicy) options.propagationPolicy = propagationPolicy;
  if (typeof orphanDependents === 'boolean') options.orphanDependents = orphanDependents;
  if (preconditions) options.preconditions = preconditions;
  return { options, dryRun: o.dryRun === true || (Array.isArray(dryRun) && dryRun.includes('All')) };
}

/** Pods that run no more, or not yet, disrupt nothing. */
const canIgnoreBudgets = ({ metadata, status }: KubeObject): boolean =>
  ['Succeeded', 'Failed', 'Pending'].includes(status?.phase) || !!metadata.deletionTimestamp;

function budgetsOf({ view }: Kernel, pod: KubeObject): KubeObject[] {
  const { labels, namespace } = pod.metadata;
  if (!labels) return [];
  return view.list(BUDGETS, namespace).filter((b) => b.spec?.selector && matches(fromLabelSelector(b.spec.selector), labels));
}

/** May an unready pod go without counting? As its policy says, or when enough others are healthy. */
function isDispensable(pod: KubeObject, { spec, status = {} }: KubeObject): boolean {
  const ready = (pod.status?.conditions ?? []).some((c: Obj) => c.type === 'Ready' && c.status === 'True');
  if (ready) return false;
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return (status.currentHealthy ?? 0) >= (status.desiredHealthy ?? 0) && (status.desiredHealthy ?? 0) > 0;
}

/** checkAndDecrement: takes one disruption from the budget, or refuses. */
function decrement(kernel: Kernel, pod: KubeObject, budget: KubeObject, now: number, dryRun: boolean): void {
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
  const kind = kernel.kinds.byResource(BUDGETS) as Kind;
  if (!dryRun) kernel.append(kind, next, budget, Number(budget.metadata.resourceVersion));
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
function remove({ kernel, ports, kind, options: o }: PostScope, pod: KubeObject, options: DeleteOptions, dryRun: boolean): void {
  const errors = validateDeleteOptions(options);
  if (errors.length) throw invalidError('meta.k8s.io', 'DeleteOptions', '', errors);
  let { preconditions } = options;
  const { name, namespace = '', resourceVersion } = pod.metadata;
  if (!dryRun) {
    const next: KubeObject = { ...pod, metadata: { ...pod.metadata }, status: { ...pod.status } };
    setCondition(
      next.status,
      { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' },
      o.now,
    );
    const matchesVersion = preconditions?.resourceVersion === undefined || preconditions.resourceVersion === resourceVersion;
    if (matchesVersion && !equal(next, pod)) {
      kernel.append(kind, next, pod, Number(resourceVersion));
      if (preconditions?.resourceVersion) preconditions = { ...preconditions, resourceVersion: next.metadata.resourceVersion };
    }
  }
  const { user, now } = o;
  const request = { ...options, namespace, name, user, now, dryRun, ...(preconditions && { preconditions }) };
  pipeline.remove(openScope(kernel, ports, kind, request));
}
