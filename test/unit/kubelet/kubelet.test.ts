import { describe, expect, it } from 'vitest';
import { virtualNodes } from '../../../src/kubelet/node.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { CONTAINERS_STOP_MS } from '../../../src/kubelet/limits.ts';
import { conditionOf, makePod } from '../../fixtures/workloads.ts';
import type { ControllerBench } from '../../host/controller-bench.ts';
import { nodeBench, START } from '../../host/node-bench.ts';

const TIME = '2026-01-01T12:00:00Z';
const simulate = (behaviour: Obj) => ({ annotations: { 'atoll.dev/simulate': JSON.stringify(behaviour) } });
const first = (pod: KubeObject): Obj => pod.status?.containerStatuses[0];
const reasons = (bench: ControllerBench, name: string) =>
  bench
    .eventsOf(name)
    .filter((e) => e.reportingComponent === 'kubelet')
    .map((e) => e.reason);
const seconds = (text: string) => (Date.parse(text) - START) / 1000;

function running(pod: Obj): ControllerBench {
  const bench = nodeBench();
  bench.add(pod);
  bench.settle();
  return bench;
}

describe('virtual nodes', () => {
  it('[KUB2] are ready, have a range of addresses of their own and a Lease, and never tick', () => {
    const bench = nodeBench();
    const nodes = bench.list('nodes');
    expect(nodes.map((node) => node.spec.podCIDR)).toEqual(['10.240.0.0/21', '10.240.8.0/21', '10.240.16.0/21']);
    expect(nodes.map((node) => node.status?.addresses[0].address)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    for (const node of nodes) {
      expect(node.status?.conditions.map((c: Obj) => [c.type, c.status, c.reason])).toEqual([
        ['Ready', 'True', 'KubeletReady'],
        ['MemoryPressure', 'False', 'KubeletHasSufficientMemory'],
        ['DiskPressure', 'False', 'KubeletHasNoDiskPressure'],
        ['PIDPressure', 'False', 'KubeletHasSufficientPID'],
        ['NetworkUnavailable', 'False', 'RouteCreated'],
      ]);
      const lease = bench.get('coordination.k8s.io/leases', 'kube-node-lease', node.metadata.name);
      expect(lease?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Node', uid: node.metadata.uid });
    }
    expect(bench.timerRows.next()).toBeUndefined();
  });

  it('[KUB1] [KUB2] a node that a user makes is run as well, and keeps what it declares', () => {
    const bench = nodeBench();
    bench.add({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'mine', annotations: { 'atoll.dev/virtual-node': 'true' } },
      status: { capacity: { cpu: '4', memory: '8Gi', pods: '10' } },
    });
    bench.add({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'machine' }, status: { capacity: { cpu: '4' } } });
    bench.settle();
    const mine = bench.get('nodes', '', 'mine');
    expect(mine?.spec.podCIDR).toBe('10.240.24.0/21');
    expect(mine?.status?.allocatable).toEqual({ cpu: '4', memory: '8Gi', pods: '10' });
    expect(conditionOf(mine as KubeObject, 'Ready')).toMatchObject({ status: 'True' });
    expect(bench.get('nodes', '', 'machine')?.status?.conditions).toBeUndefined();
    bench.add(makePod('a', { nodeName: 'mine' }));
    bench.add(makePod('b', { nodeName: 'machine' }));
    bench.settle();
    expect(bench.pod('a').status).toMatchObject({ phase: 'Running', hostIP: '10.0.0.4', podIP: '10.240.24.1' });
    expect(bench.pod('b').status?.phase).toBe('Pending');
  });

  it('[KUB2] is made ready again by its own agent; conditions of others stay', () => {
    const bench = nodeBench({ nodes: virtualNodes(1, START) });
    bench.edit('nodes', 'node-0', ({ status }) => {
      Object.assign(status.conditions[0], { status: 'False', reason: 'Broken' });
      status.conditions.push({ type: 'x.io/odd', status: 'True', reason: 'Odd', message: 'so it is' });
    });
    bench.settle();
    const node = bench.get('nodes', '', 'node-0') as KubeObject;
    expect(conditionOf(node, 'Ready')).toMatchObject({ status: 'True', reason: 'KubeletReady' });
    expect(conditionOf(node, 'x.io/odd')).toMatchObject({ status: 'True', reason: 'Odd' });
  });

  it('takes over pods that were there before it', () => {
    const bench = nodeBench({ nodes: [] });
    bench.add(makePod('early', { nodeName: 'node-0' }));
    bench.settle();
    expect(bench.pod('early').status?.phase).toBe('Pending');
    for (const node of virtualNodes(1, START)) bench.add(node);
    bench.settle();
    expect(bench.pod('early').status?.phase).toBe('Running');
  });
});

