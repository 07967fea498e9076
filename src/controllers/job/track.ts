import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { isPodReady } from '../../api/core/pod/conditions.ts';
import type { Action } from '../../reconcile/plan.ts';
import { eventFor } from '../shared/events.ts';
import { findCondition, withoutCondition } from '../shared/conditions.ts';
import { deletion } from '../shared/objects.ts';
import { formatIndexes, includes, total, withIndexes } from './indexes.ts';
import { COMPONENT, deleted, untracked } from './manage.ts';
import { completionIndex, isFailed, isIndexed, isTracked } from './pods.ts';
import { failureVerdict } from './policies.ts';
import { conditionOf, type JobSync } from './sync.ts';

/** Sets a condition, if it says something else than before; a False one only where there was one (ensureJobConditionStatus). */
export function ensureCondition(status: Obj, condition: Obj): boolean {
  const old = findCondition(status.conditions, condition.type);
  if (!old && condition.status === 'False') return false;
  if (old && old.status === condition.status && old.reason === condition.reason && old.message === condition.message)
    return false;
  const conditions: Obj[] = status.conditions ?? [];
  status.conditions = old
    ? conditions.map((one) => (one === old ? condition : one))
    : [...withoutCondition(conditions, condition.type), condition];
  return true;
}

/** Deletes the active pods of a Job that ends; they keep their finalizer until they are counted (deleteActivePods). */
export function stopActive(s: JobSync): { pods: readonly KubeObject[]; events: Action[] } {
  const pods = s.active.slice(0, s.left);
  s.left -= pods.length;
  s.activeCount -= pods.length;
  s.terminating += pods.length;
  s.ready -= pods.filter(isPodReady).length;
  // What is left is stopped by the next sync, and the Job ends no sooner.
  if (pods.length < s.active.length) {
    s.ending = undefined;
    s.requeueAt = s.now;
  }
  return { pods, events: pods.map((pod) => deleted(s.job, pod)) };
}

/** Whether a pod need not wait any longer to be counted (canRemoveFinalizer). */
function isToCount(s: JobSync, pod: KubeObject, failed: boolean): boolean {
  if (s.job.metadata.deletionTimestamp || s.ending || pod.status?.phase === 'Succeeded') return true;
  const index = completionIndex(pod);
  return failed && !(index !== undefined && s.replaced.get(index)?.metadata.uid === pod.metadata.uid);
}

/**
 * Counts the pods that ended, takes away their finalizers, and ends the Job once nothing of it runs (trackJobStatusAndRemoveFinalizers). Upstream
 * writes down whom it is about to count (uncountedTerminatedPods), for its writes are not one; here they are one transaction, and each pod is
 * counted with the removal of its finalizer.
 */
export function track(s: JobSync, stopped: readonly KubeObject[], handled: ReadonlySet<string>): Action[] {
  const { job, status } = s;
  const waiting: Obj = status.uncountedTerminatedPods ?? {};
  const [doneBefore, failedBefore] = [new Set<string>(waiting.succeeded ?? []), new Set<string>(waiting.failed ?? [])];
  const counted = { succeeded: doneBefore.size, failed: failedBefore.size };
  const indexes = new Set<number>();
  const isStopped = new Set(stopped.map((pod) => pod.metadata.uid));
  const actions: Action[] = [];
  let isWhole = true;
  for (const pod of isIndexed(job)
    ? [...s.pods].sort((a, b) => (completionIndex(a) ?? -1) - (completionIndex(b) ?? -1))
    : s.pods) {
    const { uid } = pod.metadata;
    const failed = isFailed(pod, job);
    if (!isTracked(pod) || handled.has(uid) || !isToCount(s, pod, failed)) continue;
    if (s.left === 0 && !isStopped.has(uid)) {
      isWhole = false;
      s.requeueAt = s.now;
      break;
    }
    if (!isStopped.has(uid)) s.left--;
    actions.push(untracked(pod));
    if (isStopped.has(uid)) actions.push(deletion('pods', pod));
    isStopped.delete(uid);
    const index = completionIndex(pod);
    const hasPlace = !isIndexed(job) || (index !== undefined && index < job.spec.completions);
    if (pod.status?.phase === 'Succeeded' && !failedBefore.has(uid)) {
      if (isIndexed(job) && hasPlace) indexes.add(index as number);
      else if (!isIndexed(job) && !doneBefore.has(uid)) counted.succeeded++;
    } else if ((failed || (s.ending && s.ending.type !== 'SuccessCriteriaMet')) && !failedBefore.has(uid) && hasPlace) {
      if (failureVerdict(job.spec.podFailurePolicy, pod).counts) counted.failed++;
    }
  }
  for (const pod of stopped) if (isStopped.has(pod.metadata.uid)) actions.push(deletion('pods', pod));
  writeCounters(s, counted, indexes);
  markEnding(s);
  const events = isWhole ? end(s) : [];
  return [...actions, ...writeStatus(s), ...events];
}

function writeCounters(s: JobSync, counted: { succeeded: number; failed: number }, indexes: ReadonlySet<number>): void {
  const { job, status } = s;
  const failed = (status.failed ?? 0) + counted.failed;
  if (failed) status.failed = failed;
  if (isIndexed(job)) {
    const done = withIndexes(
      s.indexesBefore,
      [...indexes].filter((index) => !includes(s.indexesBefore, index)),
    );
    if (done.length) status.completedIndexes = formatIndexes(done);
    else delete status.completedIndexes;
    setCount(status, 'succeeded', total(done));
    if (s.failedIndexes) status.failedIndexes = formatIndexes(s.failedIndexes);
  } else setCount(status, 'succeeded', (status.succeeded ?? 0) + counted.succeeded);
  status.uncountedTerminatedPods = {};
}

function setCount(status: Obj, field: string, count: number): void {
  if (count) status[field] = count;
  else delete status[field];
}

/** Writes the interim condition of an ending, and turns it into the final one. */
function markEnding(s: JobSync): void {
  const { ending, status, now } = s;
  if (ending?.type !== 'FailureTarget' && ending?.type !== 'SuccessCriteriaMet') return;
  if (!findCondition(status.conditions, ending.type)) status.conditions = [...(status.conditions ?? []), ending];
  s.ending = conditionOf(ending.type === 'FailureTarget' ? 'Failed' : 'Complete', ending.reason, ending.message, now);
}

/** Ends the Job, unless pods of it still terminate (enactJobFinished); returns the events of it. */
function end(s: JobSync): Action[] {
  const { ending, status, job } = s;
  if (!ending || s.terminating > 0) return [];
  ensureCondition(status, ending);
  if (ending.type !== 'Complete') return [eventFor(COMPONENT, job, 'Warning', ending.reason, ending.message)];
  // A clock that went back; what ends before it starts is refused.
  status.completionTime = [ending.lastTransitionTime, status.startTime ?? ''].sort()[1];
  const { completions } = job.spec;
  const tooMany = 'Too many succeeded pods running after completion count reached';
  return [
    ...(completions !== undefined && status.succeeded > completions
      ? [eventFor(COMPONENT, job, 'Warning', 'TooManySucceededPods', tooMany)]
      : []),
    eventFor(COMPONENT, job, 'Normal', 'Completed', 'Job completed'),
  ];
}

/** The write of the status, if it changed. */
export function writeStatus({ job, status, activeCount, ready, terminating }: JobSync): Action[] {
  setCount(status, 'active', activeCount);
  Object.assign(status, { ready, terminating });
  if (equal(job.status ?? {}, status)) return [];
  return [{ verb: 'update', resource: 'batch/jobs', subresource: 'status', object: { ...job, status } }];
}
