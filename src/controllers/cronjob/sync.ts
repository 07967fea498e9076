import { parseTime, rfc3339 } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Action, ReconcileCx } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { eventFor } from '../shared/events.ts';
import { finishedCondition, JOBS } from '../shared/jobs.ts';
import { deletion } from '../shared/objects.ts';
import { isControlledBy } from '../shared/owners.ts';

export const COMPONENT = 'cronjob-controller';
/** Annotation of a Job: the time that it was due at. */
export const SCHEDULED = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** One sync of a CronJob. */
export interface CronSync {
  readonly cron: KubeObject;
  readonly now: number;
  readonly view: View;
  readonly jobs: readonly KubeObject[];
  /** What the plan does before it writes the status, and what after. */
  readonly actions: Action[];
  readonly creation: Action[];
  /** References to the Jobs that run. */
  active: Obj[];
  /** Time of the last start, ms. */
  last: number | undefined;
  lastSuccessfulTime: string | undefined;
  /** Objects that the plan may still write. */
  left: number;
}

/** Looks at a CronJob and its Jobs. */
export function observe(cron: KubeObject, view: View, { now, maxWrites }: ReconcileCx): CronSync {
  const { active = [], lastScheduleTime, lastSuccessfulTime } = cron.status ?? {};
  return {
    cron,
    now,
    view,
    jobs: view.ownedBy(cron.metadata.uid, JOBS).filter((job) => isControlledBy(job, cron)),
    actions: [],
    creation: [],
    active: [...active],
    last: lastScheduleTime ? parseTime(lastScheduleTime) : undefined,
    lastSuccessfulTime,
    left: maxWrites,
  };
}

export function say(s: CronSync, type: 'Normal' | 'Warning', reason: string, message: string): void {
  s.actions.push(eventFor(COMPONENT, s.cron, type, reason, message));
}

/** The name of the Job of a time: no two of a minute (getJobName). */
export const jobName = ({ metadata }: KubeObject, at: number): string => `${metadata.name}-${Math.floor(at / 60_000)}`;

/** ref.GetReference. */
function referenceTo({ apiVersion, kind, metadata }: KubeObject): Obj {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { kind, namespace, name, uid, apiVersion, resourceVersion };
}

/** Takes the Job that the plan before this one created into the status. */
export function takeStarted(s: CronSync): void {
  for (const job of s.jobs) {
    if (finishedCondition(job) || s.active.some(({ uid }) => uid === job.metadata.uid)) continue;
    const at = parseTime(job.metadata.annotations?.[SCHEDULED] ?? '');
    if (Number.isNaN(at) || at <= (s.last ?? Number.NEGATIVE_INFINITY) || job.metadata.name !== jobName(s.cron, at)) continue;
    s.active.push(referenceTo(job));
    s.last = at;
  }
}

/** Deletes a Job and its reference (deleteJob). */
export function remove(s: CronSync, job: KubeObject): void {
  s.actions.push(deletion(JOBS, job, 'Background'));
  s.left--;
  s.active = s.active.filter(({ uid }) => uid !== job.metadata.uid);
  say(s, 'Normal', 'SuccessfulDelete', `Deleted job ${job.metadata.name}`);
}

/** Deletes the oldest Jobs that ended and are too many (cleanupFinishedJobs). */
export function trimHistory(s: CronSync): void {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = s.cron.spec;
  trim(s, 'Complete', successfulJobsHistoryLimit);
  trim(s, 'Failed', failedJobsHistoryLimit);
}

function trim(s: CronSync, type: string, limit: number | undefined): void {
  if (limit === undefined) return;
  const ended = s.jobs.filter((job) => finishedCondition(job)?.type === type).sort(byStart);
  const surplus = ended.slice(0, Math.max(0, ended.length - limit)).filter((job) => !job.metadata.deletionTimestamp);
  for (const job of surplus.slice(0, s.left)) remove(s, job);
}

/** Those that have not started last; then by name (byJobStartTime). Times have a fixed width, so text order is time order. */
function byStart(a: KubeObject, b: KubeObject): number {
  const [x, y] = [a.status?.startTime ?? '~', b.status?.startTime ?? '~'];
  if (x !== y) return x < y ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** Takes note of Jobs that ended, are unknown or are gone. */
export function takeEnded(s: CronSync): void {
  for (const job of s.jobs) {
    const { name, uid } = job.metadata;
    const ended = finishedCondition(job);
    const isKnown = s.active.some((one) => one.uid === uid);
    if (!ended) {
      if (!isKnown) say(s, 'Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${name}`);
      continue;
    }
    if (isKnown) {
      s.active = s.active.filter((one) => one.uid !== uid);
      say(s, 'Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${ended.type}`);
    }
    const completed = ended.type === 'Complete' ? job.status.completionTime : undefined;
    if (completed && completed > (s.lastSuccessfulTime ?? '')) s.lastSuccessfulTime = completed;
  }
  const there = new Set(s.jobs.map(({ metadata }) => metadata.uid));
  for (const { uid, name, namespace = '' } of s.active.filter((one) => !there.has(one.uid))) {
    if (s.view.get(JOBS, namespace, name)) continue;
    say(s, 'Normal', 'MissingJob', `Active job went missing: ${name}`);
    s.active = s.active.filter((one) => one.uid !== uid);
  }
}

/** The status of the end of the sync. */
export function statusOf({ active, last, lastSuccessfulTime }: CronSync): Obj {
  return {
    ...(active.length && { active }),
    ...(last !== undefined && { lastScheduleTime: rfc3339(last) }),
    ...(lastSuccessfulTime && { lastSuccessfulTime }),
  };
}
