import type { KubeObject, Obj } from '../../lib/json.ts';
import { rfc3339, parseTime } from '../../api/machinery/time.ts';
import type { ReconcileCx } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { findCondition } from '../shared/conditions.ts';
import { isControlledBy } from '../shared/owners.ts';
import { isActive, isTerminating } from '../shared/pods.ts';
import { selectorMatcher } from '../shared/selector.ts';
import { type Intervals, includes, parseIndexes, total, withIndexes } from './indexes.ts';
import {
  allIndexFailures,
  completionIndex,
  countReady,
  finishedAt,
  indexFailures,
  isFailed,
  isIndexed,
  isSuspended,
  isTracked,
  limitsEachIndex,
} from './pods.ts';
import { failureVerdict, metSuccessRule } from './policies.ts';

/** One sync of a Job: what is there, and what it comes to (syncJobCtx). */
export interface JobSync {
  readonly job: KubeObject;
  readonly now: number;
  readonly cx: ReconcileCx;
  /** Pods of the Job that match its selector, and those that do no longer. */
  readonly pods: readonly KubeObject[];
  readonly unmatched: readonly KubeObject[];
  readonly active: readonly KubeObject[];
  /** Pods that ended and are not counted yet. */
  readonly newlySucceeded: readonly KubeObject[];
  readonly newlyFailed: readonly KubeObject[];
  /** Indexes that had succeeded before this sync, those that have now, and those that failed. Absent: the Job is not Indexed, or does not limit each index. */
  readonly indexesBefore: Intervals;
  readonly indexes: Intervals;
  readonly failedIndexes: Intervals | undefined;
  /** Failed pods that stay until their index has another pod, which takes over their count of failures. */
  readonly replaced: ReadonlyMap<number, KubeObject>;
  readonly succeeded: number;
  readonly failed: number;
  /** What the status says at the end. */
  readonly status: Obj;
  activeCount: number;
  ready: number;
  terminating: number;
  /** The condition that the Job is about to end with. */
  ending: Obj | undefined;
  requeueAt: number | undefined;
  /** Pods that the plan may still write. */
  left: number;
}

export function conditionOf(type: string, reason: string, message: string, now: number, status = 'True'): Obj {
  const at = rfc3339(now);
  return { type, status, lastProbeTime: at, lastTransitionTime: at, reason, message };
}

const isTrue = (status: Obj, type: string): boolean => findCondition(status.conditions, type)?.status === 'True';

/** Whether the Job is Complete or Failed. */
export const isFinished = ({ status = {} }: KubeObject): boolean => isTrue(status, 'Complete') || isTrue(status, 'Failed');

/** Looks at a Job and its pods. */
export function observe(job: KubeObject, view: View, cx: ReconcileCx): JobSync {
  const owned = view.ownedBy(job.metadata.uid, 'pods').filter((pod) => isControlledBy(pod, job));
  const match = selectorMatcher(job.spec.selector);
  const pods = owned.filter((pod) => match(pod.metadata.labels));
  const status: Obj = { ...job.status };
  const waiting: Obj = status.uncountedTerminatedPods ?? {};
  const [waitingSucceeded, waitingFailed] = [new Set<string>(waiting.succeeded ?? []), new Set<string>(waiting.failed ?? [])];
  const { completions } = job.spec;
  const hasPlace = (pod: KubeObject) => !isIndexed(job) || (completionIndex(pod) ?? completions) < completions;
  const tracked = pods.filter((pod) => isTracked(pod) && hasPlace(pod));
  const newlySucceeded = tracked.filter((pod) => pod.status?.phase === 'Succeeded' && !waitingSucceeded.has(pod.metadata.uid));
  const newlyFailed = tracked.filter((pod) => isFailed(pod, job) && !waitingFailed.has(pod.metadata.uid));
  const indexesBefore = isIndexed(job) ? parseIndexes(status.completedIndexes, completions) : [];
  const indexes = isIndexed(job)
    ? withIndexes(
        indexesBefore,
        tracked.filter((pod) => pod.status?.phase === 'Succeeded').map((pod) => completionIndex(pod) ?? 0),
      )
    : [];
  const failedIndexes = limitsEachIndex(job) ? failedIndexesOf(job, tracked) : undefined;
  const active = pods.filter(isActive);
  const counted = newlyFailed.filter((pod) => failureVerdict(job.spec.podFailurePolicy, pod).counts).length;
  return {
    job,
    now: cx.now,
    cx,
    pods,
    unmatched: job.metadata.deletionTimestamp ? [] : owned.filter((pod) => !match(pod.metadata.labels)),
    active,
    newlySucceeded,
    newlyFailed,
    indexesBefore,
    indexes,
    failedIndexes,
    replaced: failedIndexes ? replacedPods(job, tracked, active, indexes, failedIndexes) : new Map(),
    succeeded: isIndexed(job) ? total(indexes) : (status.succeeded ?? 0) + newlySucceeded.length + waitingSucceeded.size,
    failed: (status.failed ?? 0) + counted + waitingFailed.size,
    status,
    activeCount: active.length,
    ready: countReady(active),
    terminating: pods.filter(isTerminating).length,
    ending: undefined,
    requeueAt: undefined,
    left: cx.maxWrites,
  };
}

