import { describe, expect, it } from 'vitest';
import { forbiddenError } from '../../../src/api/machinery/status-errors.ts';
import { virtualNodes } from '../../../src/kubelet/node.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { SCHEDULER_BATCH_PODS } from '../../../src/scheduler/limits.ts';
import { scheduler } from '../../../src/scheduler/controller.ts';
import { StoreView } from '../../../src/registry/store-view.ts';
import { askingPod, conditionOf, makePod, START, World } from './world.ts';

const why = (world: World, name: string): string => conditionOf(world.pod(name), 'PodScheduled')?.message;
const UNHELPFUL = 'no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';

function scheduled(...pods: Obj[]): World {
  const world = new World();
  for (const pod of pods) world.create('pods', pod);
  world.drain();
  return world;
}

describe('scheduling', () => {
  it('binds a pod, says so, and sets PodScheduled', () => {
    const world = scheduled(makePod('a'));
    const pod = world.pod('a');
    expect(pod.spec.nodeName).toMatch(/^node-[012]$/);
    expect(conditionOf(pod, 'PodScheduled')).toMatchObject({ status: 'True' });
    const [event] = world.events('a');
    expect(event).toMatchObject({
      type: 'Normal',
      reason: 'Scheduled',
      action: 'Binding',
      reportingComponent: 'default-scheduler',
      message: `Successfully assigned default/a to ${pod.spec.nodeName}`,
    });
  });

  it('[SCH1] takes the more important pods first', () => {
    const world = new World({ nodes: virtualNodes(1, START) });
    for (const [name, priority] of [
      ['low', 0],
      ['high', 100],
      ['middle', 50],
    ] as const) {
      world.create('pods', askingPod(name, { cpu: '15' }, { priority }));
    }
    world.drain();
    expect(world.pod('high').spec.nodeName).toBe('node-0');
    expect(world.pod('middle').spec.nodeName).toBe('node-0');
    expect(world.pod('low').spec.nodeName).toBeUndefined();
  });

  it('[SCH1] binds more pods than one plan holds', () => {
    const pods = Array.from({ length: SCHEDULER_BATCH_PODS * 2 + 5 }, (_, i) => makePod(`p${i}`));
    const world = scheduled(...pods);
    expect(world.pods().filter((pod) => pod.spec.nodeName)).toHaveLength(pods.length);
  });

  it('[SCH2] counts pods of the same plan: nothing is overcommitted', () => {
    const world = scheduled(...Array.from({ length: 7 }, (_, i) => askingPod(`p${i}`, { cpu: '16' })));
    const perNode: Record<string, number> = {};
    for (const pod of world.pods()) if (pod.spec.nodeName) perNode[pod.spec.nodeName] = (perNode[pod.spec.nodeName] ?? 0) + 1;
    expect(perNode).toEqual({ 'node-0': 2, 'node-1': 2, 'node-2': 2 });
  });

  it('[SCH3] spreads the pods of a Service evenly', () => {
    const world = new World();
    world.create('services', {
      metadata: { name: 's' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }], clusterIP: 'None', clusterIPs: ['None'] },
    });
    for (let i = 0; i < 30; i++) world.create('pods', makePod(`web-${i}`, {}, { labels: { app: 'web' } }));
    world.drain();
    for (const node of ['node-0', 'node-1', 'node-2']) {
      expect(world.pods().filter((pod) => pod.spec.nodeName === node)).toHaveLength(10);
    }
  });

  it('[SCH4] the node with the best sum of scores wins, chance decides between equals only', () => {
    const prefers = (weight: number, name: string) => ({
      weight,
      preference: { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] },
    });
    const preferredDuringSchedulingIgnoredDuringExecution = [prefers(10, 'node-1'), prefers(90, 'node-2')];
    const affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution } };
    const world = scheduled(...Array.from({ length: 5 }, (_, i) => makePod(`p-${i}`, { affinity })));
    expect(world.pods().map((pod) => pod.spec.nodeName)).toEqual(Array.from({ length: 5 }, () => 'node-2'));
    const seen = new Set<string>();
    for (let i = 0; i < 12; i++) {
      const one = new World();
      for (let skip = 0; skip < i; skip++) one.registry.random.next();
      one.create('pods', makePod('a'));
      one.drain();
      seen.add(one.pod('a').spec.nodeName);
    }
    expect(seen.size).toBeGreaterThan(1);
  });

  it('[SCH5] says once why nothing fits', () => {
    const world = scheduled(askingPod('big', { cpu: '100', memory: '1Ti' }));
    const message = `0/3 nodes are available: 3 Insufficient cpu, 3 Insufficient memory. ${UNHELPFUL}`;
    expect(conditionOf(world.pod('big'), 'PodScheduled')).toEqual({
      type: 'PodScheduled',
      observedGeneration: 1,
      status: 'False',
      lastProbeTime: null,
      lastTransitionTime: '2026-01-01T12:00:00Z',
      reason: 'Unschedulable',
      message,
    });
    world.create('pods', makePod('other'));
    world.drain();
    expect(world.events('big').map((e) => [e.type, e.reason, e.action, e.message])).toEqual([
      ['Warning', 'FailedScheduling', 'Scheduling', message],
    ]);
  });

  it('[SCH5] says that there are no nodes, and places the pod when one comes', () => {
    const world = new World({ nodes: [] });
    world.create('pods', makePod('a'));
    world.drain();
    expect(why(world, 'a')).toBe('no nodes available to schedule pods');
    for (const node of virtualNodes(1, START)) world.create('nodes', node);
    world.drain();
    expect(world.pod('a').spec.nodeName).toBe('node-0');
  });

  it('[SCH6] tries again when a cure happens: uncordon, label, deletion', () => {
    const world = new World({ nodes: virtualNodes(1, START) });
    world.update('nodes', 'node-0', (node) => Object.assign(node.spec, { unschedulable: true }));
    world.create('pods', makePod('a'));
    world.drain();
    expect(why(world, 'a')).toContain('1 node(s) were unschedulable.');
    world.update('nodes', 'node-0', (node) => delete node.spec.unschedulable);
    world.drain();
    expect(world.pod('a').spec.nodeName).toBe('node-0');
    world.create('pods', makePod('labelled', { nodeSelector: { disk: 'ssd' } }));
    world.create('pods', askingPod('first', { cpu: '32' }));
    world.create('pods', askingPod('second', { cpu: '32' }));
    world.drain();
    expect(why(world, 'second')).toContain('1 Insufficient cpu.');
    world.delete('pods', 'first');
    world.update('nodes', 'node-0', (node) => Object.assign(node.metadata.labels, { disk: 'ssd' }));
    world.drain();
    expect(world.pod('second').spec.nodeName).toBe('node-0');
    expect(world.pod('labelled').spec.nodeName).toBe('node-0');
  });

  it('[SCH6] counts the nodes again when one goes', () => {
    const world = scheduled(makePod('a', { nodeSelector: { no: 'where' } }));
    expect(why(world, 'a')).toContain('0/3 nodes are available');
    world.delete('nodes', 'node-0');
    world.drain();
    expect(why(world, 'a')).toContain('0/2 nodes are available');
  });

  it('[SCH6] sets no timer: waiting costs nothing', () => {
    const world = scheduled(makePod('a', { nodeSelector: { no: 'where' } }));
    expect(world.timers.next()).toBeUndefined();
    const { revision } = world.view;
    world.pass(3600);
    expect(world.view.revision).toBe(revision);
  });

  it('[SCH2] decides the same when its memo is lost', () => {
    const world = scheduled(askingPod('big', { cpu: '100' }));
    const { revision } = world.view;
    const fresh = new StoreView(world.registry.store, () => world.registry.kinds);
    expect(
      scheduler.reconcile({ namespace: '', name: 'queue' }, fresh, {
        now: world.now,
        random: world.registry.random,
        maxWrites: 500,
      }).actions,
    ).toEqual([]);
    expect(world.view.revision).toBe(revision);
  });

  it('[SCH7] says that a binding was refused, lets other pods pass, and tries again', () => {
    let refusing = true;
    const world = new World({
      review: (request) => {
        if (refusing && request.subresource === 'binding' && request.name === 'a')
          throw forbiddenError({ group: '', resource: 'pods' }, 'a', 'not now');
      },
    });
    world.create('pods', makePod('a'));
    world.create('pods', makePod('b'));
    world.drain();
    expect(conditionOf(world.pod('a'), 'PodScheduled')).toMatchObject({ status: 'False', reason: 'SchedulerError' });
    expect(world.pod('b').spec.nodeName).toMatch(/^node-/);
    refusing = false;
    world.pass(10);
    expect(world.pod('a').spec.nodeName).toMatch(/^node-/);
    expect(world.timers.next()).toBeUndefined();
  });

  it('[SCH10] leaves gated pods, foreign pods and bound pods alone', () => {
    const world = scheduled(
      makePod('gated', { schedulingGates: [{ name: 'x.io/wait' }] }),
      makePod('foreign', { schedulerName: 'mine' }),
      makePod('bound', { nodeName: 'node-9' }),
    );
    expect(world.pod('gated').spec.nodeName).toBeUndefined();
    expect(conditionOf(world.pod('gated'), 'PodScheduled')).toMatchObject({ reason: 'SchedulingGated', status: 'False' });
    expect(world.pod('foreign').status?.conditions).toBeUndefined();
    expect(world.pod('bound').spec.nodeName).toBe('node-9');
    world.update('pods', 'gated', (pod) => Object.assign(pod.spec, { schedulingGates: [] }));
    world.drain();
    expect(world.pod('gated').spec.nodeName).toMatch(/^node-/);
  });
});
