import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject } from '../../lib/json.ts';
import { byObject, type Controller } from '../../reconcile/plan.ts';
import { finishedCondition, JOBS } from '../shared/jobs.ts';
import { deletion } from '../shared/objects.ts';

/** Deletes Jobs that ended so long ago as they say (pkg/controller/ttlafterfinished). */
export const ttlAfterFinished: Controller = {
  name: 'ttl-after-finished',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:ttl-after-finished-controller',
  watches: [byObject(JOBS)],
  reconcile: (key, view, { now }) => {
    const job = view.get(JOBS, key.namespace, key.name);
    const expiry = job && expiryOf(job);
    if (!job || expiry === undefined) return { actions: [] };
    return expiry > now ? { actions: [], requeueAt: expiry } : { actions: [deletion(JOBS, job, 'Foreground')] };
  },
};

/** When the Job is to go, ms; undefined: never, or it goes already. */
function expiryOf(job: KubeObject): number | undefined {
  const { metadata, spec } = job;
  const ended = finishedCondition(job)?.lastTransitionTime;
  if (metadata.deletionTimestamp || spec?.ttlSecondsAfterFinished === undefined || !ended) return undefined;
  return parseTime(ended) + spec.ttlSecondsAfterFinished * 1000;
}
