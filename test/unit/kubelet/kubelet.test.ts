import { describe, expect, it } from 'vitest';
import { virtualNodes } from '../../../src/kubelet/node.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { CONTAINERS_STOP_MS } from '../../../src/kubelet/limits.ts';
import { conditionOf, makePod, START, World } from '../scheduler/world.ts';

const TIME = '2026-01-01T12:00:00Z';
const simulate = (behaviour: Obj) => ({ annotations: { 'atoll.dev/simulate': JSON.stringify(behaviour) } });
const first = (pod: KubeObject): Obj => pod.status?.containerStatuses[0];
const reasons = (world: World, name: string) =>
  world
    .events(name)
    .filter((e) => e.reportingComponent === 'kubelet')
    .map((e) => e.reason);
const seconds = (text: string) => (Date.parse(text) - START) / 1000;

function running(pod: Obj): World {
  const world = new World();
  world.create('pods', pod);
  world.drain();
  return world;
}

describe('virtual nodes', () => {
  it('[KUB2] are ready, have a range of addresses of their own and a Lease, and never tick', () => {
    const world = new World();
    const nodes = world.view.list('nodes');
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
      const lease = world.view.get('coordination.k8s.io/leases', 'kube-node-lease', node.metadata.name);
      expect(lease?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Node', uid: node.metadata.uid });
    }
    expect(world.timers.next()).toBeUndefined();
  });

  it('[KUB1] [KUB2] a node that a user makes is run as well, and keeps what it declares', () => {
    const world = new World();
    world.create('nodes', {
      metadata: { name: 'mine', annotations: { 'atoll.dev/virtual-node': 'true' } },
      status: { capacity: { cpu: '4', memory: '8Gi', pods: '10' } },
    });
    world.create('nodes', { metadata: { name: 'machine' }, status: { capacity: { cpu: '4' } } });
    world.drain();
    const mine = world.view.get('nodes', '', 'mine');
    expect(mine?.spec.podCIDR).toBe('10.240.24.0/21');
    expect(mine?.status?.allocatable).toEqual({ cpu: '4', memory: '8Gi', pods: '10' });
    expect(conditionOf(mine as KubeObject, 'Ready')).toMatchObject({ status: 'True' });
    expect(world.view.get('nodes', '', 'machine')?.status?.conditions).toBeUndefined();
    world.create('pods', makePod('a', { nodeName: 'mine' }));
    world.create('pods', makePod('b', { nodeName: 'machine' }));
    world.drain();
    expect(world.pod('a').status).toMatchObject({ phase: 'Running', hostIP: '10.0.0.4', podIP: '10.240.24.1' });
    expect(world.pod('b').status?.phase).toBe('Pending');
  });

  it('[KUB2] is made ready again by its own agent; conditions of others stay', () => {
    const world = new World({ nodes: virtualNodes(1, START) });
    world.update(
      'nodes',
      'node-0',
      ({ status }) => {
        Object.assign(status.conditions[0], { status: 'False', reason: 'Broken' });
        status.conditions.push({ type: 'x.io/odd', status: 'True', reason: 'Odd', message: 'so it is' });
      },
      'status',
    );
    world.drain();
    const node = world.view.get('nodes', '', 'node-0') as KubeObject;
    expect(conditionOf(node, 'Ready')).toMatchObject({ status: 'True', reason: 'KubeletReady' });
    expect(conditionOf(node, 'x.io/odd')).toMatchObject({ status: 'True', reason: 'Odd' });
  });

  it('takes over pods that were there before it', () => {
    const world = new World({ nodes: [] });
    world.create('pods', makePod('early', { nodeName: 'node-0' }));
    world.drain();
    expect(world.pod('early').status?.phase).toBe('Pending');
    for (const node of virtualNodes(1, START)) world.create('nodes', node);
    world.drain();
    expect(world.pod('early').status?.phase).toBe('Running');
  });
});

