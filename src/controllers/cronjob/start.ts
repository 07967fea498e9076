import { parseSchedule } from '../../api/batch/cron-schedule.ts';
import type { Schedule } from '../../api/batch/cron-times.ts';
import { offsetsOf, timeZoneProblem } from '../../api/batch/time-zones.ts';
import { goQuote } from '../../api/machinery/go-text.ts';
import { rfc3339 } from '../../api/machinery/time.ts';
import { clone, type KubeObject, type Obj } from '../../lib/json.ts';
import { eventFor } from '../shared/events.ts';
import { JOBS } from '../shared/jobs.ts';
import { newControllerRef } from '../shared/owners.ts';
import { deadlineMs, lastDue, nextDue } from './due.ts';
import { COMPONENT, type CronSync, jobName, remove, say, SCHEDULED } from './sync.ts';

const DOCUMENTATION = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/';

/** Makes the Job that is due, if there is one; returns when to look again, ms (the second half of syncCronJob). */
export function start(s: CronSync): number | undefined {
  const { cron, now } = s;
  const schedule = scheduleOf(s);
  if (!schedule) return undefined;
  const next = () => nextDue(cron, schedule, s.last, now);
  const { at, missed, problem } = lastDue(cron, schedule, s.last, now, deadlineMs(cron));
  if (problem !== undefined) {
    say(s, 'Warning', 'InvalidSchedule', `invalid schedule: ${cron.spec.schedule} : ${problem}`);
    return undefined;
  }
  if (at === undefined) return next();
  if (missed === 'many') {
    const advice = 'Set or decrease .spec.startingDeadlineSeconds or check clock skew';
    say(s, 'Warning', 'TooManyMissedTimes', `too many missed start times. ${advice}`);
  }
  const { namespace } = cron.metadata;
  const name = jobName(cron, at);
  if (at === s.last || s.active.some((job) => job.name === name && job.namespace === namespace)) return next();
  const policy = cron.spec.concurrencyPolicy;
  if (policy === 'Forbid' && s.active.length) {
    const reason = 'prior execution is running and concurrency policy is Forbid';
    say(s, 'Normal', 'JobAlreadyActive', `Not starting job because ${reason}`);
    return next();
  }
  if (policy === 'Replace' && !replace(s)) return now;
  return create(s, at) ? nextDue(cron, schedule, at, now) : now;
}

/** The schedule in the zone of the CronJob; undefined: it starts nothing. */
function scheduleOf(s: CronSync): Schedule | undefined {
  const { schedule, suspend, timeZone } = s.cron.spec;
  const problem = timeZone === undefined ? undefined : timeZoneProblem(timeZone);
  if (problem) {
    say(s, 'Warning', 'UnknownTimeZone', `invalid timeZone: ${goQuote(timeZone)}: ${problem}`);
    return undefined;
  }
  if (suspend) return undefined;
  const isZoned = schedule.includes('TZ');
  if (isZoned) {
    const text = `CRON_TZ or TZ used in schedule ${goQuote(schedule)} is not officially supported`;
    say(s, 'Warning', 'UnsupportedSchedule', `${text}, see ${DOCUMENTATION} for more details`);
  }
  const parsed = parseSchedule(isZoned || timeZone === undefined ? schedule : `TZ=${timeZone} ${schedule}`);
  if ('schedule' in parsed) return parsed.schedule;
  say(s, 'Warning', 'UnparseableSchedule', `unparseable schedule: ${goQuote(schedule)} : ${parsed.problem}`);
  return undefined;
}

/** Deletes the Jobs that run; false: some are left for the next plan. */
function replace(s: CronSync): boolean {
  for (const { name, namespace = '', uid } of s.active) {
    if (!s.left) return false;
    const job = s.view.get(JOBS, namespace, name);
    if (job && !job.metadata.deletionTimestamp) remove(s, job);
    s.active = s.active.filter((one) => one.uid !== uid);
  }
  return true;
}

/** False: it is left for the next plan. */
function create(s: CronSync, at: number): boolean {
  const job = jobOf(s.cron, at);
  // Upstream asks for such a Job in no namespace and tries again, with back-off, until the next start has another name.
  if (s.view.get(JOBS, job.metadata.namespace ?? '', job.metadata.name)) return true;
  if (!s.left) return false;
  s.creation.push({ verb: 'create', resource: JOBS, object: job });
  s.creation.push(eventFor(COMPONENT, s.cron, 'Normal', 'SuccessfulCreate', `Created job ${job.metadata.name}`));
  return true;
}

/** getJobFromTemplate2. */
function jobOf(cron: KubeObject, at: number): KubeObject {
  const { jobTemplate, timeZone = '' } = cron.spec;
  const { labels, annotations }: Obj = jobTemplate.metadata ?? {};
  const metadata = {
    name: jobName(cron, at),
    namespace: cron.metadata.namespace,
    ...(labels && { labels: { ...labels } }),
    annotations: { ...annotations, [SCHEDULED]: zoned(at, offsetsOf(timeZone)(at)) },
    ownerReferences: [newControllerRef(cron)],
  };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: clone(jobTemplate.spec) } as KubeObject;
}

/** RFC 3339 with an offset from UTC, ms. */
function zoned(at: number, offset: number): string {
  return offset === 0 ? rfc3339(at) : rfc3339(at + offset).replace('Z', offsetText(offset));
}

function offsetText(offset: number): string {
  const minutes = Math.trunc(Math.abs(offset) / 60_000);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}
