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

/** Uids of pods that the status says are about to be counted (uncountedTerminatedPods). */
interface Uncounted {
  succeeded: Set<string>;
  failed: Set<string>;
}

/**
 * Counts the pods that ended, and ends the Job once nothing of it runs (trackJobStatusAndRemoveFinalizers). The status first says whom it is about to
 * count; then their finalizers go, and the plan that finds them gone adds them to the counters. So none is lost or counted twice, whichever write is
 * refused.
 */
export function track(s: JobSync, stopped: readonly KubeObject[], handled: ReadonlySet<string>): Action[] {
  const uncounted = settleGone(s, handled);
  const indexes = new Set<number>();
  const { actions, isWhole } = release(s, stopped, handled, uncounted, indexes);
  writeIndexes(s, indexes);
  const { succeeded, failed } = uncounted;
  s.status.uncountedTerminatedPods = {
    ...(succeeded.size && { succeeded: [...succeeded] }),
    ...(failed.size && { failed: [...failed] }),
  };
  // What the status says only now must be stored before the Job ends; the write of it brings the next sync.
  const isNews = markEnding(s) || indexes.size + succeeded.size + failed.size > 0;
  const events = isWhole && !isNews ? end(s) : [];
  return [...writeStatus(s), ...actions, ...events];
}

/** Adds those whose finalizers are gone to the counters, and returns the others (cleanUncountedPodsWithoutFinalizers). */
function settleGone({ status, pods }: JobSync, handled: ReadonlySet<string>): Uncounted {
  const uids = pods.filter(isTracked).map((pod) => pod.metadata.uid);
  const tracked = new Set(uids.filter((uid) => !handled.has(uid)));
  const settled = (list: keyof Uncounted): Set<string> => {
    const before: string[] = status.uncountedTerminatedPods?.[list] ?? [];
    const left = before.filter((uid) => tracked.has(uid));
    setCount(status, list, (status[list] ?? 0) + before.length - left.length);
    return new Set(left);
  };
  return { succeeded: settled('succeeded'), failed: settled('failed') };
}

/** Takes away the finalizers of pods that ended, and notes in `uncounted` and `indexes` whom to count. */
function release(
  s: JobSync,
  stopped: readonly KubeObject[],
  handled: ReadonlySet<string>,
  uncounted: Uncounted,
  indexes: Set<number>,
): { actions: Action[]; isWhole: boolean } {
  const { job } = s;
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
    note(s, pod, failed, uncounted, indexes);
  }
  for (const pod of stopped) if (isStopped.has(pod.metadata.uid)) actions.push(deletion('pods', pod));
  return { actions, isWhole };
}

/** Notes as what a pod counts, if it counts and is not noted yet. */
function note(s: JobSync, pod: KubeObject, failed: boolean, uncounted: Uncounted, indexes: Set<number>): void {
  const { job } = s;
  const { uid } = pod.metadata;
  const index = completionIndex(pod);
  const hasPlace = !isIndexed(job) || (index !== undefined && index < job.spec.completions);
  if (uncounted.failed.has(uid)) return;
  if (pod.status?.phase === 'Succeeded') {
    if (isIndexed(job)) {
      if (hasPlace && !includes(s.indexesBefore, index as number)) indexes.add(index as number);
    } else uncounted.succeeded.add(uid);
  } else if ((failed || (s.ending && s.ending.type !== 'SuccessCriteriaMet')) && hasPlace) {
    if (failureVerdict(job.spec.podFailurePolicy, pod).counts) uncounted.failed.add(uid);
  }
}

function writeIndexes(s: JobSync, indexes: ReadonlySet<number>): void {
  const { job, status } = s;
  if (!isIndexed(job)) return;
  const done = withIndexes(s.indexesBefore, [...indexes]);
  if (done.length) status.completedIndexes = formatIndexes(done);
  else delete status.completedIndexes;
  setCount(status, 'succeeded', total(done));
  if (s.failedIndexes) status.failedIndexes = formatIndexes(s.failedIndexes);
}

function setCount(status: Obj, field: string, count: number): void {
  if (count) status[field] = count;
  else delete status[field];
}

/** Writes the interim condition of an ending, and turns it into the final one. Returns whether the status lacked it. */
function markEnding(s: JobSync): boolean {
  const { ending, status, now } = s;
  if (ending?.type !== 'FailureTarget' && ending?.type !== 'SuccessCriteriaMet') return false;
  const isNew = !findCondition(status.conditions, ending.type);
  if (isNew) status.conditions = [...(status.conditions ?? []), ending];
  s.ending = conditionOf(ending.type === 'FailureTarget' ? 'Failed' : 'Complete', ending.reason, ending.message, now);
  return isNew;
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
