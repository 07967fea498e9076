import { describe, expect, it } from 'vitest';
import { cronJobController } from '../../../src/controllers/cronjob/reconcile.ts';
import { garbageCollector } from '../../../src/controllers/garbage-collector/reconcile.ts';
import { rfc3339 } from '../../../src/api/machinery/time.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

const [CRON, JOBS, MINUTE] = ['batch/cronjobs', 'batch/jobs', 60_000];
const NOON = Date.parse('2026-11-28T12:00:30Z');
const jobTemplate: Obj = {
  metadata: { labels: { a: 'b' }, annotations: { c: 'd' } },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } } },
};
const cronJob = (spec: Obj = {}, metadata: Obj = {}): Obj => ({
  kind: 'CronJob',
  apiVersion: 'batch/v1',
  metadata: { name: 'x', ...metadata },
  spec: { schedule: '* * * * *', jobTemplate, ...spec },
});

function bench(spec: Obj = {}, now = NOON): ControllerBench {
  const made = new ControllerBench([cronJobController, garbageCollector], { now });
  made.add(cronJob(spec));
  made.settle();
  return made;
}

const cron = (made: ControllerBench): KubeObject => made.get(CRON, 'default', 'x') as KubeObject;
const active = (made: ControllerBench): string[] => (cron(made).status?.active ?? []).map((job: Obj) => job.name);
const nameAt = (time: string): string => `x-${Date.parse(time) / MINUTE}`;
const jobs = (made: ControllerBench): string[] => made.names(JOBS);
const change = (made: ControllerBench, spec: Obj) => {
  made.edit(CRON, 'x', (c) => Object.assign(c.spec, spec));
  made.settle();
};

