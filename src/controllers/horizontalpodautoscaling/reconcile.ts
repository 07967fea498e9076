import { matches, type Requirement } from '../../api/machinery/labels.ts';
import { quantity } from '../../api/machinery/quantity.ts';
import { parseTime, rfc3339 } from '../../api/machinery/time.ts';
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import type { Action, Controller, Key, Plan, ReconcileCx } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { eventFor } from '../shared/events.ts';
import { CPU_INITIALIZATION_MS, type Tolerances } from './calculator.ts';
import { type History, historyOf, recommended, rescaled, storeHistory } from './history.ts';
import { type Asked, computeMetric, type Computed } from './metrics.ts';
import { normalize } from './normalize.ts';
import { nextPeriod, periodOf } from './periods.ts';
import { MetricsClient, type MetricSources } from './source.ts';
import { requirementsOf, rescale, type Target, targetOf } from './target.ts';
import { HPAS, watches } from './watched.ts';

const COMPONENT = 'horizontal-pod-autoscaler';
/** --horizontal-pod-autoscaler-tolerance */
const TOLERANCE = 0.1;

/** Gives targets the sizes that their metrics ask for (pkg/controller/podautoscaler). */
export const horizontalPodAutoscaling = (sources: MetricSources): Controller => ({
  name: 'horizontal-pod-autoscaler',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
  watches,
  reconcile: (key, view, cx) => reconcile(key, view, cx, sources),
  refused: (key, action, error, view, cx) => {
    const isScale = action.verb === 'update' && action.subresource === 'scale';
    return isScale ? reconcile(key, view, cx, sources, error.message) : { actions: [] };
  },
});

/** One sync (reconcileAutoscaler). `refusal`: why the size that it would write was refused. */
interface Sync {
  hpa: KubeObject;
  view: View;
  cx: ReconcileCx;
  status: Obj;
  /** What is said once, when the status changes: upstream repeats it every 15 seconds. */
  reports: Action[];
  refusal: string | undefined;
}

function reconcile({ namespace, name }: Key, view: View, cx: ReconcileCx, sources: MetricSources, refusal?: string): Plan {
  const hpa = view.get(HPAS, namespace, name);
  if (!hpa || hpa.metadata.deletionTimestamp) return { actions: [] };
  const { index, start } = periodOf(hpa, cx.now);
  const lastScale = parseTime(hpa.status?.lastScaleTime ?? '');
  // Upstream's first sync comes a period after the creation, and a size is changed once in a period.
  if (index === 0 || lastScale >= start) return { actions: [], requeueAt: nextPeriod(hpa, cx.now) };
  const sync: Sync = { hpa, view, cx, status: { ...hpa.status }, reports: [], refusal };
  const target = targetOf(hpa, view);
  if ('error' in target) {
    const message = `the HPA controller was unable to get the target's current scale: ${target.error}`;
    setCondition(sync, 'AbleToScale', 'False', { reason: 'FailedGetScale', message });
    warn(sync, 'FailedGetScale', target.error);
    // A change of the target brings the key back.
    return { actions: writeStatus(sync) };
  }
  const message = "the HPA controller was able to get the target's current scale";
  setCondition(sync, 'AbleToScale', 'True', { reason: 'SucceededGetScale', message });
  const history = historyOf(hpa, view) ?? {
    recommendations: [{ replicas: target.replicas, since: cx.now }],
    scaleUps: [],
    scaleDowns: [],
  };
  return scale(sync, target, history, sources);
}

function scale(sync: Sync, target: Target, history: History, sources: MetricSources): Plan {
  const { hpa, view } = sync;
  const { replicas } = target;
  const { minReplicas: min = 1, maxReplicas: max } = hpa.spec;
  if (replicas === 0) {
    const message = 'scaling is disabled since the replica count of the target is zero';
    setCondition(sync, 'ScalingActive', 'False', { reason: 'ScalingDisabled', message });
    setStatus(sync, replicas, 0, null);
    return { actions: [...writeStatus(sync), ...storeHistory(hpa, history, view)] };
  }
  if (replicas > max)
    return change(sync, target, history, { to: max, reason: 'Current number of replicas above Spec.MaxReplicas', metrics: null });
  if (replicas < min)
    return change(sync, target, history, { to: min, reason: 'Current number of replicas below Spec.MinReplicas', metrics: null });
  return byMetrics(sync, target, history, sources);
}