describe('[KUB5] [SIM3] the fast table', () => {
  it("gives a pod the status that the reference's nodes give it", () => {
    const init = [
      { name: 'i', image: 'busybox' },
      { name: 's', image: 'busybox', restartPolicy: 'Always' },
    ];
    const bench = running(
      makePod('a', { nodeName: 'node-0', initContainers: init, readinessGates: [{ conditionType: 'x.io/y' }] }),
    );
    const state = { lastState: {}, restartCount: 0, imageID: '', ready: true };
    const condition = (type: string) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: TIME });
    const ended = { exitCode: 0, reason: 'Completed', startedAt: TIME, finishedAt: TIME };
    expect(bench.pod('a').status).toEqual({
      phase: 'Running',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'x.io/y'].map(condition),
      hostIP: '10.0.0.1',
      hostIPs: [{ ip: '10.0.0.1' }],
      podIP: '10.240.0.1',
      podIPs: [{ ip: '10.240.0.1' }],
      startTime: TIME,
      initContainerStatuses: [
        { name: 'i', image: 'busybox', state: { terminated: ended }, ...state },
        { name: 's', image: 'busybox', state: { running: { startedAt: TIME } }, started: true, ...state },
      ],
      containerStatuses: [{ name: 'c', image: 'nginx', state: { running: { startedAt: TIME } }, ...state }],
      qosClass: 'BestEffort',
    });
    expect(reasons(bench, 'a')).toEqual([]);
    expect(bench.timerRows.next()).toBeUndefined();
  });

  it("[KUB7] keeps the scheduler's condition behind its own", () => {
    const bench = running(makePod('a'));
    expect(bench.pod('a').status?.conditions.map((c: Obj) => c.type)).toEqual([
      'Initialized',
      'Ready',
      'ContainersReady',
      'PodScheduled',
    ]);
  });

  it("completes a Job's pod", () => {
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u', controller: true };
    const bench = running(makePod('a', { restartPolicy: 'Never' }, { ownerReferences: [owner] }));
    const { status } = bench.pod('a');
    expect(status?.phase).toBe('Succeeded');
    expect(first(bench.pod('a'))).toMatchObject({
      ready: false,
      started: false,
      state: { terminated: { exitCode: 0, reason: 'Completed' } },
    });
    expect(conditionOf(bench.pod('a'), 'Ready')).toMatchObject({ status: 'True' });
  });

  it('[KUB8] a deleted pod is seen terminating for a moment, then it is gone; finalizers hold it', () => {
    const bench = running(makePod('a'));
    bench.add(makePod('held', {}, { finalizers: ['x.io/hold'] }));
    bench.settle();
    bench.remove('pods', 'a');
    bench.remove('pods', 'held');
    const asked = bench.now;
    bench.turn();
    expect(bench.pod('a').metadata).toMatchObject({ generation: 2, deletionGracePeriodSeconds: 30 });
    expect(bench.reconciler.next()).toBe(asked + CONTAINERS_STOP_MS);
    bench.now = asked + CONTAINERS_STOP_MS - 1;
    bench.edit('pods', 'a', (pod) => Object.assign(pod.metadata, { labels: { late: 'change' } }));
    bench.turn();
    expect(bench.pod('a').status?.phase).toBe('Running');
    bench.now++;
    bench.turn();
    expect(bench.timers.size).toBe(0);
    expect(bench.pods().map((pod) => pod.metadata.name)).toEqual(['held']);
    expect(bench.pod('held').metadata.deletionGracePeriodSeconds).toBe(0);
    bench.edit('pods', 'held', (pod) => delete pod.metadata.finalizers);
    bench.settle();
    expect(bench.pods()).toEqual([]);
  });

  it('[KUB8] by force, or before it is bound, it goes at once', () => {
    const bench = running(makePod('a'));
    bench.add(makePod('nowhere', { nodeSelector: { no: 'where' } }));
    bench.settle();
    bench.remove('pods', 'a', { grace: 0 });
    bench.remove('pods', 'nowhere');
    expect(bench.pods()).toEqual([]);
  });

  it('[KUB9] leaves pods of a node that is gone to others', () => {
    const bench = running(makePod('a', { nodeName: 'node-0' }));
    bench.remove('nodes', 'node-0');
    bench.settle();
    bench.remove('pods', 'a');
    bench.settle();
    expect(bench.pod('a').metadata.deletionTimestamp).toBeDefined();
  });
});

