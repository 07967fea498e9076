import { describe, expect, it } from 'vitest';
import { garbageCollector } from '../../../src/controllers/garbage-collector/reconcile.ts';
import { jobController } from '../../../src/controllers/job/reconcile.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

const JOBS = 'batch/jobs';
const JOB = (spec: Obj = {}, name = 'j'): Obj => ({
  kind: 'Job',
  apiVersion: 'batch/v1',
  metadata: { name },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } }, ...spec },
});
const make = (...objects: Obj[]) => {
  const bench = new ControllerBench([...jobController, garbageCollector]);
  for (const object of objects) bench.add(object);
  bench.settle();
  return bench;
};
const status = (bench: ControllerBench, name = 'j') => bench.get(JOBS, 'default', name)?.status;
const pods = (bench: ControllerBench, isWanted: (pod: KubeObject) => boolean = () => true) =>
  bench.list('pods', 'default').filter(isWanted);
const running = (pod: KubeObject) => !['Succeeded', 'Failed'].includes(pod.status?.phase) && !pod.metadata.deletionTimestamp;
const index = (pod: KubeObject) => pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'];
const conditions = (bench: ControllerBench) =>
  (status(bench)?.conditions ?? []).map((c: Obj) => `${c.type}=${c.status} ${c.reason}: ${c.message}`);

/** What a kubelet reports of a pod that ended. */
function ended(bench: ControllerBench, pod: KubeObject, code = 0, more: Obj = {}): void {
  const finishedAt = new Date(bench.now).toISOString().replace('.000', '');
  const state = { terminated: { exitCode: code, reason: code ? 'Error' : 'Completed', startedAt: finishedAt, finishedAt } };
  bench.edit('pods', pod.metadata.name, (p) => {
    p.spec.nodeName ??= 'n';
    p.status = {
      ...p.status,
      phase: code ? 'Failed' : 'Succeeded',
      containerStatuses: [{ name: 'c', image: 'busybox', imageID: '', ready: false, restartCount: 0, state }],
      ...more,
    };
  });
  bench.settle();
}