function byMetrics(sync: Sync, target: Target, before: History, sources: MetricSources): Plan {
  const { hpa, view, cx } = sync;
  const { now } = cx;
  const { replicas } = target;
  const client = new MetricsClient(sources, view, cx);
  const pods = podsOf(sync, target);
  const computed = 'error' in pods ? { ...pods, metrics: null } : computeAll(sync, target, pods, client);
  const steadyUntil = Math.min(client.until, 'error' in pods ? Number.POSITIVE_INFINITY : settledAt(pods.pods, client, now));
  const later = (at: number) => (Number.isFinite(at) ? nextPeriod(hpa, now, at) : undefined);
  if ('error' in computed) {
    setStatus(sync, replicas, sync.status.desiredReplicas ?? 0, computed.metrics);
    warn(sync, 'FailedComputeMetricsReplicas', computed.error);
    return { actions: [...writeStatus(sync), ...storeHistory(hpa, before, view)], requeueAt: later(steadyUntil) };
  }
  const wanted = computed.replicas;
  const history = recommended(before, wanted, now);
  const { minReplicas: min = 1, maxReplicas: max, behavior } = hpa.spec;
  const { desired, able, limited, isFinal } = normalize(wanted, { behavior, min, max, replicas, history, now });
  setCondition(sync, 'AbleToScale', 'True', able);
  setCondition(sync, 'ScalingLimited', limited.status, limited);
  if (desired !== replicas) {
    const reason = wanted < replicas ? 'All metrics below target' : `${computed.name} above target`;
    return change(sync, target, history, { to: desired, reason: wanted === replicas ? '' : reason, metrics: computed.metrics });
  }
  setStatus(sync, replicas, replicas, computed.metrics);
  const requeueAt = isFinal ? later(steadyUntil) : nextPeriod(hpa, now);
  return { actions: [...writeStatus(sync), ...storeHistory(hpa, history, view)], requeueAt };
}

interface Selected {
  pods: KubeObject[];
  selector: readonly Requirement[];
}

/** The pods of the target, which no other autoscaler may have (validateAndParseSelector). */
function podsOf(sync: Sync, { selector: text }: Target): Selected | { error: string } {
  const { hpa, view } = sync;
  const { namespace = '' } = hpa.metadata;
  const invalid = (event: string, reason: string, error: string, message = error) => {
    setCondition(sync, 'ScalingActive', 'False', { reason, message });
    warn(sync, event, error);
    return { error };
  };
  if (!text)
    return invalid('SelectorRequired', 'InvalidSelector', 'selector is required', "the HPA target's scale is missing a selector");
  const selector = requirementsOf(text);
  if ('error' in selector) {
    return invalid(
      'InvalidSelector',
      'InvalidSelector',
      `couldn't convert selector into a corresponding internal selector object: ${selector.error}`,
    );
  }
  const pods = view.list('pods', namespace).filter((pod) => matches(selector, pod.metadata.labels));
  const rivals = view
    .list(HPAS, namespace)
    .filter((other) => other.metadata.name === hpa.metadata.name || selects(other, pods, view));
  if (pods.length && rivals.length > 1) {
    const names = rivals.map(({ metadata }) => `${namespace}/${metadata.name}`).join(' ');
    return invalid(
      'AmbiguousSelector',
      'AmbiguousSelector',
      `pods by selector ${text} are controlled by multiple HPAs: [${names}]`,
    );
  }
  return { pods, selector };
}

function selects(hpa: KubeObject, pods: readonly KubeObject[], view: View): boolean {
  const target = targetOf(hpa, view);
  const selector = 'error' in target || !target.selector ? [] : requirementsOf(target.selector);
  return 'error' in selector || !selector.length ? false : pods.some((pod) => matches(selector, pod.metadata.labels));
}

type Outcome = { replicas: number; name: string; metrics: Obj[] } | { error: string; metrics: Obj[] };

/** The most that any metric asks for. One that fails counts only where the others would shrink the target (computeReplicasForMetrics). */
function computeAll(sync: Sync, { replicas, current }: Target, selected: Selected, client: MetricsClient): Outcome {
  const { hpa, cx } = sync;
  const asked: Asked = {
    ...selected,
    replicas,
    current,
    client,
    namespace: hpa.metadata.namespace ?? '',
    tolerances: tolerancesOf(hpa),
    now: cx.now,
  };
  const specs: Obj[] = hpa.spec.metrics ?? [];
  const computed = specs.map((metric) => computeMetric(metric, asked));
  const failed = computed.filter((one): one is Extract<Computed, { error: string }> => 'error' in one);
  for (const { reason, cause } of failed) warn(sync, reason, cause);
  const metrics = computed.map((one) => ('error' in one ? { type: '' } : one.status));
  let best: { replicas: number; name: string } | undefined;
  for (const one of computed) if (!('error' in one) && (!best?.replicas || one.replicas > best.replicas)) best = one;
  if (!best || (failed.length && best.replicas < replicas)) {
    const [first] = failed;
    const { reason = '', cause = '', error = '' } = first ?? {};
    setCondition(sync, 'ScalingActive', 'False', {
      reason,
      message: `the HPA was unable to compute the replica count: ${cause}`,
    });
    return { error: `invalid metrics (${failed.length} invalid out of ${specs.length}), first error is: ${error}`, metrics };
  }
  const message = `the HPA was able to successfully calculate a replica count from ${best.name}`;
  setCondition(sync, 'ScalingActive', 'True', { reason: 'ValidMetricFound', message });
  return { replicas: best.replicas, name: best.name, metrics };
}

