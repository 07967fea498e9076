import { rfc3339 } from '../../api/machinery/time.ts';
import type { KubeObject } from '../../lib/json.ts';
import { type Action, byObject, type Controller, type Key, type Plan, type ReconcileCx } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { adoption } from '../shared/adoption.ts';
import { eventFor } from '../shared/events.ts';
import { withoutFinalizer } from '../shared/objects.ts';
import { controllerRef, managerKeys, released } from '../shared/owners.ts';
import { selectorMatcher } from '../shared/selector.ts';
import { COMPONENT, manage, untracked } from './manage.ts';
import { isSuspended, isTracked, TRACKING } from './pods.ts';
import { conditionOf, isFinished, judge, type JobSync, observe } from './sync.ts';
import { ensureCondition, stopActive, track, writeStatus } from './track.ts';

export const JOBS = 'batch/jobs';
const USER = 'system:serviceaccount:kube-system:job-controller';
const MANAGER = 'kube-controller-manager';

/** Whether somebody else's controller is to run the Job (spec.managedBy). */
const isForeign = ({ spec }: KubeObject): boolean =>
  spec.managedBy !== undefined && spec.managedBy !== 'kubernetes.io/job-controller';

const job: Controller = {
  name: 'job',
  manager: MANAGER,
  user: USER,
  watches: [byObject(JOBS), { resource: 'pods', keys: (change) => managerKeys(change, 'Job', 'batch') }],
  reconcile: (key, view, cx) => {
    const found = view.get(JOBS, key.namespace, key.name);
    return found && !isForeign(found) && !isFinished(found) ? sync(found, view, cx) : { actions: [] };
  },
  refused,
};

/** syncJob. */
function sync(found: KubeObject, view: View, cx: ReconcileCx): Plan {
  const s = observe(found, view, cx);
  if (!s.status.startTime && !isSuspended(found)) s.status.startTime = rfc3339(cx.now);
  judge(s);
  const unmatched = s.unmatched.slice(0, s.left);
  s.left -= unmatched.length;
  const actions: Action[] = unmatched.map((pod) => ({
    verb: 'update',
    resource: 'pods',
    object: withoutFinalizer(released(pod, found), TRACKING),
  }));
  if (s.ending) {
    const { pods, events } = stopActive(s);
    actions.push(...events, ...track(s, pods, new Set()));
  } else {
    const managed = found.metadata.deletionTimestamp ? [] : manage(s, view);
    actions.push(...managed);
    if (isComplete(s))
      s.ending = conditionOf('SuccessCriteriaMet', 'CompletionsReached', 'Reached expected number of succeeded pods', s.now);
    else if (!found.metadata.deletionTimestamp) actions.push(...suspension(s));
    const handled = new Set(managed.flatMap((action) => (action.verb === 'delete' ? [action.uid ?? ''] : [])));
    actions.push(...track(s, [], handled));
  }
  return { actions, requeueAt: s.requeueAt };
}

function isComplete({ job: { spec }, succeeded, activeCount }: JobSync): boolean {
  return activeCount === 0 && (spec.completions === undefined ? succeeded > 0 : succeeded >= spec.completions);
}

/** The condition and the event of a Job that is suspended or resumed. */
function suspension({ job: found, status, now }: JobSync): Action[] {
  const suspended = isSuspended(found);
  const [value, reason, message] = suspended ? ['True', 'JobSuspended', 'Job suspended'] : ['False', 'JobResumed', 'Job resumed'];
  if (!ensureCondition(status, conditionOf('Suspended', reason, message, now, value))) return [];
  if (suspended) delete status.startTime;
  else status.startTime = rfc3339(now);
  return [eventFor(COMPONENT, found, 'Normal', suspended ? 'Suspended' : 'Resumed', message)];
}

/** Plan after a refused pod: an event, and the number of pods that there are. */
function refused(key: Key, action: Action, error: { message: string }, view: View, cx: ReconcileCx): Plan {
  const found = view.get(JOBS, key.namespace, key.name);
  if (!found || (action.verb !== 'create' && action.verb !== 'delete')) return { actions: [] };
  const s = observe(found, view, cx);
  if (!s.status.startTime && !isSuspended(found)) s.status.startTime = rfc3339(cx.now);
  s.status.uncountedTerminatedPods ??= {};
  const [reason, verb] = action.verb === 'create' ? ['FailedCreate', 'creating'] : ['FailedDelete', 'deleting'];
  return { actions: [eventFor(COMPONENT, found, 'Warning', reason, `Error ${verb}: ${error.message}`), ...writeStatus(s)] };
}

/** The Job of a pod, if it is there and still counts its pods. */
function countingJob(pod: KubeObject, view: View): KubeObject | undefined {
  const reference = controllerRef(pod);
  const found = reference?.kind === 'Job' ? view.get(JOBS, pod.metadata.namespace ?? '', reference.name) : undefined;
  if (found?.metadata.uid !== reference?.uid) return undefined;
  return found && (isForeign(found) || !isFinished(found)) ? found : undefined;
}

/** Takes the finalizer from pods that no Job will count any more (syncOrphanPod). */
const orphans: Controller = {
  name: 'job-orphans',
  manager: MANAGER,
  user: USER,
  watches: [
    {
      resource: 'pods',
      keys: ({ type, object }, view) =>
        type !== 'DELETED' && isTracked(object) && !countingJob(object, view) ? keyOf(object) : [],
    },
    { resource: JOBS, keys: abandoned },
  ],
  reconcile: (key, view) => {
    const pod = view.get('pods', key.namespace, key.name);
    return { actions: pod && isTracked(pod) && !countingJob(pod, view) ? [untracked(pod)] : [] };
  },
};

const keyOf = ({ metadata: { namespace = '', name } }: KubeObject): Key[] => [{ namespace, name }];

/** Pods of a Job that is gone or has ended. */
function abandoned({ type, object }: Change, view: View): Key[] {
  if (type !== 'DELETED' && !isFinished(object)) return [];
  return view.ownedBy(object.metadata.uid, 'pods').filter(isTracked).flatMap(keyOf);
}

/** Adoption of pods, the Jobs themselves, and pods that lost theirs (pkg/controller/job). */
export const jobController: Controller[] = [
  adoption({
    name: 'job-adoption',
    user: USER,
    owner: JOBS,
    dependent: 'pods',
    matcher: ({ spec }) => selectorMatcher(spec?.selector),
    eligible: () => true,
    fits: (owner) => !isForeign(owner) && !isFinished(owner),
    finalizer: TRACKING,
  }),
  job,
  orphans,
];
