import { describe, expect, it } from 'vitest';
import type { Obj } from '../../../src/lib/json.ts';
import { makeCluster, type TestCluster } from '../../host/make-cluster.ts';

const PODS = '/api/v1/namespaces/default/pods';
const START = Date.UTC(2026, 0, 1);
const SECOND = 1000;

/** A pod that behaves as its annotation says, just placed on a node. */
function run(simulate: Obj, spec: Obj = {}): TestCluster {
  const host = makeCluster();
  const containers = spec.containers ?? [{ name: 'main', image: 'app:1' }];
  const metadata = { name: 'p', annotations: { 'atoll.dev/simulate': JSON.stringify(simulate) } };
  expect(host.do('POST', PODS, { metadata, spec: { ...spec, containers } })).toMatchObject({ status: 201 });
  return host;
}

const podOf = (host: TestCluster): Obj => host.request('GET', `${PODS}/p`).body;
const condition = (host: TestCluster, type: string): Obj => podOf(host).status.conditions.find((c: Obj) => c.type === type);
/** `name: state reason, restarts` of every container. */
function states(host: TestCluster): string[] {
  const { status } = podOf(host);
  const all: Obj[] = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return all.map(({ name, state, restartCount }) => {
    const [kind, { reason = '' }] = Object.entries(state)[0] as [string, Obj];
    return `${name}: ${[kind, reason].filter(Boolean).join(' ')}${restartCount ? `, ${restartCount}` : ''}`;
  });
}
const events = (host: TestCluster): string[] =>
  host
    .request('GET', '/api/v1/namespaces/default/events')
    .body.items.filter((e: Obj) => e.source.component === 'kubelet')
    .map((e: Obj) => `${e.reason}: ${e.message}`);
const at = (text: string): number => (Date.parse(text) - START) / SECOND;

const INIT = [
  { name: 'first', image: 'init:1' },
  { name: 'second', image: 'init:2' },
];

describe('init containers', () => {
  it('[KUB20] run one after the other, and the pod begins when all of them have succeeded', () => {
    const host = run(
      { containers: { first: { exitCode: 0, exitSeconds: 5 }, second: { exitCode: 0, exitSeconds: 3 } } },
      { initContainers: INIT },
    );
    expect(states(host)).toEqual(['first: running', 'second: waiting PodInitializing', 'main: waiting PodInitializing']);
    expect(condition(host, 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [first second]',
    });
    host.advance(6 * SECOND);
    expect(states(host)).toEqual(['first: terminated Completed', 'second: running', 'main: waiting PodInitializing']);
    expect(condition(host, 'Initialized').message).toBe('containers with incomplete status: [second]');
    host.advance(4 * SECOND);
    expect(states(host)).toEqual(['first: terminated Completed', 'second: terminated Completed', 'main: running']);
    expect(at(condition(host, 'Initialized').lastTransitionTime)).toBe(8);
    expect(podOf(host).status.phase).toBe('Running');
  });

  it('[KUB20] that fail are tried again with back-off, or fail the pod, as its restartPolicy says', () => {
    const failing = { containers: { first: { exitCode: 3, exitSeconds: 1 } } };
    const again = run(failing, { initContainers: INIT });
    again.advance(2 * SECOND);
    expect(states(again)[0]).toMatch(/^first: (?:waiting CrashLoopBackOff|running|terminated Error)/);
    again.advance(40 * SECOND);
    expect(states(again)[0]).toMatch(/, [23]$/);
    expect(podOf(again).status.phase).toBe('Pending');
    const never = run(failing, { initContainers: INIT, restartPolicy: 'Never' });
    never.advance(3 * SECOND);
    expect(podOf(never).status.phase).toBe('Failed');
    expect(states(never)).toEqual([
      'first: terminated Error',
      'second: waiting PodInitializing',
      'main: waiting PodInitializing',
    ]);
  });

  it('[KUB21] a sidecar is started before the next one, goes on beside the others, and ends after them', () => {
    const initContainers = [{ name: 'side', image: 'side:1', restartPolicy: 'Always' }, INIT[0]];
    const host = run(
      { containers: { first: { exitCode: 0, exitSeconds: 2 }, main: { exitCode: 0, exitSeconds: 10 } } },
      { initContainers, restartPolicy: 'Never' },
    );
    host.advance(3 * SECOND);
    expect(states(host)).toEqual(['side: running', 'first: terminated Completed', 'main: running']);
    host.advance(15 * SECOND);
    expect(states(host).map((text) => text.split(' ')[1])).toEqual(['terminated', 'terminated', 'terminated']);
    const { status } = podOf(host);
    expect(status.phase).toBe('Succeeded');
    const [side] = status.initContainerStatuses;
    const [main] = status.containerStatuses;
    expect(at(side.state.terminated.finishedAt)).toBeGreaterThanOrEqual(at(main.state.terminated.finishedAt));
  });
});

