import { describe, expect, it } from 'vitest';
import { virtualNodes } from '../../../src/kubelet/node.ts';
import type { Obj } from '../../../src/lib/json.ts';
import type { Reader } from '../../../src/registry/view.ts';
import { decide } from '../../../src/scheduler/explain.ts';
import { explainerOf, READ } from '../../../src/scheduler/explanation.ts';
import { nothingTaken } from '../../../src/scheduler/framework.ts';
import { podInfo } from '../../../src/scheduler/pod-info.ts';
import { Snapshot } from '../../../src/scheduler/snapshot.ts';
import { claim, storageClass, volumesOf } from '../../fixtures/volumes.ts';
import { askingPod, makePod } from '../../fixtures/workloads.ts';
import { makeCluster, type TestCluster } from '../../host/make-cluster.ts';
import { nodeBench, START } from '../../host/node-bench.ts';

const PODS = '/api/v1/namespaces/default/pods';
const pathOf = (name: string, namespace = 'default') =>
  `/apis/explain.atoll.dev/v1/namespaces/${namespace}/podschedulings/${name}`;
const explained = (lab: TestCluster, name: string): Obj => lab.do('GET', pathOf(name)).body;
const onNode = ({ nodes }: Obj, name: string): Obj => nodes.find((node: Obj) => node.name === name);
const scoresOf = (node: Obj): Obj =>
  Object.fromEntries(node.scores.map((s: Obj) => [s.plugin, [s.raw, s.normalized, s.weight, s.weighted]]));

function withPods(...pods: Obj[]): TestCluster {
  const lab = makeCluster({ seed: 3 });
  for (const pod of pods) expect(lab.do('POST', PODS, pod).status).toBe(201);
  return lab;
}

const PREFERENCE = {
  weight: 7,
  preference: { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['node-1'] }] },
};
const likes = { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [PREFERENCE] } } };

