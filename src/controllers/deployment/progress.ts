import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { findCondition, putCondition, withoutCondition } from '../shared/conditions.ts';
import { allSets, condition, type Rollout, recordEvent, setProgressing } from './rollout.ts';
import { progressDeadline } from './spec.ts';
import { isComplete, statusOf } from './status.ts';

const TIMED_OUT = 'ProgressDeadlineExceeded';
const AVAILABLE = 'NewReplicaSetAvailable';
const PAUSED = 'DeploymentPaused';

/**
 * Records pausing and resuming as conditions, so that paused time does not count against the deadline (checkPausedConditions).
 */
export function checkPaused(r: Rollout): void {
  if (progressDeadline(r.d) === undefined) return;
  const reason = findCondition(r.d.status?.conditions, 'Progressing')?.reason;
  if (reason === TIMED_OUT) return;
  if (r.d.spec?.paused && reason !== PAUSED) setProgressing(r, 'Unknown', PAUSED, 'Deployment is paused');
  if (!r.d.spec?.paused && reason === PAUSED) setProgressing(r, 'Unknown', 'DeploymentResumed', 'Deployment is resumed');
}

/** The status of a rollout under way: counts, Progressing, ReplicaFailure (syncRolloutStatus). */
export function rolloutStatus(r: Rollout): Obj {
  const status = statusOf(r);
  const watched = progressDeadline(r.d) !== undefined;
  const current = findCondition(r.d.status?.conditions, 'Progressing');
  if (!watched) status.conditions = withoutCondition(status.conditions, 'Progressing');
  const isDone = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === AVAILABLE;
  if (watched && !isDone) status.conditions = progress(r, status, current);
  const failure = replicaFailure(r);
  status.conditions = failure ? putCondition(status.conditions, failure) : withoutCondition(status.conditions, 'ReplicaFailure');
  return status;
}

function progress(r: Rollout, status: Obj, current: Obj | undefined): Obj[] {
  const what = r.fresh ? `ReplicaSet "${r.fresh.set.metadata.name}"` : `Deployment "${r.d.metadata.name}"`;
  if (isComplete(r.d, status)) {
    return putCondition(
      status.conditions,
      condition('Progressing', 'True', AVAILABLE, `${what} has successfully progressed.`, r.now),
    );
  }
  if (hasProgressed(r.d.status ?? {}, status)) {
    const next = condition('Progressing', 'True', 'ReplicaSetUpdated', `${what} is progressing.`, r.now);
    if (current?.status === 'True') next.lastTransitionTime = current.lastTransitionTime;
    return [...withoutCondition(status.conditions, 'Progressing'), next];
  }
  if (hasTimedOut(r, findCondition(status.conditions, 'Progressing'))) {
    return putCondition(
      status.conditions,
      condition('Progressing', 'False', TIMED_OUT, `${what} has timed out progressing.`, r.now),
    );
  }
  return status.conditions;
}

/** DeploymentProgressing. */
function hasProgressed(before: Obj, after: Obj): boolean {
  const n = (status: Obj, field: string): number => status[field] ?? 0;
  const old = (status: Obj) => n(status, 'replicas') - n(status, 'updatedReplicas');
  return (
    n(after, 'updatedReplicas') > n(before, 'updatedReplicas') ||
    old(after) < old(before) ||
    n(after, 'readyReplicas') > n(before, 'readyReplicas') ||
    n(after, 'availableReplicas') > n(before, 'availableReplicas')
  );
}

/** DeploymentTimedOut. */
function hasTimedOut(r: Rollout, current: Obj | undefined): boolean {
  if (!current || current.reason === AVAILABLE) return false;
  if (current.reason === TIMED_OUT) return true;
  return parseTime(current.lastUpdateTime ?? '') + (progressDeadline(r.d) ?? 0) * 1000 < r.now;
}

/** The failure of the new set, else of any (getReplicaFailures). */
function replicaFailure(r: Rollout): Obj | undefined {
  const sets = r.fresh ? [r.fresh.set, ...allSets(r)] : allSets(r);
  for (const set of sets) {
    const c = findCondition(set.status?.conditions, 'ReplicaFailure');
    if (!c) continue;
    const at = c.lastTransitionTime;
    return { type: c.type, status: c.status, lastUpdateTime: at, lastTransitionTime: at, reason: c.reason, message: c.message };
  }
  return undefined;
}

/** The time at which a stuck rollout is checked again: a second after its deadline (requeueStuckDeployment). */
export function nextCheck(d: KubeObject, status: Obj): number | undefined {
  const deadline = progressDeadline(d);
  const current = findCondition(status.conditions, 'Progressing');
  if (deadline === undefined || !current?.lastUpdateTime || isComplete(d, status)) return undefined;
  if (current.reason === TIMED_OUT || current.reason === AVAILABLE) return undefined;
  return parseTime(current.lastUpdateTime) + deadline * 1000 + 1000;
}

/** Reports a failed creation of a ReplicaSet: FailedRSCreateReason as condition and Event. */
export function reportCreateFailure(r: Rollout, set: string, error: string): void {
  const message = `Failed to create new replica set "${set}": ${error}`;
  if (progressDeadline(r.d) !== undefined) setProgressing(r, 'False', 'ReplicaSetCreateError', message);
  recordEvent(r, 'Warning', 'ReplicaSetCreateError', message);
}