describe('probes', () => {
  const probe = { httpGet: { path: '/', port: 80 }, periodSeconds: 5, failureThreshold: 3 };
  const FAILS = { after: 20, ok: false, output: 'HTTP probe failed with statuscode: 500' };

  it('[KUB22] a container is ready after so many successes, and unready after so many failures', () => {
    const readinessProbe = { ...probe, initialDelaySeconds: 10, successThreshold: 2 };
    const host = run(
      { probes: { readiness: [{ after: 0, ok: true }, FAILS] } },
      { containers: [{ name: 'main', image: 'app:1', readinessProbe }] },
    );
    host.advance(14 * SECOND);
    expect(condition(host, 'Ready').status).toBe('False');
    host.advance(3 * SECOND);
    expect(condition(host, 'Ready').status).toBe('True');
    expect(at(condition(host, 'Ready').lastTransitionTime)).toBe(15);
    host.advance(20 * SECOND);
    expect(condition(host, 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady' });
    expect(at(condition(host, 'Ready').lastTransitionTime)).toBe(30);
    expect(events(host)).toContain('Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500');
    const { revision } = host.cluster.registry;
    host.advance(120 * SECOND);
    expect(host.cluster.registry.revision - revision, 'an unready pod does not write for ever').toBeLessThan(8);
  });

  it('[KUB23] a container whose liveness probe fails is killed and started again', () => {
    const host = run(
      { probes: { liveness: [{ after: 0, ok: true }, FAILS] }, terminationSeconds: 1 },
      { containers: [{ name: 'main', image: 'app:1', livenessProbe: probe }], terminationGracePeriodSeconds: 10 },
    );
    host.advance(29 * SECOND);
    expect(states(host)).toEqual(['main: running']);
    host.advance(10 * SECOND);
    expect(states(host)).toEqual(['main: running, 1']);
    expect(events(host)).toEqual(
      expect.arrayContaining([
        'Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 500',
        'Killing: Container main failed liveness probe, will be restarted',
      ]),
    );
    expect(podOf(host).status.containerStatuses[0].lastState.terminated).toMatchObject({ exitCode: 143 });
  });

  it('[KUB22] nothing else is probed before the startup probe has succeeded', () => {
    const startupProbe = { ...probe, failureThreshold: 10 };
    const host = run(
      {
        probes: {
          startup: [
            { after: 0, ok: false },
            { after: 12, ok: true },
          ],
          liveness: [
            { after: 0, ok: false },
            { after: 16, ok: true },
          ],
        },
      },
      { containers: [{ name: 'main', image: 'app:1', startupProbe, livenessProbe: { ...probe, failureThreshold: 2 } }] },
    );
    host.advance(12 * SECOND);
    expect(podOf(host).status.containerStatuses[0]).toMatchObject({ started: false, ready: false });
    host.advance(30 * SECOND);
    expect(podOf(host).status.containerStatuses[0]).toMatchObject({ started: true, ready: true, restartCount: 0 });
  });
});

describe('ends', () => {
  it('[KUB24] a pod that is active for longer than it may has failed, and its containers are stopped', () => {
    const host = run({}, { activeDeadlineSeconds: 20 });
    host.advance(25 * SECOND);
    expect(podOf(host).status).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    });
    expect(states(host)[0]).toMatch(/^main: terminated/);
  });

  it('[KUB25] hooks that fail are said, and a failed postStart ends the container', () => {
    const exec = { exec: { command: ['true'] } };
    const containers = [{ name: 'main', image: 'app:1', lifecycle: { postStart: exec, preStop: exec } }];
    const host = run({ postStart: 'fail' }, { containers });
    host.advance(2 * SECOND);
    expect(events(host).filter((text) => text.startsWith('FailedPostStartHook')).length).toBeGreaterThan(0);
    expect(podOf(host).status.containerStatuses[0].ready).toBe(false);
    const stopping = run({ preStop: 'fail', terminationSeconds: 2 }, { containers, terminationGracePeriodSeconds: 5 });
    stopping.do('DELETE', `${PODS}/p`);
    stopping.advance(10 * SECOND);
    expect(stopping.request('GET', `${PODS}/p`).status).toBe(404);
    expect(events(stopping).some((text) => text.startsWith('FailedPreStopHook'))).toBe(true);
  });

  it('[KUB24] who does not end in its grace period is killed: 137, else 143', () => {
    const ends = (terminationSeconds: number) => {
      const host = run({ terminationSeconds }, { terminationGracePeriodSeconds: 10 });
      const watch = host.watch(`${PODS}?watch=1`);
      host.do('DELETE', `${PODS}/p`);
      host.advance(15 * SECOND);
      const codes = watch.events.flatMap(
        ({ object }) => object.status?.containerStatuses?.[0]?.state?.terminated?.exitCode ?? [],
      );
      return [host.request('GET', `${PODS}/p`).status, codes.at(-1)];
    };
    expect([ends(2), ends(60)]).toEqual([
      [404, 143],
      [404, 137],
    ]);
  });
});

