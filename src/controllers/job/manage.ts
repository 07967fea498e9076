import { isPodReady } from '../../api/core/pod/conditions.ts';
import { type KubeObject, type Obj, clone } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { leastActive } from '../shared/ranking.ts';
import { eventFor } from '../shared/events.ts';
import { deletion, withoutFinalizer } from '../shared/objects.ts';
import { generatedName, isTerminating, podFromTemplate } from '../shared/pods.ts';
import { backoffEnd, indexBackoffEnd, wakeAt } from './backoff.ts';
import { firstMissing, merge, withIndexes } from './indexes.ts';
import {
  completionIndex,
  ignoredIndexFailures,
  INDEX,
  INDEX_FAILURES,
  INDEX_IGNORED_FAILURES,
  indexFailures,
  isFailed,
  isIndexed,
  isSuspended,
  isTracked,
  limitsEachIndex,
  replacesFailedOnly,
  TRACKING,
} from './pods.ts';
import { failureVerdict } from './policies.ts';
import type { JobSync } from './sync.ts';

export const COMPONENT = 'job-controller';
const INDEX_ENV = 'JOB_COMPLETION_INDEX';
/** Longest prefix of a generated name (names.MaxGeneratedNameLength). */
const PREFIX_MAX = 58;

/** Keeps as many pods as the Job wants now: deletes some, or else creates some (manageJob). */
export function manage(s: JobSync, view: View): Action[] {
  if (isSuspended(s.job)) return remove(s, s.active);
  const wanted = wantedPods(s);
  const surplus = surplusPods(s, Math.max(0, s.activeCount - wanted));
  if (surplus.length) return remove(s, surplus);
  const missing = wanted - s.activeCount - (replacesFailedOnly(s.job) ? s.terminating : 0);
  return missing > 0 ? create(s, Math.min(missing, s.left), view) : [];
}