describe('[KUB5] [SIM3] the fast table', () => {
  it("gives a pod the status that the reference's nodes give it", () => {
    const init = [
      { name: 'i', image: 'busybox' },
      { name: 's', image: 'busybox', restartPolicy: 'Always' },
    ];
    const world = running(
      makePod('a', { nodeName: 'node-0', initContainers: init, readinessGates: [{ conditionType: 'x.io/y' }] }),
    );
    const state = { lastState: {}, restartCount: 0, imageID: '', ready: true };
    const condition = (type: string) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: TIME });
    const ended = { exitCode: 0, reason: 'Completed', startedAt: TIME, finishedAt: TIME };
    expect(world.pod('a').status).toEqual({
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
    expect(reasons(world, 'a')).toEqual([]);
    expect(world.timers.next()).toBeUndefined();
  });

  it("[KUB7] keeps the scheduler's condition behind its own", () => {
    const world = running(makePod('a'));
    expect(world.pod('a').status?.conditions.map((c: Obj) => c.type)).toEqual([
      'Initialized',
      'Ready',
      'ContainersReady',
      'PodScheduled',
    ]);
  });

  it("completes a Job's pod", () => {
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u', controller: true };
    const world = running(makePod('a', { restartPolicy: 'Never' }, { ownerReferences: [owner] }));
    const { status } = world.pod('a');
    expect(status?.phase).toBe('Succeeded');
    expect(first(world.pod('a'))).toMatchObject({
      ready: false,
      started: false,
      state: { terminated: { exitCode: 0, reason: 'Completed' } },
    });
    expect(conditionOf(world.pod('a'), 'Ready')).toMatchObject({ status: 'True' });
  });

  it('[KUB8] a deleted pod is seen terminating for a moment, then it is gone; finalizers hold it', () => {
    const world = running(makePod('a'));
    world.create('pods', makePod('held', {}, { finalizers: ['x.io/hold'] }));
    world.drain();
    world.delete('pods', 'a');
    world.delete('pods', 'held');
    const asked = world.now;
    world.turn();
    expect(world.pod('a').metadata).toMatchObject({ generation: 2, deletionGracePeriodSeconds: 30 });
    expect(world.reconciler.next()).toBe(asked + CONTAINERS_STOP_MS);
    world.now = asked + CONTAINERS_STOP_MS - 1;
    world.update('pods', 'a', (pod) => Object.assign(pod.metadata, { labels: { late: 'change' } }));
    world.turn();
    expect(world.pod('a').status?.phase).toBe('Running');
    world.now++;
    world.turn();
    expect(world.timers.all()).toEqual([]);
    expect(world.pods().map((pod) => pod.metadata.name)).toEqual(['held']);
    expect(world.pod('held').metadata.deletionGracePeriodSeconds).toBe(0);
    world.update('pods', 'held', (pod) => delete pod.metadata.finalizers);
    world.drain();
    expect(world.pods()).toEqual([]);
  });

  it('[KUB8] by force, or before it is bound, it goes at once', () => {
    const world = running(makePod('a'));
    world.create('pods', makePod('nowhere', { nodeSelector: { no: 'where' } }));
    world.drain();
    world.delete('pods', 'a', 0);
    world.delete('pods', 'nowhere');
    expect(world.pods()).toEqual([]);
  });

  it('[KUB9] leaves pods of a node that is gone to others', () => {
    const world = running(makePod('a', { nodeName: 'node-0' }));
    world.delete('nodes', 'node-0');
    world.drain();
    world.delete('pods', 'a');
    world.drain();
    expect(world.pod('a').metadata.deletionTimestamp).toBeDefined();
  });
});

describe('[KUB6] addresses', () => {
  it('are unique among live pods and used again when free', () => {
    const world = new World({ nodes: virtualNodes(1, START) });
    for (let i = 0; i < 300; i++) world.create('pods', makePod(`p${i}`));
    world.drain();
    const ips = () => world.pods().map((pod) => pod.status?.podIP);
    expect(new Set(ips()).size).toBe(300);
    const freed = world.pod('p7').status?.podIP;
    world.delete('pods', 'p7');
    world.drain();
    world.create('pods', makePod('next'));
    world.drain();
    expect(world.pod('next').status?.podIP).toBe(freed);
    world.create('pods', makePod('host', { hostNetwork: true }));
    world.drain();
    expect(world.pod('host').status).toMatchObject({ podIP: '10.0.0.1', hostIP: '10.0.0.1' });
  });

  it('wait for one another on a full range', () => {
    const [node] = virtualNodes(1, START);
    node.spec = { podCIDR: '10.9.0.0/30', podCIDRs: ['10.9.0.0/30'] };
    const world = new World({ nodes: [node] });
    for (const name of ['a', 'b', 'c']) world.create('pods', makePod(name));
    world.drain();
    const waiting = world.pods().filter((pod) => pod.status?.phase === 'Pending');
    expect(waiting).toHaveLength(1);
    expect(reasons(world, waiting[0].metadata.name)).toEqual(['FailedCreatePodSandBox']);
    world.delete('pods', world.pods().find((pod) => pod !== waiting[0])?.metadata.name ?? '');
    world.pass(10);
    expect(world.pods().every((pod) => pod.status?.phase === 'Running')).toBe(true);
    expect(world.timers.next()).toBeUndefined();
  });
});