describe('behaviour data', () => {
  it('[SIM10] says for each container, image or label how it behaves', () => {
    const host = run(
      {
        images: { 'bad:1': { pull: 'fail' } },
        containers: { oom: { exitCode: 137, exitReason: 'OOMKilled', exitSeconds: 1 } },
        labels: { 'app=none': { pull: 'fail' } },
      },
      { containers: ['oom', 'bad', 'fine'].map((name) => ({ name, image: `${name}:1` })) },
    );
    host.advance(2 * SECOND);
    const [oom, bad, fine] = podOf(host).status.containerStatuses;
    expect((oom.state.terminated ?? oom.lastState.terminated).reason).toBe('OOMKilled');
    expect(bad.state.waiting.reason).toMatch(/^(?:ErrImagePull|ImagePullBackOff)$/);
    expect(fine.state.running).toBeDefined();
  });

  it('[SIM11] a pull or a run may fail so many times and then go well', () => {
    const host = run({ pull: 'fail', pullFailures: 2, exitCode: 1, exitSeconds: 1, exitRuns: 2 });
    host.advance(200 * SECOND);
    expect(states(host)).toEqual(['main: running, 2']);
    expect(condition(host, 'Ready').status).toBe('True');
  });

  it('[SIM12] one of several is drawn by weight, and stays with the pod', () => {
    const host = makeCluster();
    const simulate = JSON.stringify({ oneOf: [{ weight: 3 }, { weight: 1, ready: false }] });
    for (let i = 0; i < 40; i++) {
      const metadata = { name: `p${i}`, annotations: { 'atoll.dev/simulate': simulate } };
      host.do('POST', PODS, { metadata, spec: { containers: [{ name: 'c', image: 'x' }] } });
    }
    const count = () =>
      host
        .request('GET', PODS)
        .body.items.filter((p: Obj) => p.status.conditions.some((c: Obj) => c.type === 'Ready' && c.status === 'True')).length;
    host.advance(SECOND);
    const ready = count();
    expect(ready).toBeGreaterThan(20);
    expect(ready).toBeLessThan(38);
    host.advance(100 * SECOND);
    expect(count()).toBe(ready);
  });

  it('[SIM13] what is not understood is a Warning on the pod, once', () => {
    const host = run({ reddy: true, exitCode: 700, cpu: '10m', memory: 'much' });
    host.advance(60 * SECOND);
    expect(events(host).filter((text) => text.startsWith('InvalidBehaviour'))).toEqual([
      'InvalidBehaviour: atoll.dev/simulate: reddy is unknown; exitCode cannot be 700; memory cannot be "much"',
    ]);
  });
});
