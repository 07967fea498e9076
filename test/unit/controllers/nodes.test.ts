import { timersIn } from '../../host/timers-in.ts';
import { describe, expect, it } from 'vitest';
import { rfc3339 } from '../../../src/api/machinery/time.ts';
import { nodeLifecycle } from '../../../src/controllers/node-lifecycle/reconcile.ts';
import { ttlController } from '../../../src/controllers/node-lifecycle/ttl.ts';
import { podGc } from '../../../src/controllers/pod-gc/reconcile.ts';
import { clusterRoleAggregation } from '../../../src/controllers/rbac-aggregation/reconcile.ts';
import { taintEviction } from '../../../src/controllers/taint-eviction/reconcile.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { pod, readyCondition } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';
import { START as NOW } from '../../host/make-registry.ts';
import { makeCluster } from '../../host/make-cluster.ts';

const node = (ready: string | undefined = 'True', spec: Obj = {}, labels: Record<string, string> = {}): Obj => ({
  kind: 'Node',
  apiVersion: 'v1',
  metadata: { name: 'n', labels },
  spec,
  status: { conditions: ready === undefined ? [] : [{ type: 'Ready', status: ready, lastHeartbeatTime: rfc3339(NOW) }] },
});
const bare: Obj = { ...node(), status: {} };
const running = (name: string, tolerations: Obj[] = []): Obj => ({
  ...pod(name, { node: 'n', phase: 'Running', spec: { tolerations } }),
  status: { phase: 'Running', conditions: [readyCondition(true, NOW)] },
});
const make = (...objects: Obj[]) => {
  const bench = new ControllerBench([...nodeLifecycle, ttlController, taintEviction, podGc, clusterRoleAggregation]);
  for (const object of objects) bench.add(object);
  bench.settle();
  return bench;
};
const get = (bench: ControllerBench) => bench.get('nodes', '', 'n');
const setReady = (bench: ControllerBench, status: string) => {
  bench.edit('nodes', 'n', (n) => Object.assign(n.status, { conditions: [{ type: 'Ready', status }] }), '');
  bench.settle();
};
const gone = (bench: ControllerBench, name: string) =>
  bench.get('pods', 'default', name)?.metadata.deletionTimestamp !== undefined;

