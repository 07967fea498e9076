import { podCondition } from '../../api/core/pod/conditions.ts';
import { milli, quantity } from '../../api/machinery/quantity.ts';
import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { MetricError, type PodMetric, type PodMetrics } from './source.ts';

/** How long after its start a pod's use of cpu may be that of its start (--horizontal-pod-autoscaler-cpu-initialization-period). */
export const CPU_INITIALIZATION_MS = 300_000;
/** A pod that is unready and last changed that so soon after its start has never been ready (...-initial-readiness-delay). */
const INITIAL_READINESS_MS = 30_000;
const INT32_MAX = 2 ** 31 - 1;
const INT64_MAX = Number(2n ** 63n - 1n);

/** By how much use may differ from its target before the size follows, as parts of it. */
export interface Tolerances {
  down: number;
  up: number;
}

/** Replicas that a metric asks for, and what is shown of it: a percentage, and a value in thousandths. */
export interface Proposal {
  replicas: number;
  usage: number;
  utilization?: number;
}

/** What every calculation starts from. */
export interface Given {
  pods: readonly KubeObject[];
  /** The size now. */
  replicas: number;
  tolerances: Tolerances;
  now: number;
}

const isWithin = ({ down, up }: Tolerances, ratio: number): boolean => 1 - down <= ratio && ratio <= 1 + up;

interface Ratio {
  ratio: number;
  usage: number;
  utilization?: number;
}

/** By utilization: a percentage of what the pods request (GetResourceReplicas). */
export function byUtilization(
  given: Given,
  metrics: PodMetrics,
  asked: { target: number; resource: string; container: string },
): Proposal {
  const { target, resource, container } = asked;
  let requests = new Map<string, number>();
  return replicasFor(given, metrics, {
    resource,
    prepare: () => {
      requests = new Map(given.pods.map((pod) => [pod.metadata.name, requestOf(pod, resource, container)]));
    },
    ratioOf: (current) => utilization(current, requests, target),
    // On the way down, a pod without metrics uses all that it requests, or the target if that is more.
    fallback: (name) => Math.trunc(((requests.get(name) ?? 0) * Math.max(100, target)) / 100),
  });
}

/** By a mean value in thousandths (calcPlainMetricReplicas). */
export function byValue(given: Given, metrics: PodMetrics, target: number, resource = ''): Proposal {
  return replicasFor(given, metrics, {
    resource,
    ratioOf: (current) => {
      const usage = Math.trunc(sumOf(current) / current.size);
      return { ratio: usage / target, usage };
    },
    fallback: () => target,
  });
}

interface Method {
  resource: string;
  prepare?(): void;
  ratioOf(metrics: PodMetrics): Ratio;
  /** The use of a pod without metrics when the size would shrink. */
  fallback(pod: string): number;
}

/** The replicas by which the ratio becomes 1; pods that are unready or have no metrics never make the size change more, or the other way. */
function replicasFor({ pods, replicas, tolerances, now }: Given, all: PodMetrics, method: Method): Proposal {
  if (!pods.length) throw new MetricError('no pods returned by selector while calculating replica count');
  const { ready, unready, missing, ignored } = groupPods(pods, all, method.resource, now);
  const metrics: PodMetrics = new Map(all);
  for (const name of [...ignored, ...unready]) metrics.delete(name);
  if (!metrics.size) throw new MetricError('did not receive metrics for targeted pods (pods might be unready)');
  method.prepare?.();
  const { ratio, ...shown } = method.ratioOf(metrics);
  const isUnreadyUp = unready.length > 0 && ratio > 1;
  if (!isUnreadyUp && !missing.length) {
    return { ...shown, replicas: isWithin(tolerances, ratio) ? replicas : Math.ceil(ratio * ready) };
  }
  if (ratio < 1) for (const name of missing) metrics.set(name, unmeasured(method.fallback(name)));
  else if (ratio > 1) for (const name of missing) metrics.set(name, unmeasured(0));
  if (isUnreadyUp) for (const name of unready) metrics.set(name, unmeasured(0));
  const again = method.ratioOf(metrics).ratio;
  const isTurned = (ratio < 1 && again > 1) || (ratio > 1 && again < 1);
  const wanted = Math.ceil(again * metrics.size);
  const isAgainst = (again < 1 && wanted > replicas) || (again > 1 && wanted < replicas);
  return { ...shown, replicas: isWithin(tolerances, again) || isTurned || isAgainst ? replicas : wanted };
}

const unmeasured = (value: number): PodMetric => ({ timestamp: 0, windowMs: 0, value });
const sumOf = (metrics: PodMetrics): number => [...metrics.values()].reduce((sum, { value }) => sum + value, 0);

