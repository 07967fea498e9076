import type { Obj } from '../../../src/lib/json.ts';
import { anyOf, ask, merge, namespaceOf, simulated, urlOf } from '../ask.ts';
import type { World } from '../world.ts';

/** A Job that ends of itself or by its deadline. */
function jobSpec(world: World): Obj {
  return {
    backoffLimit: world.int(2),
    activeDeadlineSeconds: world.pick([20, 90]),
    ...(world.chance(0.5) && { ttlSecondsAfterFinished: world.pick([0, 5, 100]) }),
    template: {
      metadata: { labels: { tier: world.pick(['front', 'back']) }, ...simulated(world) },
      spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] },
    },
  };
}

export function createJob(world: World): void {
  const [ns, name] = [namespaceOf(world), world.fresh('job')];
  ask(world, 'POST', urlOf('batch/jobs', ns), { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: jobSpec(world) });
}

export function createCronJob(world: World): void {
  const [ns, name] = [namespaceOf(world), world.fresh('cron')];
  const spec = {
    schedule: world.pick(['* * * * *', '*/2 * * * *', '@every 30s', '@hourly']),
    timeZone: world.pick(['Europe/Berlin', 'Etc/UTC', undefined]),
    concurrencyPolicy: world.pick(['Allow', 'Forbid', 'Forbid', 'Replace']),
    startingDeadlineSeconds: world.pick([undefined, undefined, 30]),
    successfulJobsHistoryLimit: world.int(3),
    failedJobsHistoryLimit: world.int(2),
    jobTemplate: { spec: jobSpec(world) },
  };
  ask(world, 'POST', urlOf('batch/cronjobs', ns), { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name }, spec });
}

/** Its concurrency policy stays: what must hold of it then holds always. */
export function editCronJob(world: World): void {
  const found = anyOf(world, 'batch/cronjobs');
  if (!found) return;
  const spec = world.pick<Obj>([
    { suspend: world.chance(0.3) },
    { schedule: world.pick(['* * * * *', '@every 20s']) },
    { successfulJobsHistoryLimit: world.int(2) },
  ]);
  ask(world, 'PATCH', found.url, { spec }, merge);
}

export function deleteJob(world: World): void {
  const found = anyOf(world, world.pick(['batch/jobs', 'batch/jobs', 'batch/cronjobs']));
  if (!found) return;
  const propagationPolicy = world.pick(['Background', 'Foreground', 'Orphan']);
  if (propagationPolicy !== 'Foreground') world.ledger.lifted.add(found.object.metadata.uid);
  ask(world, 'DELETE', found.url, { propagationPolicy });
}
