import { describe, expect, it } from 'vitest';
import { forbiddenError } from '../../../src/api/machinery/status-errors.ts';
import { virtualNodes } from '../../../src/kubelet/node.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { SCHEDULER_BATCH_PODS } from '../../../src/scheduler/limits.ts';
import { scheduler } from '../../../src/scheduler/controller.ts';
import { podInfo } from '../../../src/scheduler/pod-info.ts';
import { filterAll } from '../../../src/scheduler/schedule.ts';
import { snapshotOf } from '../../../src/scheduler/snapshot.ts';
import { StoreView } from '../../../src/registry/store-view.ts';
import { askingPod, conditionOf, makePod } from '../../fixtures/workloads.ts';
import type { ControllerBench } from '../../host/controller-bench.ts';
import { nodeBench, START } from '../../host/node-bench.ts';
import { reconcileCx } from '../../fixtures/reconcile-cx.ts';

const why = (bench: ControllerBench, name: string): string => conditionOf(bench.pod(name), 'PodScheduled')?.message;
const NEAR = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } };
const UNHELPFUL = 'no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';

function scheduled(...pods: Obj[]): ControllerBench {
  const bench = nodeBench();
  for (const pod of pods) bench.add(pod);
  bench.settle();
  return bench;
}

describe('scheduling', () => {
  it('binds a pod, says so, and sets PodScheduled', () => {
    const bench = scheduled(makePod('a'));
    const pod = bench.pod('a');
    expect(pod.spec.nodeName).toMatch(/^node-[012]$/);
    expect(conditionOf(pod, 'PodScheduled')).toMatchObject({ status: 'True' });
    const [event] = bench.eventsOf('a');
    expect(event).toMatchObject({
      type: 'Normal',
      reason: 'Scheduled',
      action: 'Binding',
      reportingComponent: 'default-scheduler',
      message: `Successfully assigned default/a to ${pod.spec.nodeName}`,
    });
  });

  it('[SCH1] takes the more important pods first', () => {
    const bench = nodeBench({ nodes: virtualNodes(1, START) });
    for (const [name, priority] of [
      ['low', 0],
      ['high', 100],
      ['middle', 50],
    ] as const) {
      bench.add(askingPod(name, { cpu: '15' }, { priority }));
    }
    bench.settle();
    expect(bench.pod('high').spec.nodeName).toBe('node-0');
    expect(bench.pod('middle').spec.nodeName).toBe('node-0');
    expect(bench.pod('low').spec.nodeName).toBeUndefined();
  });

  it('[SCH1] binds more pods than one plan holds', () => {
    const pods = Array.from({ length: SCHEDULER_BATCH_PODS * 2 + 5 }, (_, i) => makePod(`p${i}`));
    const bench = scheduled(...pods);
    expect(bench.pods().filter((pod) => pod.spec.nodeName)).toHaveLength(pods.length);
  });

  it('[SCH2] counts pods of the same plan: nothing is overcommitted', () => {
    const bench = scheduled(...Array.from({ length: 7 }, (_, i) => askingPod(`p${i}`, { cpu: '16' })));
    const perNode: Record<string, number> = {};
    for (const pod of bench.pods()) if (pod.spec.nodeName) perNode[pod.spec.nodeName] = (perNode[pod.spec.nodeName] ?? 0) + 1;
    expect(perNode).toEqual({ 'node-0': 2, 'node-1': 2, 'node-2': 2 });
  });

  it('[SCH3] spreads the pods of a Service evenly', () => {
    const bench = nodeBench();
    bench.add({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }], clusterIP: 'None', clusterIPs: ['None'] },
    });
    for (let i = 0; i < 30; i++) bench.add(makePod(`web-${i}`, {}, { labels: { app: 'web' } }));
    bench.settle();
    for (const node of ['node-0', 'node-1', 'node-2']) {
      expect(bench.pods().filter((pod) => pod.spec.nodeName === node)).toHaveLength(10);
    }
  });

  it('[SCH4] the node with the best sum of scores wins, chance decides between equals only', () => {
    const prefers = (weight: number, name: string) => ({
      weight,
      preference: { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] },
    });
    const preferredDuringSchedulingIgnoredDuringExecution = [prefers(10, 'node-1'), prefers(90, 'node-2')];
    const affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution } };
    const bench = scheduled(...Array.from({ length: 5 }, (_, i) => makePod(`p-${i}`, { affinity })));
    expect(bench.pods().map((pod) => pod.spec.nodeName)).toEqual(Array.from({ length: 5 }, () => 'node-2'));
    const seen = new Set<string>();
    for (let i = 0; i < 12; i++) {
      const one = nodeBench();
      for (let skip = 0; skip < i; skip++) one.registry.random.next();
      one.add(makePod('a'));
      one.settle();
      seen.add(one.pod('a').spec.nodeName);
    }
    expect(seen.size).toBeGreaterThan(1);
  });

  it('[SCH4] of many nodes it looks at some, from another place for each pod; what fits nowhere was looked for everywhere', () => {
    const bench = nodeBench({ nodes: virtualNodes(300, START) });
    const view = bench.registry.view;
    bench.add(makePod('sample', { schedulingGates: [{ name: 'x.io/wait' }] }));
    const sample = bench.pod('sample');
    const firsts = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const info = podInfo({ ...sample, metadata: { ...sample.metadata, uid: bench.random.uuid() } });
      const { feasible } = filterAll(info, snapshotOf(view), view).verdict;
      expect(feasible).toHaveLength(144);
      firsts.add(feasible[0].name);
    }
    expect(firsts.size).toBeGreaterThan(10);
    bench.add(askingPod('big', { cpu: '900' }));
    bench.settle();
    expect(why(bench, 'big')).toContain('0/300 nodes are available: 300 Insufficient cpu.');
  });

  it('[SCH5] says once why nothing fits', () => {
    const bench = scheduled(askingPod('big', { cpu: '100', memory: '1Ti' }));
    const message = `0/3 nodes are available: 3 Insufficient cpu, 3 Insufficient memory. ${UNHELPFUL}`;
    expect(conditionOf(bench.pod('big'), 'PodScheduled')).toEqual({
      type: 'PodScheduled',
      observedGeneration: 1,
      status: 'False',
      lastProbeTime: null,
      lastTransitionTime: '2026-01-01T12:00:00Z',
      reason: 'Unschedulable',
      message,
    });
    bench.add(makePod('other'));
    bench.settle();
    expect(bench.eventsOf('big').map((e) => [e.type, e.reason, e.action, e.message])).toEqual([
      ['Warning', 'FailedScheduling', 'Scheduling', message],
    ]);
  });

  it('[SCH5] says that there are no nodes, and places the pod when one comes', () => {
    const bench = nodeBench({ nodes: [] });
    bench.add(makePod('a'));
    bench.settle();
    expect(why(bench, 'a')).toBe('no nodes available to schedule pods');
    for (const node of virtualNodes(1, START)) bench.add(node);
    bench.settle();
    expect(bench.pod('a').spec.nodeName).toBe('node-0');
  });

  it('[SCH6] tries again when a cure happens: uncordon, label, deletion', () => {
    const bench = nodeBench({ nodes: virtualNodes(1, START) });
    bench.edit('nodes', 'node-0', (node) => Object.assign(node.spec, { unschedulable: true }));
    bench.add(makePod('a'));
    bench.settle();
    expect(why(bench, 'a')).toContain('1 node(s) were unschedulable.');
    bench.edit('nodes', 'node-0', (node) => delete node.spec.unschedulable);
    bench.settle();
    expect(bench.pod('a').spec.nodeName).toBe('node-0');
    bench.add(makePod('labelled', { nodeSelector: { disk: 'ssd' } }));
    bench.add(askingPod('first', { cpu: '32' }));
    bench.add(askingPod('second', { cpu: '32' }));
    bench.settle();
    expect(why(bench, 'second')).toContain('1 Insufficient cpu.');
    bench.remove('pods', 'first');
    bench.edit('nodes', 'node-0', (node) => Object.assign(node.metadata.labels, { disk: 'ssd' }));
    bench.settle();
    expect(bench.pod('second').spec.nodeName).toBe('node-0');
    expect(bench.pod('labelled').spec.nodeName).toBe('node-0');
  });

  it('[SCH6] is not tried again for what cannot help: a small node, the labels of a node that will not do, a stranger', () => {
    const bench = scheduled(
      askingPod('big', { cpu: '33' }),
      makePod('choosy', { nodeSelector: { disk: 'ssd' } }),
      makePod('near', { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [NEAR] } } }),
    );
    const before = ['big', 'choosy', 'near'].map((name) => why(bench, name));
    bench.edit('nodes', 'node-0', (node) => Object.assign(node.metadata.labels, { disk: 'hdd' }));
    bench.add(makePod('stranger', {}, { labels: { app: 'other' } }));
    bench.settle();
    expect(['big', 'choosy', 'near'].map((name) => why(bench, name))).toEqual(before);
    bench.add(virtualNodes(4, START)[3]);
    bench.settle();
    expect(['big', 'choosy'].map((name) => why(bench, name))).toEqual(before.slice(0, 2));
    expect(why(bench, 'near')).toContain('0/4 nodes are available');
    bench.add(makePod('neighbour', {}, { labels: { app: 'web' } }));
    bench.edit('nodes', 'node-3', (node) => Object.assign(node.metadata.labels, { disk: 'ssd' }));
    bench.settle();
    expect(bench.pod('choosy').spec.nodeName).toBe('node-3');
    expect(bench.pod('near').spec.nodeName).toBe(bench.pod('neighbour').spec.nodeName);
  });

  it('[SCH6] is tried again when its own tolerations grow', () => {
    const bench = nodeBench({ nodes: virtualNodes(1, START) });
    bench.edit('nodes', 'node-0', (node) => Object.assign(node.spec, { taints: [{ key: 'k', effect: 'NoSchedule' }] }));
    bench.add(makePod('a'));
    bench.settle();
    expect(why(bench, 'a')).toContain('1 node(s) had untolerated taint(s).');
    bench.edit('pods', 'a', (pod) => Object.assign(pod.spec, { tolerations: [{ key: 'k', operator: 'Exists' }] }));
    bench.settle();
    expect(bench.pod('a').spec.nodeName).toBe('node-0');
  });

  it('[SCH6] counts the nodes again when one goes', () => {
    const bench = scheduled(makePod('a', { nodeSelector: { no: 'where' } }));
    expect(why(bench, 'a')).toContain('0/3 nodes are available');
    bench.remove('nodes', 'node-0');
    bench.settle();
    expect(why(bench, 'a')).toContain('0/2 nodes are available');
  });

  it('[SCH6] sets no timer: waiting costs nothing', () => {
    const bench = scheduled(makePod('a', { nodeSelector: { no: 'where' } }));
    expect(bench.timerRows.next()).toBeUndefined();
    const { revision } = bench;
    bench.advance(3_600_000);
    expect(bench.revision).toBe(revision);
  });

  it('[SCH2] decides the same when its memo is lost', () => {
    const bench = scheduled(askingPod('big', { cpu: '100' }));
    const { revision } = bench;
    const fresh = new StoreView(bench.registry.store, () => bench.registry.kinds);
    expect(
      scheduler.reconcile(
        { namespace: '', name: 'queue' },
        fresh,
        reconcileCx({
          now: bench.now,
          random: bench.registry.random,
          maxWrites: 500,
        }),
      ).actions,
    ).toEqual([]);
    expect(bench.revision).toBe(revision);
  });

  it('[SCH7] says that a binding was refused, lets other pods pass, and tries again', () => {
    let refusing = true;
    const bench = nodeBench({
      review: (request) => {
        if (refusing && request.subresource === 'binding' && request.name === 'a')
          throw forbiddenError({ group: '', resource: 'pods' }, 'a', 'not now');
      },
    });
    bench.add(makePod('a'));
    bench.add(makePod('b'));
    bench.settle();
    expect(conditionOf(bench.pod('a'), 'PodScheduled')).toMatchObject({ status: 'False', reason: 'SchedulerError' });
    expect(bench.pod('b').spec.nodeName).toMatch(/^node-/);
    refusing = false;
    bench.advance(10_000);
    expect(bench.pod('a').spec.nodeName).toMatch(/^node-/);
    expect(bench.timerRows.next()).toBeUndefined();
  });

  it('[SCH10] leaves gated pods, foreign pods and bound pods alone', () => {
    const bench = scheduled(
      makePod('gated', { schedulingGates: [{ name: 'x.io/wait' }] }),
      makePod('foreign', { schedulerName: 'mine' }),
      makePod('bound', { nodeName: 'node-9' }),
    );
    expect(bench.pod('gated').spec.nodeName).toBeUndefined();
    expect(conditionOf(bench.pod('gated'), 'PodScheduled')).toMatchObject({ reason: 'SchedulingGated', status: 'False' });
    expect(bench.pod('foreign').status?.conditions).toBeUndefined();
    expect(bench.pod('bound').spec.nodeName).toBe('node-9');
    bench.edit('pods', 'gated', (pod) => Object.assign(pod.spec, { schedulingGates: [] }));
    bench.settle();
    expect(bench.pod('gated').spec.nodeName).toMatch(/^node-/);
  });
});
