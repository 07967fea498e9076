import type { Obj } from '../../src/lib/json.ts';
import { must } from './must.ts';
import { keyOf } from './watcher.ts';
import type { World } from './world.ts';

const SCHEDULED = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
const objects = (world: World, resource: string): Obj[] => [...world.ledger.live(resource).values()].map((e) => e.object);
const ending = (job: Obj): Obj | undefined =>
  job.status?.conditions?.find((c: Obj) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True');
const owner = (job: Obj): string | undefined => job.metadata.ownerReferences?.find((ref: Obj) => ref.controller)?.uid;

/** After every step: Forbid never has two Jobs that run. */
export function checkConcurrency(world: World): void {
  const crons = world.ledger.live('batch/cronjobs');
  if (!crons.size) return;
  const running = Map.groupBy(
    objects(world, 'batch/jobs').filter((job) => job.metadata.annotations?.[SCHEDULED] && !ending(job)),
    owner,
  );
  for (const { object, key } of crons.values()) {
    const jobs = running.get(object.metadata.uid) ?? [];
    if (object.spec.concurrencyPolicy !== 'Forbid' || jobs.length < 2) continue;
    throw new Error(`CronJob ${key} forbids it, and ${jobs.map((job) => job.metadata.name)} run`);
  }
}

/** Whenever nothing is left to do: the history is as long as it may be, the status names the Jobs that run, and Jobs that have expired are gone. */
export function checkJobs(world: World): void {
  const jobs = Map.groupBy(objects(world, 'batch/jobs'), owner);
  for (const cron of objects(world, 'batch/cronjobs')) {
    const mine = jobs.get(cron.metadata.uid) ?? [];
    for (const [type, limit] of [
      ['Complete', cron.spec.successfulJobsHistoryLimit],
      ['Failed', cron.spec.failedJobsHistoryLimit],
    ]) {
      const kept = mine.filter((job) => ending(job)?.type === type && !job.metadata.deletionTimestamp);
      must(kept.length <= limit, () => `CronJob ${keyOf(cron)} keeps ${kept.length} Jobs that are ${type}, it may ${limit}`);
    }
    const started = mine.filter(
      (job) => job.metadata.annotations?.[SCHEDULED] && !ending(job) && !job.metadata.deletionTimestamp,
    );
    const active = new Set((cron.status?.active ?? []).map((ref: Obj) => ref.uid));
    for (const job of started)
      must(active.has(job.metadata.uid), () => `CronJob ${keyOf(cron)} does not say that ${keyOf(job)} runs`);
  }
  for (const job of [...jobs.values()].flat()) {
    const { deletionTimestamp } = job.metadata;
    const ttl = job.spec.ttlSecondsAfterFinished;
    const at = ending(job)?.lastTransitionTime;
    if (ttl === undefined || !at || deletionTimestamp) continue;
    must(Date.parse(at) + ttl * 1000 > world.host.now - LATE_MS, () => `Job ${keyOf(job)} ended at ${at} and should be gone`);
  }
}

/** What the clock goes back at times. */
const LATE_MS = 2000;
