import { describe, expect, it } from 'vitest';
import type { Obj } from '../../../src/lib/json.ts';
import { askingPod, conditionOf, makePod } from '../../fixtures/workloads.ts';
import type { ControllerBench } from '../../host/controller-bench.ts';
import { nodeBench } from '../../host/node-bench.ts';

const ON_2 = { nodeSelector: { 'kubernetes.io/hostname': 'node-2' } };
const unhelpful = (n: number) =>
  `no new claims to deallocate, preemption: 0/3 nodes are available: ${n} Preemption is not helpful for scheduling.`;
const anti = (app: string): Obj => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app } } },
      ],
    },
  },
});
const near = (app: string): Obj => ({ affinity: { podAffinity: anti(app).affinity.podAntiAffinity } });
const fields = (...names: string[]): Obj => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: names.map((name) => ({ key: 'metadata.name', operator: 'In', values: [name] })) }],
      },
    },
  },
});

/** The sentence of the last pod's condition, after all of them were scheduled. */
function sentence(...pods: Obj[]): string | undefined {
  const bench = nodeBench();
  for (const pod of pods) {
    bench.add(pod);
    bench.settle();
  }
  return conditionOf(bench.pod(pods.at(-1)?.metadata.name), 'PodScheduled')?.message;
}

/** Every sentence was taken from a real cluster of three nodes. */
describe('[SCH5] reasons', () => {
  it('node selector', () => {
    expect(sentence(makePod('a', { nodeSelector: { a: 'b' } }))).toBe(
      `0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. ${unhelpful(3)}`,
    );
  });

  it('extended resource', () => {
    const pod = makePod('gpu', {
      containers: [
        { name: 'c', image: 'x', resources: { limits: { 'nvidia.com/gpu': '1' }, requests: { 'nvidia.com/gpu': '1' } } },
      ],
    });
    expect(sentence(pod)).toBe(`0/3 nodes are available: 3 Insufficient nvidia.com/gpu. ${unhelpful(3)}`);
  });

  it('host ports, and no victims to be found', () => {
    const ports = { ...ON_2, containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 80, hostPort: 80 }] }] };
    expect(sentence(makePod('a', ports), makePod('b', ports))).toBe(
      "0/3 nodes are available: 1 node(s) didn't have free ports for the requested pod ports, 2 node(s) didn't match Pod's node " +
        'affinity/selector. no new claims to deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for ' +
        'incoming pod, 2 Preemption is not helpful for scheduling.',
    );
  });

  it('named nodes: one that is not there, one that does not match, and two at once', () => {
    expect(sentence(makePod('a', fields('node-9')))).toBe(
      `0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity]. ${unhelpful(3)}`,
    );
    expect(sentence(makePod('a', { nodeSelector: { a: 'b' }, ...fields('node-1') }))).toBe(
      "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 2 node(s) didn't satisfy plugin(s) " +
        `[NodeAffinity]. ${unhelpful(3)}`,
    );
    expect(sentence(makePod('a', fields('node-1', 'node-2')))).toBe(
      '0/3 nodes are available: pod affinity terms conflict. not found',
    );
  });

  it('pod affinity and topology spread', () => {
    expect(sentence(makePod('a', near('nobody')))).toBe(
      `0/3 nodes are available: 3 node(s) didn't match pod affinity rules. ${unhelpful(3)}`,
    );
    const spread = {
      topologyKey: 'zone',
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { x: 'y' } },
    };
    expect(sentence(makePod('a', { topologySpreadConstraints: [spread] }))).toBe(
      `0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints (missing required label). ${unhelpful(3)}`,
    );
  });

  it('claims', () => {
    const volume = (claimName: string) => ({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }] });
    expect(sentence(makePod('a', volume('nope')))).toBe(
      '0/3 nodes are available: persistentvolumeclaim "nope" not found. not found',
    );
    const bench = nodeBench();
    bench.add({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'claim', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    bench.add(makePod('b', volume('claim')));
    bench.settle();
    expect(conditionOf(bench.pod('b'), 'PodScheduled')?.message).toBe(
      '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found',
    );
  });

  it('taints, cordons and resources side by side', () => {
    const bench = nodeBench();
    bench.edit('nodes', 'node-1', (node) =>
      Object.assign(node.spec, { taints: [{ key: 'k', value: '1', effect: 'NoSchedule' }] }),
    );
    bench.edit('nodes', 'node-2', (node) => Object.assign(node.spec, { unschedulable: true }));
    bench.add(askingPod('a', { cpu: '33' }));
    bench.settle();
    expect(conditionOf(bench.pod('a'), 'PodScheduled')?.message).toBe(
      '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. ' +
        unhelpful(3),
    );
  });
});

