import { equal, type KubeObject } from '../../lib/json.ts';
import { type Action, byObject, type Controller, type Key, type Plan, type ReconcileCx } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { eventFor } from '../shared/events.ts';
import { JOBS } from '../shared/jobs.ts';
import { managerKeys } from '../shared/owners.ts';
import { start } from './start.ts';
import { COMPONENT, observe, statusOf, takeEnded, takeStarted, trimHistory } from './sync.ts';

const CRON_JOBS = 'batch/cronjobs';

/** Makes Jobs by schedules (pkg/controller/cronjob). */
export const cronJobController: Controller = {
  name: 'cronjob',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:cronjob-controller',
  watches: [byObject(CRON_JOBS), { resource: JOBS, keys: (change) => managerKeys(change, 'CronJob', 'batch') }],
  reconcile: (key, view, cx) => {
    const cron = view.get(CRON_JOBS, key.namespace, key.name);
    return cron ? sync(cron, view, cx) : { actions: [] };
  },
  refused,
};

/** syncCronJob. The status is written before a Job is created: a refused creation ends the plan. */
function sync(cron: KubeObject, view: View, cx: ReconcileCx): Plan {
  const s = observe(cron, view, cx);
  takeStarted(s);
  trimHistory(s);
  takeEnded(s);
  const requeueAt = cron.metadata.deletionTimestamp ? undefined : start(s);
  const status = statusOf(s);
  const isChanged = !equal(cron.status ?? {}, status);
  const write: Action = { verb: 'update', resource: CRON_JOBS, subresource: 'status', object: { ...cron, status } };
  return { actions: [...s.actions, ...(isChanged ? [write] : []), ...s.creation], requeueAt };
}

function refused(key: Key, action: Action, error: { message: string }, view: View): Plan {
  const cron = view.get(CRON_JOBS, key.namespace, key.name);
  if (!cron || (action.verb !== 'create' && action.verb !== 'delete')) return { actions: [] };
  const [reason, what] = action.verb === 'create' ? ['FailedCreate', 'Error creating job'] : ['FailedDelete', 'Deleted job'];
  return { actions: [eventFor(COMPONENT, cron, 'Warning', reason, `${what}: ${error.message}`)] };
}