describe('[KUB6] addresses', () => {
  it('are unique among live pods and used again when free', () => {
    const bench = nodeBench({ nodes: virtualNodes(1, START) });
    for (let i = 0; i < 300; i++) bench.add(makePod(`p${i}`));
    bench.settle();
    const ips = () => bench.pods().map((pod) => pod.status?.podIP);
    expect(new Set(ips()).size).toBe(300);
    const freed = bench.pod('p7').status?.podIP;
    bench.remove('pods', 'p7');
    bench.settle();
    bench.add(makePod('next'));
    bench.settle();
    expect(bench.pod('next').status?.podIP).toBe(freed);
    bench.add(makePod('host', { hostNetwork: true }));
    bench.settle();
    expect(bench.pod('host').status).toMatchObject({ podIP: '10.0.0.1', hostIP: '10.0.0.1' });
  });

  it('wait for one another on a full range', () => {
    const [node] = virtualNodes(1, START);
    node.spec = { podCIDR: '10.9.0.0/30', podCIDRs: ['10.9.0.0/30'] };
    const bench = nodeBench({ nodes: [node] });
    for (const name of ['a', 'b', 'c']) bench.add(makePod(name));
    bench.settle();
    const waiting = bench.pods().filter((pod) => pod.status?.phase === 'Pending');
    expect(waiting).toHaveLength(1);
    expect(reasons(bench, waiting[0].metadata.name)).toEqual(['FailedCreatePodSandBox']);
    bench.remove('pods', bench.pods().find((pod) => pod !== waiting[0])?.metadata.name ?? '');
    bench.advance(10_000);
    expect(bench.pods().every((pod) => pod.status?.phase === 'Running')).toBe(true);
    expect(bench.timerRows.next()).toBeUndefined();
  });
});