/** GetResourceUtilizationRatio. */
function utilization(metrics: PodMetrics, requests: ReadonlyMap<string, number>, target: number): Ratio {
  let [used, requested, count] = [0, 0, 0];
  for (const [name, { value }] of metrics) {
    const request = requests.get(name);
    if (request === undefined) continue;
    used += value;
    requested += request;
    count++;
  }
  if (requested === 0) throw new MetricError('no metrics returned matched known pods');
  const percent = Math.trunc((used * 100) / requested);
  return { ratio: percent / target, utilization: percent, usage: Math.trunc(used / count) };
}

interface Groups {
  ready: number;
  unready: string[];
  missing: string[];
  ignored: string[];
}

/** groupPods: whose metrics count, whose are not believed, whose are not there, and who does not count at all. */
export function groupPods(pods: readonly KubeObject[], metrics: PodMetrics, resource: string, now: number): Groups {
  const groups: Groups = { ready: 0, unready: [], missing: [], ignored: [] };
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const phase = pod.status?.phase;
    const metric = metrics.get(name);
    if (deletionTimestamp !== undefined || phase === 'Failed') groups.ignored.push(name);
    else if (phase === 'Pending') groups.unready.push(name);
    else if (!metric) groups.missing.push(name);
    else if (resource === 'cpu' && isUnready(pod, metric, now)) groups.unready.push(name);
    else groups.ready++;
  }
  return groups;
}

/** Whether the pod's use of cpu is that of its start, or of one that was never ready. */
function isUnready(pod: KubeObject, { timestamp, windowMs }: PodMetric, now: number): boolean {
  const condition = podCondition(pod, 'Ready');
  const startTime = pod.status?.startTime;
  if (!condition || startTime === undefined) return true;
  const started = parseTime(startTime);
  const changed = parseTime(condition.lastTransitionTime ?? '');
  const isFalse = condition.status === 'False';
  if (started + CPU_INITIALIZATION_MS > now) return isFalse || timestamp < changed + windowMs;
  return isFalse && started + INITIAL_READINESS_MS > changed;
}

/** What a pod requests, in thousandths (calculateRequests). */
function requestOf({ metadata, spec }: KubeObject, resource: string, container: string): number {
  const ofPod: Obj = spec?.resources?.requests ?? {};
  const sidecars = ((spec?.initContainers ?? []) as Obj[]).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const containers: Obj[] = [...(spec?.containers ?? []), ...sidecars];
  if (!container && Object.keys(ofPod).length) {
    const parts = containers.map((one) => one.resources?.requests?.[resource]);
    const texts: (string | undefined)[] = ofPod[resource] === undefined ? parts : [ofPod[resource]];
    if (texts.every((text) => text === undefined))
      throw new MetricError(`missing pod-level request for ${resource} in Pod ${metadata.name}`);
    return [...texts, spec?.overhead?.[resource]].reduce((sum: number, text) => sum + milli(quantity(text)), 0);
  }
  const counted = container ? containers.filter(({ name }) => name === container) : containers;
  if (container && !counted.length) throw new MetricError(`container ${container} not found in Pod ${metadata.name}`);
  return counted.reduce((sum, one) => {
    const request = one.resources?.requests?.[resource];
    if (request === undefined)
      throw new MetricError(`missing request for ${resource} in container ${one.name} of Pod ${metadata.name}`);
    return sum + milli(quantity(request));
  }, 0);
}

/** By one value that stands for all pods together (getUsageRatioReplicaCount); `usage` and `target` in thousandths. */
export function byTotal({ pods, replicas, tolerances }: Given, usage: number, target: number): Proposal {
  const ratio = usage / target;
  if (replicas === 0) return { usage, replicas: Math.ceil(ratio) };
  if (isWithin(tolerances, ratio)) return { usage, replicas };
  if (!pods.length) {
    throw new MetricError('unable to calculate ready pods: no pods returned by selector while calculating replica count');
  }
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && podCondition(pod, 'Ready')?.status === 'True').length;
  return { usage, replicas: Math.min(INT32_MAX, Math.ceil(ratio * ready)) };
}

/** By one value that is to be divided among the pods (GetObjectPerPodMetricReplicas, GetExternalPerPodMetricReplicas). */
export function byShare(
  { replicas, tolerances }: Pick<Given, 'replicas' | 'tolerances'>,
  total: number,
  target: number,
): Proposal {
  const isEnough = isWithin(tolerances, total / (target * replicas));
  const wanted = isEnough ? replicas : Math.min(INT32_MAX, Math.ceil(total / target));
  const usage = total >= INT64_MAX ? INT64_MAX : Math.ceil(total / replicas);
  // Of no pods there is no mean; Go's conversion of it is undefined.
  return { replicas: wanted, usage: Number.isFinite(usage) ? usage : 0 };
}

/** The sum of values, as far as an int64 goes. */
export const total = (values: readonly number[]): number =>
  Math.min(
    INT64_MAX,
    values.reduce((sum, value) => sum + value, 0),
  );