describe('[SCH11] explanations', () => {
  it('says per node and plugin why a pod fits nowhere', () => {
    const lab = makeCluster({ seed: 3 });
    const node = lab.do('GET', '/api/v1/nodes/node-0').body;
    lab.do('PUT', '/api/v1/nodes/node-0', { ...node, spec: { ...node.spec, unschedulable: true } });
    lab.do('POST', PODS, askingPod('big', { cpu: '900' }));
    const found = explained(lab, 'big');
    expect(found).toMatchObject({
      kind: 'PodScheduling',
      metadata: { name: 'big', namespace: 'default', ownerReferences: [{ kind: 'Pod', name: 'big' }] },
      schedulerName: 'default-scheduler',
      result: 'Unschedulable',
      reason: 'Unschedulable',
      feasibleNodes: 0,
      totalNodes: 3,
      state: { moment: 'Now' },
    });
    expect(found.message).toContain('2 Insufficient cpu');
    expect(onNode(found, 'node-0')).toMatchObject({
      feasible: false,
      rejection: { plugin: 'NodeUnschedulable', reasons: ['node(s) were unschedulable'], code: 'UnschedulableAndUnresolvable' },
    });
    const verdicts = Object.fromEntries(onNode(found, 'node-0').filters.map((f: Obj) => [f.plugin, f.passed]));
    expect(verdicts).toMatchObject({ NodeUnschedulable: false, NodeResourcesFit: false, NodeName: true });
    expect(onNode(found, 'node-1').rejection).toMatchObject({ plugin: 'NodeResourcesFit', reasons: ['Insufficient cpu'] });
  });

  it('shows the scores that a bound pod was placed by, whatever has happened since', () => {
    const lab = withPods(makePod('likes', likes));
    const before = explained(lab, 'likes');
    expect(before).toMatchObject({
      result: 'Scheduled',
      nodeName: 'node-1',
      feasibleNodes: 3,
      state: { moment: 'BeforeBinding' },
    });
    const chosen = onNode(before, 'node-1');
    expect(chosen).toMatchObject({ best: true, chosen: true });
    expect(scoresOf(chosen).NodeAffinity).toEqual([7, 100, 2, 200]);
    expect(scoresOf(onNode(before, 'node-0')).NodeAffinity).toEqual([0, 0, 2, 0]);
    const sum = (node: Obj) => node.scores.reduce((total: number, score: Obj) => total + score.weighted, 0);
    for (const node of before.nodes) expect(node.total).toBe(sum(node));
    lab.do('POST', PODS, askingPod('heavy', { cpu: '20', memory: '100Gi' }, { nodeName: 'node-1' }));
    lab.do('DELETE', '/api/v1/nodes/node-2');
    expect(explained(lab, 'likes')).toEqual(before);
    lab.crash();
    expect(explained(lab, 'likes')).toEqual(before);
  });

  it('knows what the pods of one plan took from each other', () => {
    const lab = makeCluster({ seed: 3 });
    for (const name of ['node-1', 'node-2']) lab.do('DELETE', `/api/v1/nodes/${name}`);
    for (const name of ['a', 'b']) lab.request('POST', PODS, askingPod(name, { cpu: '8' }));
    lab.settle();
    const fit = (name: string) => scoresOf(explained(lab, name).nodes[0]).NodeResourcesFit[0];
    expect(fit('b')).toBeLessThan(fit('a'));
  });

  it('decides nothing for pods that are none of its own', () => {
    const lab = withPods(
      makePod('gated', { schedulingGates: [{ name: 'x.io/wait' }] }),
      makePod('foreign', { schedulerName: 'mine' }),
      makePod('placed', { nodeName: 'node-0' }),
    );
    expect(explained(lab, 'gated')).toMatchObject({ result: 'Gated', reason: 'SchedulingGated' });
    expect(explained(lab, 'foreign')).toMatchObject({ result: 'OtherScheduler', schedulerName: 'mine' });
    expect(explained(lab, 'placed')).toMatchObject({ result: 'AssignedAtCreation', nodeName: 'node-0' });
    expect(lab.do('GET', pathOf('nobody')).status).toBe(404);
    expect(lab.do('GET', pathOf('').slice(0, -1)).status).toBe(404);
  });

  it('tells which nodes of a large cluster were not looked at, and forgets what the log forgot', () => {
    const bench = nodeBench({ nodes: virtualNodes(300, START) });
    bench.add(makePod('a'));
    bench.settle();
    const found = explainerOf(bench.registry.view).scheduling(bench.pod('a'));
    expect(found.nodes.filter((node: Obj) => node.examined === false)).toHaveLength(300 - 144);
    expect(found).toMatchObject({ feasibleNodes: 144, totalNodes: 300 });
    expect(onNode(found, bench.pod('a').spec.nodeName)).toMatchObject({ best: true, chosen: true });
    bench.registry.store.compact(bench.revision);
    expect(explainerOf(bench.registry.view).scheduling(bench.pod('a'))).toMatchObject({
      result: 'Scheduled',
      state: { moment: 'Forgotten' },
    });
  });

  it('finds a binding that is the oldest of what the log has', () => {
    const bench = nodeBench();
    bench.add(makePod('early'));
    bench.settle();
    const before = bench.revision;
    bench.add(makePod('a'));
    bench.settle();
    bench.registry.store.compact(before);
    const note = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' } };
    bench.add(note);
    for (let i = 0; i < 1100; i++) bench.edit('configmaps', 'c', (c) => (c.data = { i: String(i) }));
    const momentOf = (name: string) => explainerOf(bench.registry.view).scheduling(bench.pod(name)).state.moment;
    expect(['early', 'a'].map(momentOf)).toEqual(['Forgotten', 'BeforeBinding']);
  });

  it('reads nothing that the past lacks', () => {
    const seen = new Set<string>();
    const bench = nodeBench();
    const { view } = bench.registry;
    const reader: Reader = {
      get: (resource, ...key) => view.get(seen.add(resource) && resource, ...key),
      list: (resource, ...of) => view.list(seen.add(resource) && resource, ...of),
      index: (definition) => definition.build(reader),
    };
    const hostname = 'kubernetes.io/hostname';
    const labelSelector = { matchLabels: { app: 'a' } };
    bench.add(storageClass('late', { volumeBindingMode: 'WaitForFirstConsumer', provisioner: 'csi.example.com' }));
    bench.add(claim('c', { storageClassName: 'late' }));
    const spec = {
      volumes: volumesOf('c'),
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector, topologyKey: hostname, namespaceSelector: labelSelector },
          ],
        },
      },
    };
    bench.add(makePod('bound', { nodeName: 'node-0' }, { labels: { app: 'a' } }));
    bench.add(makePod('a', spec));
    decide(podInfo(bench.pod('a')), new Snapshot(reader), reader);
    expect([...seen].filter((resource) => !READ.has(resource))).toEqual([]);
    expect([...seen]).toEqual(expect.arrayContaining(['namespaces', 'services', 'storage.k8s.io/csidrivers']));
  });

  it('changes nothing that the next decision sees', () => {
    const bench = nodeBench();
    bench.add(storageClass('late', { volumeBindingMode: 'WaitForFirstConsumer' }));
    bench.add(claim('c', { storageClassName: 'late' }));
    bench.add(makePod('a', { volumes: volumesOf('c') }));
    bench.settle();
    bench.edit('persistentvolumeclaims', 'c', (c) => delete c.metadata.annotations);
    const snapshot = new Snapshot(bench.registry.view);
    const decision = decide(podInfo(bench.pod('a')), snapshot, bench.registry.view);
    expect(decision.nominated?.name).toBe(bench.pod('a').status.nominatedNodeName);
    expect(decision.nodes.filter(({ total }) => total !== undefined)).toHaveLength(3);
    expect(snapshot.taken).toEqual(nothingTaken());
  });

  it('is for those who may get it: who views a namespace may', () => {
    const lab = withPods(makePod('a'));
    const as = { 'impersonate-user': 'ann' };
    expect(lab.do('GET', pathOf('a'), undefined, as).status).toBe(403);
    lab.do('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      metadata: { name: 'ann' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }],
    });
    expect(lab.do('GET', pathOf('a'), undefined, as).status).toBe(200);
  });
});

describe('[SCH10] a scheduler of the user', () => {
  it('binds pods that name it through the API; nobody else touches them', () => {
    const lab = withPods(makePod('mine', { schedulerName: 'my-scheduler' }));
    lab.advance(600_000);
    const waiting = lab.do('GET', `${PODS}/mine`).body;
    expect([waiting.spec.nodeName, waiting.status.conditions]).toEqual([undefined, undefined]);
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'mine' }, target: { kind: 'Node', name: 'node-2' } };
    expect(lab.do('POST', `${PODS}/mine/binding`, binding).status).toBe(201);
    const { spec, status } = lab.do('GET', `${PODS}/mine`).body;
    expect([spec.nodeName, status.phase]).toEqual(['node-2', 'Running']);
    expect(lab.do('POST', `${PODS}/mine/binding`, binding).status).toBe(409);
  });
});