/** calculateFailedIndexes. */
function failedIndexesOf(job: KubeObject, tracked: readonly KubeObject[]): Intervals {
  const { podFailurePolicy, backoffLimitPerIndex, completions } = job.spec;
  const failed = tracked.filter((pod) => {
    if (!isFailed(pod, job)) return false;
    const { action, counts } = failureVerdict(podFailurePolicy, pod);
    return action === 'FailIndex' || (counts && indexFailures(pod) >= backoffLimitPerIndex);
  });
  return withIndexes(
    parseIndexes(job.status?.failedIndexes, completions),
    failed.map((pod) => completionIndex(pod) ?? 0),
  );
}

/** getPodsWithDelayedDeletionPerIndex. */
function replacedPods(
  job: KubeObject,
  tracked: readonly KubeObject[],
  active: readonly KubeObject[],
  succeeded: Intervals,
  failed: Intervals,
): Map<number, KubeObject> {
  const running = new Set(active.map(completionIndex));
  const found = new Map<number, KubeObject>();
  for (const pod of tracked.filter((one) => isFailed(one, job))) {
    const index = completionIndex(pod) ?? 0;
    if (includes(succeeded, index) || includes(failed, index) || running.has(index)) continue;
    const known = found.get(index);
    const isLater = !known || (allIndexFailures(known) <= allIndexFailures(pod) && finishedAt(pod) >= finishedAt(known));
    if (isLater) found.set(index, pod);
  }
  return found;
}

/** Decides how the Job ends, if it does: an ending of before first, then failure, then success (syncJob). */
export function judge(s: JobSync): void {
  const { status, job, now } = s;
  if (isTrue(status, 'SuccessCriteriaMet')) s.ending = findCondition(status.conditions, 'SuccessCriteriaMet');
  s.ending ??= failureOfBefore(s) ?? failureOfPolicy(s) ?? failureOfLimits(s) ?? failureOfIndexes(s);
  if (s.ending || !isIndexed(job)) return;
  const met = metSuccessRule(job.spec.successPolicy, job.spec.completions, s.indexes);
  if (met !== undefined) s.ending = conditionOf('SuccessCriteriaMet', 'SuccessPolicy', met, now);
}

function failureOfBefore({ status, now }: JobSync): Obj | undefined {
  if (!isTrue(status, 'FailureTarget')) return undefined;
  const { reason, message } = findCondition(status.conditions, 'FailureTarget') as Obj;
  return conditionOf('Failed', reason, message, now);
}

function failureOfPolicy({ job, pods, now }: JobSync): Obj | undefined {
  const { podFailurePolicy } = job.spec;
  if (!podFailurePolicy) return undefined;
  for (const pod of pods) {
    const { message } = isFailed(pod, job) ? failureVerdict(podFailurePolicy, pod) : {};
    if (message) return conditionOf('FailureTarget', 'PodFailurePolicy', message, now);
  }
  return undefined;
}

function failureOfLimits(s: JobSync): Obj | undefined {
  const { job, failed, now, status } = s;
  const { backoffLimit, activeDeadlineSeconds } = job.spec;
  if (failed > backoffLimit || restartsReach(s, backoffLimit)) {
    return conditionOf('FailureTarget', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit', now);
  }
  if (activeDeadlineSeconds === undefined || isSuspended(job) || !status.startTime) return undefined;
  const end = parseTime(status.startTime) + Number(activeDeadlineSeconds) * 1000;
  if (end <= now) return conditionOf('FailureTarget', 'DeadlineExceeded', 'Job was active longer than specified deadline', now);
  s.requeueAt = end;
  return undefined;
}

/** Whether containers that the kubelet restarts did so too often (pastBackoffLimitOnFailure). */
function restartsReach({ job, pods }: JobSync, limit: number): boolean {
  if (job.spec.template.spec.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const { status = {} } of pods) {
    if (status.phase !== 'Running' && status.phase !== 'Pending') continue;
    for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
      restarts += container.restartCount ?? 0;
    }
  }
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

function failureOfIndexes({ job, failedIndexes, indexes, now }: JobSync): Obj | undefined {
  const failed = total(failedIndexes ?? []);
  const { maxFailedIndexes, completions } = job.spec;
  if (maxFailedIndexes !== undefined && failed > maxFailedIndexes) {
    const message = 'Job has exceeded the specified maximal number of failed indexes';
    return conditionOf('FailureTarget', 'MaxFailedIndexesExceeded', message, now);
  }
  const isOver = failed > 0 && failed + total(indexes) >= completions;
  return isOver ? conditionOf('FailureTarget', 'FailedIndexes', 'Job has failed indexes', now) : undefined;
}