describe('[SIM2] the lifelike table', () => {
  it('pulls, starts and becomes ready in its own time, and says so', () => {
    const bench = running(makePod('a', {}, simulate({ pullSeconds: 2, readySeconds: 3 })));
    expect(first(bench.pod('a')).state).toEqual({ waiting: { reason: 'ContainerCreating' } });
    expect(bench.pod('a').status?.phase).toBe('Pending');
    bench.advance(2_000);
    expect(first(bench.pod('a'))).toMatchObject({
      ready: false,
      started: true,
      state: { running: { startedAt: '2026-01-01T12:00:02Z' } },
    });
    expect(conditionOf(bench.pod('a'), 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady' });
    bench.advance(2_900);
    expect(first(bench.pod('a')).ready).toBe(false);
    bench.advance(100);
    expect(first(bench.pod('a')).ready).toBe(true);
    expect(bench.pod('a').status?.conditions.map((c: Obj) => [c.type, c.status])).toEqual([
      ['PodReadyToStartContainers', 'True'],
      ['Initialized', 'True'],
      ['Ready', 'True'],
      ['ContainersReady', 'True'],
      ['PodScheduled', 'True'],
    ]);
    expect(reasons(bench, 'a')).toEqual(['Pulling', 'Pulled', 'Created', 'Started']);
    expect(bench.timerRows.next()).toBeUndefined();
  });

  it('[KUB10] backs off failing pulls: 10 s doubling to 300 s', () => {
    const bench = running(makePod('a', {}, simulate({ pull: 'fail' })));
    const seen: [number, string][] = [];
    let last = '';
    for (let at = 0; at < 1000; at += 5) {
      const { reason } = first(bench.pod('a')).state.waiting;
      if (reason !== last) seen.push([at, reason]);
      last = reason;
      bench.advance(5_000);
    }
    const tries = seen.filter(([, reason]) => reason === 'ErrImagePull').map(([at]) => at);
    expect(tries).toEqual([0, 10, 30, 70, 150, 310, 610, 910]);
    expect(bench.pod('a').status?.phase).toBe('Pending');
  });

  it('[KUB10] starts a crashing container again at pauses of 10 s doubling to 300 s', () => {
    const bench = running(makePod('a', {}, simulate({ exitCode: 1, exitSeconds: 5 })));
    const starts = new Set<number>();
    for (let at = 0; at < 400; at++) {
      const { state } = first(bench.pod('a'));
      if (state.running) starts.add(seconds(state.running.startedAt));
      bench.advance(1_000);
    }
    expect([...starts]).toEqual([0, 5, 20, 45, 90, 175, 340]);
    expect(first(bench.pod('a'))).toMatchObject({
      restartCount: 6,
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
      state: { waiting: { reason: 'CrashLoopBackOff' } },
    });
    expect(first(bench.pod('a')).state.waiting.message).toBe(
      `back-off 5m0s restarting failed container=c pod=a_default(${bench.pod('a').metadata.uid})`,
    );
    expect(bench.pod('a').status?.phase).toBe('Running');
  });

  it('ends by its restart policy', () => {
    const bench = nodeBench();
    const end = (name: string, restartPolicy: string, exitCode: number) =>
      bench.add(makePod(name, { restartPolicy }, simulate({ exitCode, exitSeconds: 1 })));
    end('done', 'Never', 0);
    end('failed', 'Never', 3);
    end('once', 'OnFailure', 0);
    end('again', 'OnFailure', 3);
    bench.settle();
    bench.advance(2_000);
    expect(['done', 'failed', 'once'].map((name) => bench.pod(name).status?.phase)).toEqual(['Succeeded', 'Failed', 'Succeeded']);
    expect(first(bench.pod('failed')).state.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(first(bench.pod('again')).restartCount).toBe(1);
    expect(conditionOf(bench.pod('done'), 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
  });

  it('[KUB8] [SIM4] takes its time to end, at most the grace period', () => {
    const bench = nodeBench();
    bench.add(makePod('slow', {}, simulate({ terminationSeconds: 7 })));
    bench.add(makePod('deaf', {}, simulate({ terminationSeconds: 500 })));
    bench.settle();
    bench.remove('pods', 'slow');
    bench.remove('pods', 'deaf', { grace: 20 });
    bench.advance(6_900);
    expect(bench.pods()).toHaveLength(2);
    bench.advance(100);
    expect(bench.pods().map((pod) => pod.metadata.name)).toEqual(['deaf']);
    bench.advance(13_000);
    expect(bench.pods()).toEqual([]);
    expect(bench.timerRows.next()).toBeUndefined();
  });

  it('a node lends its behaviour to its pods, and bad annotations change nothing', () => {
    const bench = nodeBench({ nodes: virtualNodes(1, START) });
    bench.edit('nodes', 'node-0', (node) => Object.assign(node.metadata.annotations, simulate({ ready: false }).annotations));
    bench.add(makePod('a'));
    bench.add(makePod('b', {}, { annotations: { 'atoll.dev/simulate': '{oops' } }));
    bench.settle();
    expect(first(bench.pod('a')).ready).toBe(false);
    expect(first(bench.pod('b')).ready).toBe(true);
  });

  it('[SIM1] jitter is the same for the same pod, and timers can be derived again', () => {
    const bench = running(makePod('a', {}, simulate({ pullSeconds: 1, jitterSeconds: 9 })));
    const at = bench.timerRows.next() as number;
    expect(at).toBeGreaterThanOrEqual(START + 1000);
    expect(at).toBeLessThan(START + 10_000);
    bench.timerRows.cancel('kubelet', 'default', 'a');
    bench.reconciler.resync();
    bench.settle();
    expect(bench.timerRows.next()).toBe(at);
  });

  it('forgets the timers of pods that are deleted by force', () => {
    const bench = running(makePod('a', {}, simulate({ pullSeconds: 60 })));
    bench.remove('pods', 'a', { grace: 0 });
    bench.settle();
    expect(bench.pods()).toEqual([]);
    expect(bench.timerRows.next()).toBeUndefined();
  });
});