/** When nothing of the pods changes with time alone any more: what they use counts fully, and all that run are measured. */
function settledAt(pods: readonly KubeObject[], { measured }: MetricsClient, now: number): number {
  if (!measured) return Number.POSITIVE_INFINITY;
  for (const { metadata, status } of pods) {
    if (metadata.deletionTimestamp || status?.phase !== 'Running') continue;
    if (!measured.has(metadata.name) || parseTime(status.startTime ?? '') + CPU_INITIALIZATION_MS > now) return now;
  }
  return Number.POSITIVE_INFINITY;
}

/** tolerancesForHpa; the gate HPAConfigurableTolerance is on. */
function tolerancesOf({ spec: { behavior } }: KubeObject): Tolerances {
  const of = (rules: Obj | undefined): number => {
    if (rules?.tolerance === undefined) return TOLERANCE;
    const { value, scale: exponent } = quantity(rules.tolerance);
    return Number(value) * 10 ** exponent;
  };
  return { down: of(behavior?.scaleDown), up: of(behavior?.scaleUp) };
}

/** Writes another size, and says so. */
function change(
  sync: Sync,
  target: Target,
  history: History,
  { to, reason, metrics }: { to: number; reason: string; metrics: Obj[] | null },
): Plan {
  const { hpa, view, cx, refusal } = sync;
  const { replicas } = target;
  const requeueAt = nextPeriod(hpa, cx.now);
  if (refusal !== undefined) {
    warn(sync, 'FailedRescale', `New size: ${to}; reason: ${reason}; error: ${refusal}`);
    const message = `the HPA controller was unable to update the target scale: ${refusal}`;
    setCondition(sync, 'AbleToScale', 'False', { reason: 'FailedUpdateScale', message });
    setStatus(sync, replicas, sync.status.desiredReplicas ?? 0, metrics);
    return { actions: [...writeStatus(sync), ...storeHistory(hpa, history, view)], requeueAt };
  }
  const message = `the HPA controller was able to update the target scale to ${to}`;
  setCondition(sync, 'AbleToScale', 'True', { reason: 'SucceededRescale', message });
  setStatus(sync, replicas, to, metrics);
  sync.status.lastScaleTime = rfc3339(cx.now);
  const said = eventFor(COMPONENT, hpa, 'Normal', 'SuccessfulRescale', `New size: ${to}; reason: ${reason}`);
  const kept = hpa.spec.behavior ? rescaled(history, replicas, to, cx.now) : history;
  return { actions: [rescale(target, to), said, ...writeStatus(sync), ...storeHistory(hpa, kept, view)], requeueAt };
}

function setStatus({ status }: Sync, replicas: number, desiredReplicas: number, currentMetrics: Obj[] | null): void {
  if (replicas) status.currentReplicas = replicas;
  else delete status.currentReplicas;
  delete status.observedGeneration;
  Object.assign(status, { desiredReplicas, currentMetrics });
}

/** setConditionInList */
function setCondition(
  { status, cx }: Sync,
  type: string,
  value: 'True' | 'False',
  { reason, message }: { reason: string; message: string },
): void {
  const conditions: Obj[] = status.conditions ?? [];
  const old = conditions.find((condition) => condition.type === type);
  const lastTransitionTime = old?.status === value ? old.lastTransitionTime : rfc3339(cx.now);
  const next = { type, status: value, lastTransitionTime, reason, message };
  status.conditions = old ? conditions.map((condition) => (condition === old ? next : condition)) : [...conditions, next];
}

const warn = ({ reports, hpa }: Sync, reason: string, message: string): void => {
  reports.push(eventFor(COMPONENT, hpa, 'Warning', reason, message));
};

/** The write of the status with what is to be said, if it changed. */
function writeStatus({ hpa, status, reports }: Sync): Action[] {
  const before: Obj = hpa.status ?? {};
  if (
    equal(
      { ...before, currentMetrics: before.currentMetrics ?? null, desiredReplicas: before.desiredReplicas ?? 0 },
      { currentMetrics: null, desiredReplicas: 0, ...status },
    )
  )
    return [];
  return [...reports, { verb: 'update', resource: HPAS, subresource: 'status', object: { ...hpa, status } }];
}
