import { describe, expect, it } from 'vitest';
import { seeded } from '../../fixtures/prng.ts';
import { virtualNodes } from '../../../src/kubelet/node.ts';
import { scheduler } from '../../../src/scheduler/controller.ts';
import { askingPod, conditionOf, makePod } from '../../fixtures/workloads.ts';
import { kubelet, nodeBench, START } from '../../host/node-bench.ts';
import { reconcileCx } from '../../fixtures/reconcile-cx.ts';

const oneNode = () => nodeBench({ nodes: virtualNodes(1, START) });

describe('[SCH8] preemption', () => {
  it('removes the fewest and least important pods, says so, and gives their room to the pod', () => {
    const bench = oneNode();
    bench.add(askingPod('low-1', { cpu: '20' }));
    bench.add(askingPod('low-2', { cpu: '10' }));
    bench.settle();
    bench.add(askingPod('high', { cpu: '15' }, { priority: 1000 }));
    bench.settle();
    expect(bench.pods().map((pod) => pod.metadata.name)).toEqual(['high', 'low-2']);
    expect(bench.pod('high').spec.nodeName).toBe('node-0');
    expect(bench.pod('high').status?.nominatedNodeName).toBeUndefined();
    const [preempted] = bench.eventsOf('low-1').filter((e) => e.reason === 'Preempted');
    expect(preempted).toMatchObject({
      type: 'Normal',
      action: 'Preempting',
      message: `Preempted by pod ${bench.pod('high').metadata.uid} on node node-0`,
    });
    expect(bench.eventsOf('high').map((e) => e.message)).toEqual([
      '0/1 nodes are available: 1 Insufficient cpu.',
      'Successfully assigned default/high to node-0',
    ]);
  });

  it('marks victims and nominates the node while they terminate', () => {
    const bench = nodeBench({ nodes: virtualNodes(1, START), controllers: [scheduler, kubelet] });
    const slow = { annotations: { 'atoll.dev/simulate': '{"terminationSeconds":20}' } };
    bench.add(askingPod('low', { cpu: '32' }, {}, slow));
    bench.settle();
    bench.add(askingPod('high', { cpu: '32' }, { priority: 1000 }));
    bench.settle();
    expect(conditionOf(bench.pod('low'), 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
    });
    expect(bench.pod('low').metadata.deletionTimestamp).toBeDefined();
    expect(bench.pod('high').status?.nominatedNodeName).toBe('node-0');
    bench.add(askingPod('thief', { cpu: '32' }, { priority: 5 }));
    bench.settle();
    bench.advance(20_000);
    expect(bench.pod('high').spec.nodeName).toBe('node-0');
    expect(bench.pod('thief').spec.nodeName).toBeUndefined();
  });

  it('[SCH9] keeps promised room from equal or lesser pods', () => {
    const bench = oneNode();
    bench.add(askingPod('promised', { cpu: '30' }, { priority: 10, schedulingGates: [{ name: 'a.b/c' }] }));
    bench.edit('pods', 'promised', (pod) => Object.assign(pod.status, { nominatedNodeName: 'node-0' }));
    bench.add(askingPod('lesser', { cpu: '10' }, { priority: 1 }));
    bench.add(askingPod('greater', { cpu: '10' }, { priority: 20 }));
    bench.settle();
    expect(bench.pod('lesser').spec.nodeName).toBeUndefined();
    expect(bench.pod('greater').spec.nodeName).toBe('node-0');
  });

  it('[SCH9] a promise that is kept in the same plan counts once', () => {
    const bench = nodeBench({ nodes: virtualNodes(1, START), controllers: [kubelet] });
    bench.add(askingPod('promised', { cpu: '30' }, { priority: 10 }));
    bench.edit('pods', 'promised', (pod) => Object.assign(pod.status, { nominatedNodeName: 'node-0' }));
    bench.add(askingPod('lesser', { cpu: '2' }, { priority: 1 }));
    const { actions } = scheduler.reconcile(
      { namespace: '', name: 'queue' },
      bench,
      reconcileCx({
        now: START,
        random: seeded(1),
        maxWrites: 500,
      }),
    );
    expect(actions.flatMap((a) => (a.verb === 'create' ? [a.object.metadata.name] : []))).toEqual(['promised', 'lesser']);
  });

  it('spares pods that a disruption budget protects when others will do', () => {
    const bench = nodeBench({ nodes: virtualNodes(2, START) });
    bench.add({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'budget', namespace: 'default' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
    });
    bench.add(askingPod('guarded', { cpu: '32' }, { nodeName: 'node-0' }, { labels: { app: 'guarded' } }));
    bench.add(askingPod('free', { cpu: '32' }, { nodeName: 'node-1', priority: 5 }, { labels: { app: 'free' } }));
    bench.settle();
    bench.add(askingPod('high', { cpu: '32' }, { priority: 1000 }));
    bench.settle();
    expect(bench.pods().map((pod) => pod.metadata.name)).toEqual(['guarded', 'high']);
  });

  it('takes back the nomination of a less important pod, unless all victims leave already', () => {
    const bench = nodeBench({ nodes: virtualNodes(1, START), controllers: [scheduler, kubelet] });
    const slow = { annotations: { 'atoll.dev/simulate': '{"terminationSeconds":600}' } };
    for (const priority of [1, 2]) bench.add(askingPod(`low-${priority}`, { cpu: '16' }, { priority }, slow));
    bench.settle();
    bench.add(askingPod('middle', { cpu: '16' }, { priority: 10 }));
    bench.settle();
    expect(bench.pod('middle').status?.nominatedNodeName).toBe('node-0');
    bench.add(askingPod('second', { cpu: '16' }, { priority: 1000 }));
    bench.settle();
    expect(bench.pods().filter((pod) => pod.metadata.deletionTimestamp)).toHaveLength(1);
    expect(bench.pod('middle').status?.nominatedNodeName).toBe('node-0');
    bench.add(askingPod('high', { cpu: '32' }, { priority: 2000 }));
    bench.settle();
    expect(bench.pods().filter((pod) => pod.metadata.deletionTimestamp)).toHaveLength(2);
    expect(bench.pod('high').status?.nominatedNodeName).toBe('node-0');
    expect(['middle', 'second'].map((name) => bench.pod(name).status?.nominatedNodeName)).toEqual([undefined, undefined]);
  });

  it('of pods that have not started, the first to come is the victim', () => {
    const bench = nodeBench({ nodes: virtualNodes(1, START), controllers: [scheduler] });
    for (const name of ['one', 'two', 'three']) {
      bench.add(askingPod(name, { cpu: '10' }));
      bench.settle();
    }
    bench.add(askingPod('high', { cpu: '12' }, { priority: 1000 }));
    bench.settle();
    expect(bench.pods().flatMap(({ metadata }) => (metadata.deletionTimestamp ? [metadata.name] : []))).toEqual(['one']);
  });

  it('[SCH9] what a promised pod is to its neighbours counts only if the plugin applied to begin with', () => {
    const bench = nodeBench({ nodes: virtualNodes(1, START), controllers: [scheduler] });
    const anti = {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } },
        ],
      },
    };
    bench.add(makePod('promised', { affinity: anti, schedulingGates: [{ name: 'a.b/c' }] }));
    bench.edit('pods', 'promised', (pod) => Object.assign(pod.status, { nominatedNodeName: 'node-0' }));
    bench.add(makePod('web', {}, { labels: { app: 'web' } }));
    bench.settle();
    expect(bench.pod('web').spec.nodeName).toBe('node-0');
  });

  it('is not for pods whose policy is Never', () => {
    const bench = oneNode();
    bench.add(askingPod('low', { cpu: '32' }));
    bench.add(askingPod('polite', { cpu: '32' }, { priority: 1000, preemptionPolicy: 'Never' }));
    bench.add(makePod('other'));
    bench.settle();
    bench.add(askingPod('polite-2', { cpu: '32' }, { priority: 1000, preemptionPolicy: 'Never' }));
    bench.settle();
    expect(conditionOf(bench.pod('polite-2'), 'PodScheduled')?.message).toBe(
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to ' +
        'preemptionPolicy=Never.',
    );
  });
});
