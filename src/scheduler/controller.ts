import { SCHEDULER_BATCH_PODS } from './limits.ts';
import type { Action, Controller, Key, Plan, ReconcileCx } from '../reconcile/plan.ts';
import type { Change, View } from '../registry/view.ts';
import { clusterEvents, isPending, VOLUME_RESOURCES } from './events.ts';
import { BINDING, bind, fail, nominate, refusal } from './plan.ts';
import { podInfo } from './pod-info.ts';
import { schedule } from './schedule.ts';
import { snapshotOf } from './snapshot.ts';

/** The only key: the queue of all waiting pods, so that the most important is tried first (SPEC SCH1). */
const QUEUE: Key[] = [{ namespace: '', name: 'queue' }];
const NOBODY: Key[] = [];

/** The scheduler: the default profile of kube-scheduler as one pure function over the queue (SPEC.md). */
export const scheduler: Controller = {
  name: 'scheduler',
  manager: 'kube-scheduler',
  user: 'system:kube-scheduler',
  watches: [
    { resource: 'pods', keys: (change) => (concerns(change) ? QUEUE : NOBODY) },
    { resource: 'nodes', keys: (change) => (clusterEvents(change).length ? QUEUE : NOBODY) },
    ...VOLUME_RESOURCES.map((resource) => ({ resource, keys: () => QUEUE })),
  ],
  reconcile,
  refused,
};

/** Whether a change is of a waiting pod, or may make a waiting pod schedulable. */
const concerns = (change: Change): boolean =>
  (change.type !== 'DELETED' && isPending(change.object)) || clusterEvents(change).length > 0;

function reconcile(_key: Key, view: View, { now, random, maxWrites }: ReconcileCx): Plan {
  const snapshot = snapshotOf(view);
  const actions: Action[] = [];
  let decided = 0;
  for (const waiting of snapshot.queue()) {
    if (decided >= Math.min(maxWrites, SCHEDULER_BATCH_PODS)) break;
    const { info } = waiting;
    const { node, verdict, before } = schedule(info, snapshot, view, random);
    if (node && before) {
      const some = [...nominate(info, node.name), ...before].slice(0, maxWrites - decided);
      actions.push(...some);
      snapshot.assume(info, node);
      decided += some.length;
      continue;
    }
    if (node) {
      actions.push(...bind(info, node.name));
      snapshot.assume(info, node);
      decided++;
      continue;
    }
    const failure = fail(info, verdict, snapshot, view, now);
    actions.push(...failure.actions);
    if (failure.actions.length) decided++;
    waiting.failed = failure;
  }
  return { actions };
}

/** Plan after a refused write: the pod's condition has the error; the queue is tried again with back-off (SPEC SCH7). */
function refused(_key: Key, action: Action, error: { message: string }, view: View, { now }: ReconcileCx): Plan {
  if (action.verb !== 'create' || action.subresource !== BINDING) return { actions: [] };
  const { namespace, name } = action.object.metadata;
  const pod = view.get('pods', namespace, name);
  return { actions: pod && isPending(pod) ? refusal(podInfo(pod), error.message, now) : [] };
}