/** What the Job controller writes at the end of a Job. */
function end(made: ControllerBench, name: string, type = 'Complete'): void {
  const at = rfc3339(made.now);
  const of = (condition: string) => ({ type: condition, status: 'True', lastProbeTime: at, lastTransitionTime: at });
  made.edit(JOBS, name, (job) => {
    job.status = { startTime: at, ...(type === 'Complete' && { completionTime: at }), uncountedTerminatedPods: {} };
    job.status.conditions = [of(type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget'), of(type)];
  });
  made.settle();
}

/** Stops the cluster until a time: nothing is reconciled meanwhile. */
function sleepUntil(made: ControllerBench, time: string): void {
  made.now = Date.parse(time);
  made.advance(0);
}

describe('starts', () => {
  it('[CTL152] a Job of the template at its time, named in the status', () => {
    const made = bench({ schedule: '*/5 * * * *', timeZone: 'Asia/Kolkata' });
    made.advance(270_000 - 1);
    expect(jobs(made)).toEqual([]);
    made.advance(1);
    const [job] = made.list(JOBS);
    const { uid } = cron(made).metadata;
    expect(job.metadata).toMatchObject({
      name: nameAt('2026-11-28T12:05:00Z'),
      labels: { a: 'b' },
      annotations: { c: 'd', 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-11-28T17:35:00+05:30' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'x', uid, controller: true, blockOwnerDeletion: true }],
    });
    const { name, namespace, resourceVersion } = job.metadata;
    expect(cron(made).status).toEqual({
      active: [{ apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid: job.metadata.uid, resourceVersion }],
      lastScheduleTime: '2026-11-28T12:05:00Z',
    });
    expect(made.said()).toEqual([`Normal SuccessfulCreate Created job ${name}`]);
    expect(made.events[0]).toMatchObject({ source: { component: 'cronjob-controller' }, involvedObject: { kind: 'CronJob' } });
    expect(made.timers.get('cronjob|default|x')).toBe(Date.parse('2026-11-28T12:10:00Z'));
  });

  it('[CTL154] by the wall clock of its zone: a skipped hour starts nothing that day', () => {
    const made = bench({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin' }, Date.parse('2026-03-27T12:00:00Z'));
    made.advance(4 * 86_400_000);
    const starts = made.list(JOBS).map((job) => job.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']);
    expect(starts).toEqual(['2026-03-28T02:30:00+01:00', '2026-03-30T02:30:00+02:00', '2026-03-31T02:30:00+02:00']);
  });

  it('[CTL155] side by side, when that is allowed', () => {
    const made = bench();
    made.advance(3 * MINUTE);
    expect(active(made)).toEqual(['12:01', '12:02', '12:03'].map((time) => nameAt(`2026-11-28T${time}:00Z`)));
  });

  it('[CTL155] none beside another that runs, when that is forbidden; then the last one missed', () => {
    const made = bench({ concurrencyPolicy: 'Forbid' });
    made.advance(5 * MINUTE);
    const [first] = jobs(made);
    expect(jobs(made)).toEqual([nameAt('2026-11-28T12:01:00Z')]);
    const waiting =
      'Normal JobAlreadyActive Not starting job because prior execution is running and concurrency policy is Forbid';
    expect(new Set(made.said('JobAlreadyActive'))).toEqual(new Set([waiting]));
    end(made, first);
    expect(active(made)).toEqual([nameAt('2026-11-28T12:05:00Z')]);
  });

  it('[CTL155] in place of those that run, when they are to be replaced', () => {
    const made = bench({ concurrencyPolicy: 'Replace' });
    made.advance(2 * MINUTE);
    const second = nameAt('2026-11-28T12:02:00Z');
    expect(jobs(made)).toEqual([second]);
    expect(active(made)).toEqual([second]);
    expect(made.said()).toEqual([
      `Normal SuccessfulCreate Created job ${nameAt('2026-11-28T12:01:00Z')}`,
      `Normal SuccessfulDelete Deleted job ${nameAt('2026-11-28T12:01:00Z')}`,
      `Normal SuccessfulCreate Created job ${second}`,
    ]);
  });

  it('[CTL155] replaces many Jobs in parts', () => {
    const made = bench();
    made.advance(5 * MINUTE);
    made.maxWrites = 2;
    change(made, { concurrencyPolicy: 'Replace' });
    made.advance(MINUTE);
    expect(jobs(made)).toEqual([nameAt('2026-11-28T12:06:00Z')]);
    expect(
      made.plans.every(({ plan }) => plan.actions.filter(({ verb }) => verb === 'create' || verb === 'delete').length <= 2),
    ).toBe(true);
  });

  it('[CTL156] nothing later than its deadline', () => {
    const made = bench({ schedule: '0 * * * *', startingDeadlineSeconds: 60 });
    sleepUntil(made, '2026-11-28T13:00:30Z');
    expect(jobs(made)).toEqual([nameAt('2026-11-28T13:00:00Z')]);
    sleepUntil(made, '2026-11-28T14:02:00Z');
    expect(jobs(made)).toHaveLength(1);
    expect(made.timers.get('cronjob|default|x')).toBe(Date.parse('2026-11-28T15:00:00Z'));
  });

  it('[CTL156] a longer deadline brings back what was too late', () => {
    const made = bench({ schedule: '0 * * * *', startingDeadlineSeconds: 0 });
    sleepUntil(made, '2026-11-28T13:00:00.500Z');
    expect([jobs(made), made.said()]).toEqual([[], []]);
    change(made, { startingDeadlineSeconds: 1 });
    expect(jobs(made)).toEqual([nameAt('2026-11-28T13:00:00Z')]);
  });

  it('[CTL157] the last of those that were missed', () => {
    const made = bench({ schedule: '*/10 * * * *' });
    sleepUntil(made, '2026-11-28T15:03:00Z');
    expect(jobs(made)).toEqual([nameAt('2026-11-28T15:00:00Z')]);
    expect(cron(made).status?.lastScheduleTime).toBe('2026-11-28T15:00:00Z');
    expect(made.said('TooManyMissedTimes')).toEqual([]);
  });

  it('[CTL157] and warns of more than a hundred', () => {
    const made = bench();
    sleepUntil(made, '2026-11-28T14:03:20Z');
    expect(jobs(made)).toEqual([nameAt('2026-11-28T14:03:00Z')]);
    expect(made.said('TooManyMissedTimes')).toEqual([
      'Warning TooManyMissedTimes too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    ]);
  });

  it('[CTL159] nothing while suspended; resumed, the last one missed', () => {
    const made = bench({ suspend: true });
    made.advance(10 * MINUTE);
    expect([jobs(made), made.timers.size]).toEqual([[], 0]);
    change(made, { suspend: false });
    expect(jobs(made)).toEqual([nameAt('2026-11-28T12:10:00Z')]);
  });

  it('[CTL153] by seconds, though a minute has one name', () => {
    const made = bench({ schedule: '@every 20s' });
    made.advance(25_000);
    const [first] = jobs(made);
    end(made, first);
    expect([first, active(made), made.timers.get('cronjob|default|x')]).toEqual([
      nameAt('2026-11-28T12:00:00Z'),
      [],
      Date.parse('2026-11-28T12:01:10Z'),
    ]);
    made.advance(35_000);
    expect(active(made)).toEqual([nameAt('2026-11-28T12:01:00Z')]);
  });
});

describe('what became of the Jobs', () => {
  it('[CTL160] those that ended leave the status, and the latest success is noted', () => {
    const made = bench();
    made.advance(2 * MINUTE);
    const [first, second] = jobs(made);
    end(made, second);
    const { lastSuccessfulTime } = cron(made).status as Obj;
    expect([active(made), lastSuccessfulTime]).toEqual([[first], rfc3339(made.now)]);
    made.advance(1000);
    end(made, first, 'Failed');
    expect(cron(made).status).toEqual({ lastScheduleTime: '2026-11-28T12:02:00Z', lastSuccessfulTime });
    expect(made.said('SawCompletedJob')).toEqual([
      `Normal SawCompletedJob Saw completed job: ${second}, condition: Complete`,
      `Normal SawCompletedJob Saw completed job: ${first}, condition: Failed`,
    ]);
  });

  it('[CTL160] one that is gone is missing', () => {
    const made = bench();
    made.advance(MINUTE);
    const [first] = jobs(made);
    made.remove(JOBS, first, { policy: 'Background' });
    made.settle();
    expect(cron(made).status).toEqual({ lastScheduleTime: '2026-11-28T12:01:00Z' });
    expect(made.said('MissingJob')).toEqual([`Normal MissingJob Active job went missing: ${first}`]);
    expect(jobs(made)).toEqual([]);
  });

  it('[CTL160] one that somebody made by hand is unexpected, and never active', () => {
    const made = bench({ suspend: true });
    const { uid } = cron(made).metadata;
    const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'x', uid, controller: true };
    const annotations = { 'cronjob.kubernetes.io/instantiate': 'manual' };
    made.add({
      kind: 'Job',
      apiVersion: 'batch/v1',
      metadata: { name: 'manual', annotations, ownerReferences: [owner] },
      spec: jobTemplate.spec,
    });
    made.settle();
    expect(active(made)).toEqual([]);
    expect(made.said()).toEqual(['Warning UnexpectedJob Saw a job that the controller did not create or forgot: manual']);
    end(made, 'manual');
    expect(cron(made).status).toEqual({ lastSuccessfulTime: rfc3339(made.now) });
  });

  it('[CTL158] as many stay as the limits say, the latest', () => {
    const made = bench({ successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 1 });
    const done: string[] = [];
    for (const type of ['Complete', 'Failed', 'Complete', 'Failed', 'Complete']) {
      made.advance(MINUTE);
      done.push(active(made)[0]);
      end(made, active(made)[0], type);
    }
    expect(jobs(made)).toEqual([done[2], done[3], done[4]]);
    expect(made.said('SuccessfulDelete').sort()).toEqual(
      [done[0], done[1]].map((name) => `Normal SuccessfulDelete Deleted job ${name}`),
    );
    change(made, { successfulJobsHistoryLimit: 0 });
    expect(jobs(made)).toEqual([done[3]]);
  });

  it('[CTL158] one that is held by a finalizer is deleted once', () => {
    const made = bench({ failedJobsHistoryLimit: 0 });
    made.advance(MINUTE);
    const [first] = jobs(made);
    made.edit(JOBS, first, (job) => Object.assign(job.metadata, { finalizers: ['example.com/x'] }));
    end(made, first, 'Failed');
    change(made, { suspend: true });
    expect(jobs(made)).toEqual([first]);
    expect(made.said('SuccessfulDelete')).toHaveLength(1);
  });

  it('[CTL162] one that is being deleted starts nothing and keeps its status', () => {
    const made = new ControllerBench([cronJobController], { now: NOON });
    made.add(cronJob({}, { finalizers: ['example.com/x'] }));
    made.advance(MINUTE);
    const [first] = jobs(made);
    made.remove(CRON, 'x');
    made.advance(5 * MINUTE);
    expect(jobs(made)).toEqual([first]);
    end(made, first);
    expect(cron(made).status?.active).toBeUndefined();
    expect(made.timers.size).toBe(0);
  });
});

describe('what cannot be', () => {
  it('[CTL161] a schedule that never fires', () => {
    const made = bench({ schedule: '59 23 31 2 *' });
    expect(made.said()).toEqual([
      'Warning InvalidSchedule invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second',
    ]);
    expect(made.timers.size).toBe(0);
  });

  it('[CTL161] a zone or a schedule that was stored by an older server', () => {
    const stored = (spec: Obj) => {
      const made = bench({ suspend: true });
      const view = { ...cron(made), spec: { ...cron(made).spec, suspend: false, ...spec } };
      const plan = cronJobController.reconcile(
        { namespace: 'default', name: 'x' },
        new Proxy(made, { get: (of, name) => (name === 'get' ? () => view : Reflect.get(of, name, of)) }),
        { now: made.now, random: made.random, maxWrites: 9 } as never,
      );
      return plan.actions.map((action) =>
        action.verb === 'event' ? `${action.type} ${action.reason} ${action.message}` : action.verb,
      );
    };
    expect(stored({ timeZone: 'Mars/Base' })).toEqual([
      'Warning UnknownTimeZone invalid timeZone: "Mars/Base": unknown time zone Mars/Base',
    ]);
    expect(stored({ schedule: '* * *' })).toEqual([
      'Warning UnparseableSchedule unparseable schedule: "* * *" : expected exactly 5 fields, found 3: [* * *]',
    ]);
    const page = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/';
    expect(stored({ schedule: 'TZ=Europe/Berlin 0 6 * * *', timeZone: 'Asia/Tokyo' })).toEqual([
      `Warning UnsupportedSchedule CRON_TZ or TZ used in schedule "TZ=Europe/Berlin 0 6 * * *" is not officially supported, see ${page} for more details`,
    ]);
  });

  it('[CTL163] a refused Job is told and tried again', () => {
    const made = bench();
    made.refuse = ({ verb }) => (verb === 'create' ? { code: 403, reason: 'Forbidden', message: 'no' } : undefined);
    made.now += MINUTE;
    made.advance(0);
    expect(made.said()).toEqual(['Warning FailedCreate Error creating job: no']);
    expect(cron(made).status).toEqual({});
    made.refuse = undefined;
    made.advance(1000);
    expect(active(made)).toEqual([nameAt('2026-11-28T12:01:00Z')]);
  });

  it('[CTL164] a Job of somebody else under the name costs one start', () => {
    const made = bench();
    const name = nameAt('2026-11-28T12:01:00Z');
    made.add({ kind: 'Job', apiVersion: 'batch/v1', metadata: { name }, spec: jobTemplate.spec });
    made.advance(MINUTE);
    expect(cron(made).status).toEqual({});
    made.advance(MINUTE);
    expect(active(made)).toEqual([nameAt('2026-11-28T12:02:00Z')]);
  });

  it('[CTL164] a Job of its own under the name, which the status lost, is taken in', () => {
    const made = bench();
    made.advance(MINUTE);
    made.edit(CRON, 'x', (c) => Object.assign(c, { status: {} }));
    made.settle();
    expect(cron(made).status).toMatchObject({ active: [{ name: jobs(made)[0] }], lastScheduleTime: '2026-11-28T12:01:00Z' });
    expect(jobs(made)).toHaveLength(1);
  });

  it('[CTL165] Jobs of others are not looked at', () => {
    const made = bench();
    const lists: string[] = [];
    const spied = new Proxy(made, {
      get: (of, name) => {
        const value = Reflect.get(of, name, of);
        if (name !== 'list' && name !== 'index') return typeof value === 'function' ? value.bind(of) : value;
        return (...args: unknown[]) => {
          lists.push(String(args[0]));
          return value.apply(of, args);
        };
      },
    });
    cronJobController.reconcile({ namespace: 'default', name: 'x' }, spied, {
      now: made.now + MINUTE,
      random: made.random,
      maxWrites: 9,
    } as never);
    expect(lists).toEqual([]);
  });
});