describe('[SIM2] the lifelike table', () => {
  it('pulls, starts and becomes ready in its own time, and says so', () => {
    const world = running(makePod('a', {}, simulate({ pullSeconds: 2, readySeconds: 3 })));
    expect(first(world.pod('a')).state).toEqual({ waiting: { reason: 'ContainerCreating' } });
    expect(world.pod('a').status?.phase).toBe('Pending');
    world.pass(2);
    expect(first(world.pod('a'))).toMatchObject({
      ready: false,
      started: true,
      state: { running: { startedAt: '2026-01-01T12:00:02Z' } },
    });
    expect(conditionOf(world.pod('a'), 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady' });
    world.pass(2.9);
    expect(first(world.pod('a')).ready).toBe(false);
    world.pass(0.1);
    expect(first(world.pod('a')).ready).toBe(true);
    expect(world.pod('a').status?.conditions.map((c: Obj) => [c.type, c.status])).toEqual([
      ['PodReadyToStartContainers', 'True'],
      ['Initialized', 'True'],
      ['Ready', 'True'],
      ['ContainersReady', 'True'],
      ['PodScheduled', 'True'],
    ]);
    expect(reasons(world, 'a')).toEqual(['Pulling', 'Pulled', 'Created', 'Started']);
    expect(world.timers.next()).toBeUndefined();
  });

  it('[KUB10] backs off failing pulls: 10 s doubling to 300 s', () => {
    const world = running(makePod('a', {}, simulate({ pull: 'fail' })));
    const seen: [number, string][] = [];
    let last = '';
    for (let at = 0; at < 1000; at += 5) {
      const { reason } = first(world.pod('a')).state.waiting;
      if (reason !== last) seen.push([at, reason]);
      last = reason;
      world.pass(5);
    }
    const tries = seen.filter(([, reason]) => reason === 'ErrImagePull').map(([at]) => at);
    expect(tries).toEqual([0, 10, 30, 70, 150, 310, 610, 910]);
    expect(world.pod('a').status?.phase).toBe('Pending');
  });

  it('[KUB10] starts a crashing container again at pauses of 10 s doubling to 300 s', () => {
    const world = running(makePod('a', {}, simulate({ exitCode: 1, exitSeconds: 5 })));
    const starts = new Set<number>();
    for (let at = 0; at < 400; at++) {
      const { state } = first(world.pod('a'));
      if (state.running) starts.add(seconds(state.running.startedAt));
      world.pass(1);
    }
    expect([...starts]).toEqual([0, 5, 20, 45, 90, 175, 340]);
    expect(first(world.pod('a'))).toMatchObject({
      restartCount: 6,
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
      state: { waiting: { reason: 'CrashLoopBackOff' } },
    });
    expect(first(world.pod('a')).state.waiting.message).toBe(
      `back-off 5m0s restarting failed container=c pod=a_default(${world.pod('a').metadata.uid})`,
    );
    expect(world.pod('a').status?.phase).toBe('Running');
  });

  it('ends by its restart policy', () => {
    const world = new World();
    const end = (name: string, restartPolicy: string, exitCode: number) =>
      world.create('pods', makePod(name, { restartPolicy }, simulate({ exitCode, exitSeconds: 1 })));
    end('done', 'Never', 0);
    end('failed', 'Never', 3);
    end('once', 'OnFailure', 0);
    end('again', 'OnFailure', 3);
    world.drain();
    world.pass(2);
    expect(['done', 'failed', 'once'].map((name) => world.pod(name).status?.phase)).toEqual(['Succeeded', 'Failed', 'Succeeded']);
    expect(first(world.pod('failed')).state.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(first(world.pod('again')).restartCount).toBe(1);
    expect(conditionOf(world.pod('done'), 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
  });

  it('[KUB8] [SIM4] takes its time to end, at most the grace period', () => {
    const world = new World();
    world.create('pods', makePod('slow', {}, simulate({ terminationSeconds: 7 })));
    world.create('pods', makePod('deaf', {}, simulate({ terminationSeconds: 500 })));
    world.drain();
    world.delete('pods', 'slow');
    world.delete('pods', 'deaf', 20);
    world.pass(6.9);
    expect(world.pods()).toHaveLength(2);
    world.pass(0.1);
    expect(world.pods().map((pod) => pod.metadata.name)).toEqual(['deaf']);
    world.pass(13);
    expect(world.pods()).toEqual([]);
    expect(world.timers.next()).toBeUndefined();
  });

  it('a node lends its behaviour to its pods, and bad annotations change nothing', () => {
    const world = new World({ nodes: virtualNodes(1, START) });
    world.update('nodes', 'node-0', (node) => Object.assign(node.metadata.annotations, simulate({ ready: false }).annotations));
    world.create('pods', makePod('a'));
    world.create('pods', makePod('b', {}, { annotations: { 'atoll.dev/simulate': '{oops' } }));
    world.drain();
    expect(first(world.pod('a')).ready).toBe(false);
    expect(first(world.pod('b')).ready).toBe(true);
  });

  it('[SIM1] jitter is the same for the same pod, and timers can be derived again', () => {
    const world = running(makePod('a', {}, simulate({ pullSeconds: 1, jitterSeconds: 9 })));
    const at = world.timers.next() as number;
    expect(at).toBeGreaterThanOrEqual(START + 1000);
    expect(at).toBeLessThan(START + 10_000);
    world.timers.cancel('kubelet', 'default', 'a');
    world.reconciler.resync();
    world.drain();
    expect(world.timers.next()).toBe(at);
  });

  it('forgets the timers of pods that are deleted by force', () => {
    const world = running(makePod('a', {}, simulate({ pullSeconds: 60 })));
    world.delete('pods', 'a', 0);
    world.drain();
    expect(world.pods()).toEqual([]);
    expect(world.timers.next()).toBeUndefined();
  });
});
