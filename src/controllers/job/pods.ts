import { isPodReady, podCondition } from '../../api/core/pod/conditions.ts';
import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { hasFinalizer } from '../shared/objects.ts';

/** A pod of a Job keeps this finalizer until it is counted. */
export const TRACKING = 'batch.kubernetes.io/job-tracking';
export const INDEX = 'batch.kubernetes.io/job-completion-index';
export const INDEX_FAILURES = 'batch.kubernetes.io/job-index-failure-count';
export const INDEX_IGNORED_FAILURES = 'batch.kubernetes.io/job-index-ignored-failure-count';
const INT32_MAX = 2 ** 31 - 1;

export const isIndexed = (job: KubeObject): boolean => job.spec.completionMode === 'Indexed';
export const isSuspended = (job: KubeObject): boolean => job.spec.suspend === true;
export const limitsEachIndex = (job: KubeObject): boolean => job.spec.backoffLimitPerIndex !== undefined;

/** Whether a pod is replaced only once it has failed, not while it terminates (onlyReplaceFailedPods). */
export const replacesFailedOnly = (job: KubeObject): boolean =>
  job.spec.podReplacementPolicy === 'Failed' || job.spec.podFailurePolicy !== undefined;

export const isTracked = (pod: KubeObject): boolean => hasFinalizer(pod, TRACKING);

/** The index that a pod has by its annotation; undefined: it has none. */
export function completionIndex(pod: KubeObject): number | undefined {
  const text = pod.metadata.annotations?.[INDEX];
  return text !== undefined && /^\+?\d+$/.test(text) ? Number(text) : undefined;
}

/** Whether the pod counts as failed; one that is deleted before it ended does, unless only failed pods are replaced (isPodFailed). */
export function isFailed(pod: KubeObject, job: KubeObject): boolean {
  if (pod.status?.phase === 'Failed') return true;
  return !replacesFailedOnly(job) && pod.metadata.deletionTimestamp !== undefined && pod.status?.phase !== 'Succeeded';
}

function count(pod: KubeObject, annotation: string): number {
  const value = Number(pod.metadata.annotations?.[annotation] ?? 0);
  return Number.isInteger(value) && value >= 0 && value <= INT32_MAX ? value : 0;
}

/** How many pods of the same index failed before this one. */
export const indexFailures = (pod: KubeObject): number => count(pod, INDEX_FAILURES);
export const ignoredIndexFailures = (pod: KubeObject): number => count(pod, INDEX_IGNORED_FAILURES);
/** Those that the failure policy ignored included. */
export const allIndexFailures = (pod: KubeObject): number => indexFailures(pod) + ignoredIndexFailures(pod);

export const countReady = (pods: readonly KubeObject[]): number => pods.filter(isPodReady).length;

/** When the pod ended, ms: its containers, else its Ready condition, else its deletion, else its creation (getFinishedTime). */
export function finishedAt(pod: KubeObject): number {
  const ofContainers = containersFinishedAt(pod);
  if (ofContainers !== undefined) return ofContainers;
  const ready = podCondition(pod, 'Ready');
  if (ready?.status === 'False' && ready.lastTransitionTime) return parseTime(ready.lastTransitionTime);
  const { deletionTimestamp, deletionGracePeriodSeconds, creationTimestamp } = pod.metadata;
  if (deletionTimestamp) return parseTime(deletionTimestamp) - Number(deletionGracePeriodSeconds ?? 0) * 1000;
  return parseTime(creationTimestamp ?? '');
}

function containersFinishedAt({ spec, status = {} }: KubeObject): number | undefined {
  const sidecars = new Set((spec.initContainers ?? []).filter((c: Obj) => c.restartPolicy === 'Always').map((c: Obj) => c.name));
  const ended: Obj[] = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []).filter((s: Obj) => sidecars.has(s.name)),
  ];
  const times = ended.map(({ state }) => state?.terminated?.finishedAt as string | undefined);
  return times.length && times.every((time) => time) ? Math.max(...times.map((time) => parseTime(time as string))) : undefined;
}