describe('node lifecycle', () => {
  it('[CTL80] taints follow conditions and cordons, and leave others alone', () => {
    const bench = make(node('False', { taints: [{ key: 'mine', effect: 'NoSchedule' }], unschedulable: true }));
    expect(get(bench)?.spec.taints).toEqual([
      { key: 'mine', effect: 'NoSchedule' },
      { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule', timeAdded: rfc3339(NOW) },
      { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: rfc3339(NOW) },
      { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute', timeAdded: rfc3339(NOW) },
    ]);
    setReady(bench, 'Unknown');
    expect(get(bench)?.spec.taints.map((t: Obj) => `${t.key}:${t.effect}`)).toEqual([
      'mine:NoSchedule',
      'node.kubernetes.io/unschedulable:NoSchedule',
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
    ]);
    bench.edit('nodes', 'n', (n) => Object.assign(n.spec, { unschedulable: false }), '');
    setReady(bench, 'True');
    expect(get(bench)?.spec.taints).toEqual([{ key: 'mine', effect: 'NoSchedule' }]);
  });

  it('[CTL81] welcomes a node once it is ready, and completes its labels and annotations', () => {
    const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
    const bench = make(node('True', { taints: [taint] }, { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' }));
    expect(bench.said()).toEqual(['Normal RegisteredNode Node n event: Registered Node n in Controller']);
    expect(get(bench)?.spec.taints).toBeUndefined();
    expect(get(bench)?.metadata.labels).toMatchObject({ 'beta.kubernetes.io/os': 'linux', 'beta.kubernetes.io/arch': 'amd64' });
    expect(get(bench)?.metadata.annotations).toEqual({ 'node.alpha.kubernetes.io/ttl': '0' });
  });

  it('[CTL82] a node with a lease is lost 50 s after its last renewal; one without is left alone', () => {
    const bench = make(node(), running('p'));
    bench.advance(3_600_000);
    expect(get(bench)?.status.conditions[0].status).toBe('True');
    const renewTime = `${new Date(bench.now).toISOString().slice(0, 23)}000Z`;
    bench.add({
      kind: 'Lease',
      apiVersion: 'coordination.k8s.io/v1',
      metadata: { name: 'n', namespace: 'kube-node-lease' },
      spec: { renewTime },
    });
    bench.advance(50_000);
    expect(get(bench)?.status.conditions[0].status).toBe('True');
    bench.advance(1000);
    expect(get(bench)?.status.conditions.map((c: Obj) => [c.type, c.status, c.reason])).toEqual([
      ['Ready', 'Unknown', 'NodeStatusUnknown'],
      ['MemoryPressure', 'Unknown', 'NodeStatusNeverUpdated'],
      ['DiskPressure', 'Unknown', 'NodeStatusNeverUpdated'],
      ['PIDPressure', 'Unknown', 'NodeStatusNeverUpdated'],
    ]);
    expect(get(bench)?.spec.taints.map((t: Obj) => t.key)).toContain('node.kubernetes.io/unreachable');
    expect(bench.said()).toEqual(
      expect.arrayContaining([
        'Normal NodeNotReady Node n status is now: NodeNotReady',
        'Warning NodeNotReady Node is not ready',
      ]),
    );
  });

  it('[CTL82] a node that never spoke is lost after a minute', () => {
    const bench = make(bare);
    bench.advance(60_001);
    expect(get(bench)?.status.conditions[0]).toMatchObject({
      type: 'Ready',
      status: 'Unknown',
      reason: 'NodeStatusNeverUpdated',
    });
  });

  it('[CTL83] pods of a node that stops being ready are not ready', () => {
    const bench = make(node(), running('p', [{ operator: 'Exists' }]));
    setReady(bench, 'False');
    expect(bench.get('pods', 'default', 'p')?.status.conditions[0]).toMatchObject({ type: 'Ready', status: 'False' });
    expect(bench.said('NodeNotReady')).toEqual(['Warning NodeNotReady Node is not ready']);
  });
});

describe('taint eviction', () => {
  const taint = { key: 'k', value: 'v', effect: 'NoExecute', timeAdded: rfc3339(NOW) };

  it('[CTL84] evicts at once what does not tolerate, later what tolerates for a while, never what tolerates', () => {
    const bench = make(
      node(),
      running('none'),
      running('while', [{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }]),
      running('ever', [{ key: 'k', value: 'v' }]),
      running('other', [{ key: 'k', value: 'w' }]),
    );
    bench.edit('nodes', 'n', (n) => Object.assign(n.spec, { taints: [taint] }), '');
    bench.settle();
    expect(['none', 'while', 'ever', 'other'].map((name) => gone(bench, name))).toEqual([true, false, false, true]);
    expect(bench.get('pods', 'default', 'none')?.status.conditions[1]).toMatchObject({
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
    });
    expect(bench.said('TaintManagerEviction')).toContain('Normal TaintManagerEviction Marking for deletion Pod default/none');
    bench.advance(299_999);
    expect(gone(bench, 'while')).toBe(false);
    bench.advance(1);
    expect(gone(bench, 'while')).toBe(true);
  });

  it('[CTL84] a taint that goes in time spares the pod', () => {
    const bench = make(
      node('True', { taints: [taint] }),
      running('while', [{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }]),
    );
    bench.advance(100_000);
    bench.edit('nodes', 'n', (n) => Object.assign(n.spec, { taints: [] }), '');
    bench.advance(1_000_000);
    expect(gone(bench, 'while')).toBe(false);
    expect(bench.timers.size).toBe(0);
  });
});

describe('pod garbage collector', () => {
  it('[CTL85] pods of a node that is gone fail and go', () => {
    const bench = make(node(), running('p'), { ...running('held'), metadata: { name: 'held', finalizers: ['x/y'] } });
    bench.remove('nodes', 'n', { namespace: '' });
    bench.advance(39_999);
    expect(bench.names('pods')).toEqual(['held', 'p']);
    bench.advance(1);
    expect(bench.names('pods')).toEqual(['held']);
    expect(bench.get('pods', 'default', 'held')?.status).toMatchObject({ phase: 'Failed', observedGeneration: 1 });
    expect(bench.get('pods', 'default', 'held')?.status.conditions[1]).toMatchObject({
      type: 'DisruptionTarget',
      reason: 'DeletionByPodGC',
      message: 'PodGC: node no longer exists',
    });
  });

  it('[CTL85] [CTL87] a missing node is waited for: from its removal, or from its first pod when there never was one', () => {
    const host = makeCluster({ nodes: 1 });
    const pods = '/api/v1/namespaces/default/pods';
    const names = () => host.do('GET', pods).body.items.map((p: Obj) => p.metadata.name);
    const create = (name: string, nodeName: string) =>
      host.do('POST', pods, { metadata: { name }, spec: { nodeName, containers: [{ name: 'c', image: 'x' }] } });
    create('old', 'node-0');
    host.advance(600_000);
    const { uid } = host.do('GET', '/api/v1/nodes/node-0').body.metadata;
    host.do('DELETE', '/api/v1/nodes/node-0');
    const events = host.do('GET', '/api/v1/namespaces/default/events?fieldSelector=reason%3DRemovingNode').body.items;
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      involvedObject: { kind: 'Node', apiVersion: 'v1', name: 'node-0', uid },
      message: 'Node node-0 event: Removing Node node-0 from Controller',
      count: 1,
    });
    create('nowhere', 'never-was');
    host.advance(20_000);
    create('late', 'never-was');
    host.do('DELETE', `${pods}/late`);
    host.crash();
    host.advance(19_999);
    expect(names()).toEqual(['late', 'nowhere', 'old']);
    host.advance(1);
    expect(names()).toEqual([]);
    expect(timersIn(host.sql)).toEqual([]);
  });

  it('[CTL85] all pods of a missing node go, however many', () => {
    const bench = make(node(), ...Array.from({ length: 1100 }, (_, i) => running(`p${i}`)));
    bench.remove('nodes', 'n', { namespace: '' });
    bench.advance(41_000);
    expect(bench.names('pods')).toEqual([]);
    expect(bench.timers.size).toBe(0);
  });

  it('[CTL85] a node that comes back in time keeps its pods', () => {
    const host = makeCluster({ nodes: 1 });
    const pods = '/api/v1/namespaces/default/pods';
    host.do('POST', pods, { metadata: { name: 'p' }, spec: { nodeName: 'node-0', containers: [{ name: 'c', image: 'x' }] } });
    host.do('DELETE', '/api/v1/nodes/node-0');
    host.advance(30_000);
    expect(timersIn(host.sql).map((t) => t.name)).toEqual(['node-0']);
    const annotations = { 'atoll.dev/virtual-node': 'true' };
    host.do('POST', '/api/v1/nodes', { metadata: { name: 'node-0', annotations } });
    expect(timersIn(host.sql)).toEqual([]);
    host.advance(120_000);
    expect(host.do('GET', `${pods}/p`).body.status.phase).toBe('Running');
  });

  it('[CTL85] pods of a node that is out of service and removed at once are waited for as well', () => {
    const bench = make(node(), running('p', [{ operator: 'Exists' }]));
    bench.advance(60_000);
    bench.edit('nodes', 'n', (n) => {
      n.spec.taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }];
      n.status.conditions = [{ type: 'Ready', status: 'False' }];
    });
    bench.remove('nodes', 'n', { namespace: '' });
    bench.advance(39_999);
    expect(bench.names('pods')).toEqual(['p']);
    bench.advance(1);
    expect(bench.names('pods')).toEqual([]);
  });

  it('[CTL85] a missing node is waited for from its removal when the Event is written after the first look', () => {
    const bench = make(running('p', [{ operator: 'Exists' }]));
    const at = bench.now + 10_000;
    bench.advance(10_000);
    bench.add(node());
    bench.remove('nodes', 'n', { namespace: '' });
    bench.settle();
    expect(bench.timers.get('pod-garbage-collector||n')).toBe(at + 40_000);
  });

  it('[CTL85] pods that terminate on a node that is out of service later are finished', () => {
    const bench = make(node('False'), running('p', [{ operator: 'Exists' }]), running('q', [{ operator: 'Exists' }]));
    bench.remove('pods', 'p');
    bench.settle();
    expect(bench.names('pods')).toEqual(['p', 'q']);
    bench.edit('nodes', 'n', (n) =>
      Object.assign(n.spec, { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] }),
    );
    bench.settle();
    expect(bench.names('pods')).toEqual(['q']);
  });

  it('[CTL85] pods that go on a node out of service are finished', () => {
    const bench = make(
      node('False', { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] }),
      running('p', [{ operator: 'Exists' }]),
    );
    expect(bench.names('pods')).toEqual(['p']);
    bench.remove('pods', 'p');
    bench.settle();
    expect(bench.names('pods')).toEqual([]);
  });
});

describe('cluster role aggregation', () => {
  it('[CTL86] unites the rules of the selected roles, without duplicates', () => {
    const role = (name: string, labels: Obj, rules: Obj[], more: Obj = {}) => ({
      kind: 'ClusterRole',
      apiVersion: 'rbac.authorization.k8s.io/v1',
      metadata: { name, labels },
      rules,
      ...more,
    });
    const [a, b] = [
      { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['list'], apiGroups: [''], resources: ['pods'] },
    ];
    const bench = make(
      role('all', {}, [], { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'all' } }] } }),
      role('x', { to: 'all' }, [a]),
      role('y', { to: 'all' }, [a, b]),
      role('z', {}, [b]),
    );
    expect(bench.get('rbac.authorization.k8s.io/clusterroles', '', 'all')?.rules).toEqual([a, b]);
  });
});