function wantedPods({ job, succeeded, activeCount }: JobSync): number {
  const { completions, parallelism } = job.spec;
  if (completions === undefined) return succeeded > 0 ? activeCount : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

/** Pods of no index or of one that another pod has, and as many more as are too many (activePodsForRemoval). */
function surplusPods({ job, active }: JobSync, atLeast: number): KubeObject[] {
  const surplus: KubeObject[] = [];
  let rest = [...active];
  if (isIndexed(job)) {
    rest = [];
    for (const [index, pods] of Map.groupBy(active, completionIndex)) {
      const isNone = index === undefined || index >= job.spec.completions;
      const removed = isNone ? pods : leastActive(pods, pods.length - 1);
      surplus.push(...removed);
      rest.push(...pods.filter((pod) => !removed.includes(pod)));
    }
  }
  const more = atLeast - surplus.length;
  return more > 0 ? [...surplus, ...leastActive(rest, more)] : surplus;
}

/** Deletes pods that are not to be counted: their finalizer goes first (deleteJobPods). */
function remove(s: JobSync, surplus: readonly KubeObject[]): Action[] {
  const pods = surplus.slice(0, s.left);
  s.left -= pods.length;
  s.activeCount -= pods.length;
  s.terminating += pods.length;
  s.ready -= pods.filter(isPodReady).length;
  return pods.flatMap((pod): Action[] => [
    ...(isTracked(pod) ? [untracked(pod)] : []),
    deletion('pods', pod),
    deleted(s.job, pod),
  ]);
}

/** The removal of the finalizer by which a pod waits to be counted. */
export const untracked = (pod: KubeObject): Action => ({
  verb: 'update',
  resource: 'pods',
  object: withoutFinalizer(pod, TRACKING),
});

export const deleted = (job: KubeObject, pod: KubeObject): Action =>
  eventFor(COMPONENT, job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);

function create(s: JobSync, count: number, view: View): Action[] {
  const { job, cx, now } = s;
  const perIndex = limitsEachIndex(job);
  const end = perIndex
    ? 0
    : backoffEnd(
        s.pods.filter((pod) => pod.status?.phase === 'Succeeded'),
        s.pods.filter((pod) => isFailed(pod, job)),
      );
  if (end > now) return wait(s, end);
  const indexes = isIndexed(job) ? missingIndexes(s, count) : undefined;
  const ends = indexes?.map((index) => indexBackoffEnd(perIndex ? s.replaced.get(index) : undefined));
  const ready = indexes?.filter((_, i) => (ends as number[])[i] <= now);
  if (ends?.length && !ready?.length)
    return wait(
      s,
      ends.reduce((a, b) => Math.min(a, b)),
    );
  const taken = new Set(view.ownedBy(job.metadata.uid, 'pods').map((pod) => pod.metadata.name));
  const model = modelPod(job);
  const places = ready ?? Array.from({ length: count }, () => undefined);
  s.activeCount += places.length;
  s.left -= places.length;
  return places.flatMap((index): Action[] => {
    const pod = clone(model);
    if (index !== undefined) place(pod, job, index, perIndex ? { before: s.replaced.get(index) } : undefined);
    pod.metadata.name = generatedName(pod.metadata.generateName ?? '', cx.random, taken);
    const message = `Created pod: ${pod.metadata.name}`;
    return [{ verb: 'create', resource: 'pods', object: pod }, eventFor(COMPONENT, job, 'Normal', 'SuccessfulCreate', message)];
  });
}

function wait(s: JobSync, end: number): Action[] {
  s.requeueAt = Math.min(s.requeueAt ?? Number.POSITIVE_INFINITY, wakeAt(end, s.now));
  return [];
}

/** firstPendingIndexes. */
function missingIndexes({ job, pods, active, indexes, failedIndexes }: JobSync, count: number): number[] {
  const held = replacesFailedOnly(job) ? [...active, ...pods.filter(isTerminating)] : active;
  const taken = withIndexes(
    indexes,
    held.map(completionIndex).filter((index) => index !== undefined),
  );
  return firstMissing(merge(taken, failedIndexes ?? []), count, job.spec.completions);
}

function modelPod(job: KubeObject): KubeObject {
  const template: Obj = job.spec.template;
  const finalizers: string[] = template.metadata?.finalizers ?? [];
  const tracked = finalizers.includes(TRACKING) ? finalizers : [...finalizers, TRACKING];
  const pod = podFromTemplate({ ...template, metadata: { ...template.metadata, finalizers: tracked } }, job);
  if (!isIndexed(job)) return pod;
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    if (container.env?.some((variable: Obj) => variable.name === INDEX_ENV)) continue;
    container.env = [
      ...(container.env ?? []),
      { name: INDEX_ENV, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } } },
    ];
  }
  return pod;
}

/** Gives a pod its index, and the count of failures of the one that it replaces. */
function place(pod: KubeObject, job: KubeObject, index: number, replaces: { before: KubeObject | undefined } | undefined): void {
  const { metadata } = pod;
  metadata.annotations = { ...metadata.annotations, [INDEX]: String(index) };
  metadata.labels = { ...metadata.labels, [INDEX]: String(index) };
  pod.spec.hostname = `${job.metadata.name}-${index}`;
  const end = `-${index}-`;
  metadata.generateName = `${job.metadata.name.slice(0, PREFIX_MAX - end.length)}${end}`;
  if (!replaces) return;
  const { before } = replaces;
  const counts = before ? failureVerdict(job.spec.podFailurePolicy, before).counts : false;
  const [failures, ignored] = before ? [indexFailures(before), ignoredIndexFailures(before)] : [0, 0];
  const ignoredNow = ignored + (before && !counts ? 1 : 0);
  metadata.annotations[INDEX_FAILURES] = String(failures + (counts ? 1 : 0));
  if (ignoredNow > 0) metadata.annotations[INDEX_IGNORED_FAILURES] = String(ignoredNow);
}