describe('jobs', () => {
  it('[CTL130] ends after it started, though the clock went back', () => {
    const bench = make(JOB());
    const { startTime } = status(bench) as Obj;
    bench.now -= 5000;
    ended(bench, pods(bench)[0]);
    expect(status(bench)).toMatchObject({ succeeded: 1, startTime, completionTime: startTime });
    expect(pods(bench)).toHaveLength(1);
  });

  it('[CTL130] runs one pod to its end, and says so', () => {
    const bench = make(JOB());
    const [pod] = pods(bench);
    expect(pod.metadata).toMatchObject({
      generateName: 'j-',
      finalizers: ['batch.kubernetes.io/job-tracking'],
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', controller: true, blockOwnerDeletion: true }],
      labels: { 'batch.kubernetes.io/job-name': 'j', 'job-name': 'j' },
    });
    expect(status(bench)).toEqual({
      startTime: '2026-01-01T00:00:00Z',
      active: 1,
      ready: 0,
      terminating: 0,
      uncountedTerminatedPods: {},
    });
    bench.advance(5000);
    ended(bench, pod);
    expect(status(bench)).toMatchObject({ succeeded: 1, ready: 0, terminating: 0, completionTime: '2026-01-01T00:00:05Z' });
    expect(conditions(bench)).toEqual([
      'SuccessCriteriaMet=True CompletionsReached: Reached expected number of succeeded pods',
      'Complete=True CompletionsReached: Reached expected number of succeeded pods',
    ]);
    expect(pods(bench)[0].metadata.finalizers).toBeUndefined();
    expect(bench.said()).toEqual([`Normal SuccessfulCreate Created pod: ${pod.metadata.name}`, 'Normal Completed Job completed']);
  });

  it('[CTL131] keeps to parallelism and completions', () => {
    const bench = make(JOB({ completions: 5, parallelism: 2 }));
    let most = 0;
    for (let i = 0; i < 5; i++) {
      most = Math.max(most, pods(bench, running).length);
      ended(bench, pods(bench, running)[0]);
    }
    expect([most, pods(bench).length, status(bench)?.succeeded]).toEqual([2, 5, 5]);
    bench.add(JOB({ parallelism: 4 }, 'k'));
    bench.settle();
    // Of pods alike in all else the newest go, whatever a deletion would cost.
    const [oldest] = pods(bench, (pod) => pod.metadata.generateName === 'k-');
    bench.edit('pods', oldest.metadata.name, (p) =>
      Object.assign(p.metadata, { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-9' } }),
    );
    bench.advance(2000);
    bench.remove('pods', pods(bench, (pod) => pod.metadata.generateName === 'k-')[3].metadata.name, { grace: 0 });
    bench.advance(60_000);
    bench.edit(JOBS, 'k', (j) => Object.assign(j.spec, { parallelism: 3 }));
    bench.settle();
    expect(pods(bench, (pod) => running(pod) && pod.metadata.generateName === 'k-').map((p) => p.metadata.name)).toContain(
      oldest.metadata.name,
    );
    bench.edit(JOBS, 'k', (j) => Object.assign(j.spec, { parallelism: 1 }));
    bench.settle();
    expect(status(bench, 'k')).toMatchObject({ active: 1 });
  });

  it('[CTL132] replaces failed pods after 10 s, doubling, up to the limit, and ends what runs', () => {
    const bench = make(JOB({ backoffLimit: 2, parallelism: 1 }));
    ended(bench, pods(bench)[0], 1);
    expect(pods(bench, running)).toEqual([]);
    bench.advance(9000);
    expect(pods(bench, running)).toEqual([]);
    bench.advance(1000);
    ended(bench, pods(bench, running)[0], 1);
    bench.advance(19_000);
    expect(pods(bench, running)).toEqual([]);
    bench.advance(1000);
    ended(bench, pods(bench, running)[0], 1);
    expect(conditions(bench)).toEqual([
      'FailureTarget=True BackoffLimitExceeded: Job has reached the specified backoff limit',
      'Failed=True BackoffLimitExceeded: Job has reached the specified backoff limit',
    ]);
    expect(status(bench)).toMatchObject({ failed: 3 });
    expect(bench.said('BackoffLimitExceeded')).toEqual([
      'Warning BackoffLimitExceeded Job has reached the specified backoff limit',
    ]);
  });

  it('[CTL133] a deadline ends the Job once its pods are gone', () => {
    const bench = make(JOB({ activeDeadlineSeconds: 30 }));
    bench.edit('pods', pods(bench)[0].metadata.name, (p) => {
      p.spec.nodeName = 'n';
      p.status = { ...p.status, phase: 'Running' };
    });
    bench.advance(30_000);
    expect(conditions(bench)).toEqual(['FailureTarget=True DeadlineExceeded: Job was active longer than specified deadline']);
    expect(status(bench)).toMatchObject({ failed: 1, terminating: 1 });
    bench.remove('pods', pods(bench)[0].metadata.name, { grace: 0 });
    bench.settle();
    expect(conditions(bench).at(-1)).toBe('Failed=True DeadlineExceeded: Job was active longer than specified deadline');
    expect(status(bench)).toMatchObject({ failed: 1, terminating: 0 });
  });

  it('[CTL134] each index succeeds once, with its name, host and variable', () => {
    const bench = make(JOB({ completions: 3, parallelism: 3, completionMode: 'Indexed' }));
    const [first] = pods(bench, (pod) => index(pod) === '1');
    expect(first.metadata.name).toMatch(/^j-1-[a-z0-9]{5}$/);
    expect(first.metadata.labels?.['batch.kubernetes.io/job-completion-index']).toBe('1');
    expect(first.spec.hostname).toBe('j-1');
    expect(first.spec.containers[0].env).toEqual([
      {
        name: 'JOB_COMPLETION_INDEX',
        valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" } },
      },
    ]);
    ended(bench, pods(bench, (pod) => index(pod) === '0')[0]);
    ended(bench, pods(bench, (pod) => index(pod) === '2')[0]);
    expect(status(bench)).toMatchObject({ completedIndexes: '0,2', succeeded: 2, active: 1 });
    ended(bench, first);
    expect(status(bench)).toMatchObject({ completedIndexes: '0-2', succeeded: 3 });
    expect(conditions(bench).at(-1)).toMatch(/^Complete=True/);
  });

  it('[CTL135] limits the failures of each index, and of all indexes together', () => {
    const bench = make(
      JOB({ completions: 2, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 1, maxFailedIndexes: 1 }),
    );
    const next = () => pods(bench, (pod) => running(pod) && index(pod) === '0')[0];
    ended(bench, next(), 1);
    bench.advance(10_000);
    expect(next().metadata.annotations).toMatchObject({ 'batch.kubernetes.io/job-index-failure-count': '1' });
    ended(bench, next(), 1);
    expect(status(bench)).toMatchObject({ failedIndexes: '0', failed: 2, active: 1 });
    ended(bench, pods(bench, running)[0]);
    expect(conditions(bench)).toEqual([
      'FailureTarget=True FailedIndexes: Job has failed indexes',
      'Failed=True FailedIndexes: Job has failed indexes',
    ]);
  });

  it('[CTL136] a failure policy ignores, counts, or ends the Job', () => {
    const rules = [
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailJob', onExitCodes: { containerName: 'c', operator: 'In', values: [42] } },
    ];
    const bench = make(JOB({ podFailurePolicy: { rules }, backoffLimit: 0 }));
    ended(bench, pods(bench)[0], 137, {
      conditions: [{ type: 'DisruptionTarget', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    });
    expect(status(bench)).toMatchObject({ terminating: 0 });
    expect(status(bench)?.failed).toBeUndefined();
    bench.advance(10_000);
    const [pod] = pods(bench, running);
    ended(bench, pod, 42);
    expect(conditions(bench).at(-1)).toBe(
      `Failed=True PodFailurePolicy: Container c for pod default/${pod.metadata.name} failed with exit code 42 matching FailJob rule at index 1`,
    );
  });

  it('[CTL137] a success policy ends the Job early, and stops what runs', () => {
    const successPolicy = { rules: [{ succeededIndexes: '0-1', succeededCount: 1 }] };
    const bench = make(JOB({ completions: 3, parallelism: 3, completionMode: 'Indexed', successPolicy }));
    ended(bench, pods(bench, (pod) => index(pod) === '1')[0]);
    expect(conditions(bench)).toEqual([
      'SuccessCriteriaMet=True SuccessPolicy: Matched rules at index 0',
      'Complete=True SuccessPolicy: Matched rules at index 0',
    ]);
    expect(status(bench)).toMatchObject({ succeeded: 1, terminating: 0 });
    expect(status(bench)?.failed).toBeUndefined();
  });

  it('[CTL138] is suspended and resumed', () => {
    const bench = make(JOB({ suspend: true }));
    expect([pods(bench), status(bench)?.startTime, conditions(bench)]).toEqual([
      [],
      undefined,
      ['Suspended=True JobSuspended: Job suspended'],
    ]);
    bench.advance(60_000);
    bench.edit(JOBS, 'j', (j) => Object.assign(j.spec, { suspend: false }));
    bench.settle();
    expect([pods(bench).length, status(bench)?.startTime, conditions(bench)]).toEqual([
      1,
      '2026-01-01T00:01:00Z',
      ['Suspended=False JobResumed: Job resumed'],
    ]);
    bench.edit(JOBS, 'j', (j) => Object.assign(j.spec, { suspend: true }));
    bench.settle();
    expect([pods(bench), status(bench)?.active]).toEqual([[], undefined]);
    expect(bench.said().filter((line) => !line.includes('pod'))).toEqual([
      'Normal Suspended Job suspended',
      'Normal Resumed Job resumed',
      'Normal Suspended Job suspended',
    ]);
  });

  it('[CTL139] adopts and releases pods, and pods without a Job lose the finalizer', () => {
    const bench = make(JOB());
    const [pod] = pods(bench);
    bench.edit('pods', pod.metadata.name, (p) => Object.assign(p.metadata, { labels: {} }));
    bench.settle();
    expect(bench.get('pods', 'default', pod.metadata.name)?.metadata).not.toHaveProperty('finalizers');
    expect(pods(bench).length).toBe(2);
    bench.remove(JOBS, 'j', { policy: 'Orphan' });
    bench.settle();
    expect(bench.get(JOBS, 'default', 'j')).toBeUndefined();
    expect(pods(bench).map((p) => [p.metadata.finalizers, p.metadata.ownerReferences])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it('[CTL352] says whom it will count, then takes the finalizers, then counts and ends', () => {
    const bench = make(JOB());
    const [pod] = pods(bench);
    const from = bench.revision;
    ended(bench, pod);
    const seen = (bench.since(from, (resource) => resource === JOBS || resource === 'pods') ?? []).map(({ resource, object }) =>
      resource === 'pods'
        ? `pod ${object.metadata.finalizers ?? 'free'}`
        : [object.status.succeeded, object.status.uncountedTerminatedPods, object.status.conditions?.map((c: Obj) => c.type)],
    );
    expect(seen.slice(2)).toEqual([
      [undefined, { succeeded: [pod.metadata.uid] }, ['SuccessCriteriaMet']],
      'pod free',
      [1, {}, ['SuccessCriteriaMet', 'Complete']],
    ]);
  });

  it.each([
    ['the status', JOBS, 0],
    ['a finalizer', 'pods', 0],
    ['the second status', JOBS, 1],
  ])('[CTL352] counts each pod once, though the write of %s is refused', (_, resource, after) => {
    for (const code of [0, 1]) {
      const bench = make(JOB({ backoffLimit: 0, completions: 2, parallelism: 2 }));
      let passed = 0;
      let refused = 0;
      bench.refuse = (a) => {
        if (a.verb !== 'update' || a.resource !== resource || passed++ < after || refused > 0) return undefined;
        refused++;
        return { code: 422, reason: 'Invalid', message: 'no' };
      };
      for (const pod of pods(bench)) if (bench.get('pods', 'default', pod.metadata.name)) ended(bench, pod, code);
      bench.advance(60_000);
      expect([refused, status(bench)?.succeeded, status(bench)?.failed]).toEqual([1, code ? undefined : 2, code ? 2 : undefined]);
      expect(status(bench)?.uncountedTerminatedPods).toEqual({});
      expect(conditions(bench).at(-1)).toMatch(code ? /^Failed/ : /^Complete/);
    }
  });

  it('[CTL140] leaves a Job that another controller manages alone', () => {
    const bench = make(JOB({ managedBy: 'example.com/other' }));
    expect([pods(bench), status(bench)]).toEqual([[], {}]);
  });

  it('[CTL141] says why a pod could not be created, and shows how many there are', () => {
    const bench = new ControllerBench(jobController);
    let left = 1;
    bench.refuse = (a) =>
      a.verb === 'create' && left-- <= 0 ? { code: 403, reason: 'Forbidden', message: 'exceeded quota' } : undefined;
    bench.add(JOB({ completions: 3, parallelism: 3 }));
    bench.settle();
    expect(status(bench)).toMatchObject({ active: 1 });
    expect(new Set(bench.said('FailedCreate'))).toEqual(new Set(['Warning FailedCreate Error creating: exceeded quota']));
  });
});