describe('placement', () => {
  const where = (bench: ControllerBench, name: string) => bench.pod(name).spec.nodeName;

  it('keeps pods with anti-affinity apart, and takes a fourth for none', () => {
    const bench = nodeBench();
    for (let i = 0; i < 4; i++) bench.add(makePod(`p${i}`, anti('db'), { labels: { app: 'db' } }));
    bench.settle();
    expect(new Set(['p0', 'p1', 'p2'].map((name) => where(bench, name))).size).toBe(3);
    expect(conditionOf(bench.pod('p3'), 'PodScheduled')?.message).toBe(
      "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. no new claims to deallocate, preemption: 0/3 nodes " +
        'are available: 3 No preemption victims found for incoming pod.',
    );
    bench.add(makePod('stranger', {}, { labels: { app: 'db' } }));
    bench.settle();
    expect(conditionOf(bench.pod('stranger'), 'PodScheduled')?.message).toContain(
      "3 node(s) didn't satisfy existing pods anti-affinity rules.",
    );
  });

  it('puts pods with affinity together; the first of a kind may go anywhere', () => {
    const bench = nodeBench();
    for (let i = 0; i < 3; i++) bench.add(makePod(`p${i}`, near('web'), { labels: { app: 'web' } }));
    bench.settle();
    expect(new Set(['p0', 'p1', 'p2'].map((name) => where(bench, name))).size).toBe(1);
  });

  it('obeys hard topology spread', () => {
    const bench = nodeBench();
    const spread = {
      topologyKey: 'kubernetes.io/hostname',
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
    };
    for (let i = 0; i < 9; i++) {
      bench.add(makePod(`p${i}`, { topologySpreadConstraints: [spread] }, { labels: { app: 'web' } }));
    }
    bench.settle();
    for (const node of ['node-0', 'node-1', 'node-2'])
      expect(bench.pods().filter((p) => p.spec.nodeName === node)).toHaveLength(3);
  });

  it('prefers: node affinity, untainted nodes, emptier nodes', () => {
    const bench = nodeBench();
    bench.edit('nodes', 'node-1', (node) => Object.assign(node.metadata.labels, { disk: 'ssd' }));
    const preference = { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] };
    const affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }] } };
    bench.add(makePod('likes', { affinity }));
    bench.settle();
    expect(where(bench, 'likes')).toBe('node-1');
    for (const name of ['node-0', 'node-1']) {
      bench.edit('nodes', name, (node) => Object.assign(node.spec, { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] }));
    }
    bench.add(makePod('avoids'));
    bench.settle();
    expect(where(bench, 'avoids')).toBe('node-2');
    for (const name of ['node-0', 'node-1']) bench.edit('nodes', name, (node) => Object.assign(node.spec, { taints: [] }));
    bench.add(askingPod('heavy', { cpu: '20', memory: '160Gi' }, { nodeName: 'node-0' }));
    bench.add(askingPod('weighty', { cpu: '10', memory: '80Gi' }, { nodeName: 'node-1' }));
    bench.add(askingPod('light', { cpu: '1', memory: '8Gi' }));
    bench.settle();
    expect(where(bench, 'light')).toBe('node-2');
  });

  it('tolerations open tainted and cordoned nodes', () => {
    const bench = nodeBench();
    for (const name of ['node-0', 'node-1', 'node-2']) {
      bench.edit('nodes', name, (node) => Object.assign(node.spec, { taints: [{ key: 'k', value: 'v', effect: 'NoExecute' }] }));
    }
    bench.add(makePod('equal', { tolerations: [{ key: 'k', operator: 'Equal', value: 'v', effect: 'NoExecute' }] }));
    bench.add(makePod('any', { tolerations: [{ operator: 'Exists' }] }));
    bench.add(makePod('wrong', { tolerations: [{ key: 'k', operator: 'Equal', value: 'w' }] }));
    bench.settle();
    expect([where(bench, 'equal'), where(bench, 'any')]).toEqual([
      expect.stringMatching(/^node/),
      expect.stringMatching(/^node/),
    ]);
    expect(where(bench, 'wrong')).toBeUndefined();
  });
});
