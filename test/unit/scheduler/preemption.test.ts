import { describe, expect, it } from 'vitest';
import { seeded } from '../../fixtures/prng.ts';
import { virtualNodes } from '../../../src/kubelet/node.ts';
import { scheduler } from '../../../src/scheduler/controller.ts';
import { askingPod, conditionOf, makePod, START, World, kubelet } from './world.ts';

const oneNode = () => new World({ nodes: virtualNodes(1, START) });

describe('[SCH8] preemption', () => {
  it('removes the fewest and least important pods, says so, and gives their room to the pod', () => {
    const world = oneNode();
    world.create('pods', askingPod('low-1', { cpu: '20' }));
    world.create('pods', askingPod('low-2', { cpu: '10' }));
    world.drain();
    world.create('pods', askingPod('high', { cpu: '15' }, { priority: 1000 }));
    world.drain();
    expect(world.pods().map((pod) => pod.metadata.name)).toEqual(['high', 'low-2']);
    expect(world.pod('high').spec.nodeName).toBe('node-0');
    expect(world.pod('high').status?.nominatedNodeName).toBeUndefined();
    const [preempted] = world.events('low-1').filter((e) => e.reason === 'Preempted');
    expect(preempted).toMatchObject({
      type: 'Normal',
      action: 'Preempting',
      message: `Preempted by pod ${world.pod('high').metadata.uid} on node node-0`,
    });
    expect(world.events('high').map((e) => e.message)).toEqual([
      '0/1 nodes are available: 1 Insufficient cpu.',
      'Successfully assigned default/high to node-0',
    ]);
  });

  it('marks victims and nominates the node while they terminate', () => {
    const world = new World({ nodes: virtualNodes(1, START), controllers: [scheduler, kubelet] });
    const slow = { annotations: { 'atoll.dev/simulate': '{"terminationSeconds":20}' } };
    world.create('pods', askingPod('low', { cpu: '32' }, {}, slow));
    world.drain();
    world.create('pods', askingPod('high', { cpu: '32' }, { priority: 1000 }));
    world.drain();
    expect(conditionOf(world.pod('low'), 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
    });
    expect(world.pod('low').metadata.deletionTimestamp).toBeDefined();
    expect(world.pod('high').status?.nominatedNodeName).toBe('node-0');
    world.create('pods', askingPod('thief', { cpu: '32' }, { priority: 5 }));
    world.drain();
    world.pass(20);
    expect(world.pod('high').spec.nodeName).toBe('node-0');
    expect(world.pod('thief').spec.nodeName).toBeUndefined();
  });

  it('[SCH9] keeps promised room from equal or lesser pods', () => {
    const world = oneNode();
    world.create('pods', askingPod('promised', { cpu: '30' }, { priority: 10, schedulingGates: [{ name: 'a.b/c' }] }));
    world.update('pods', 'promised', (pod) => Object.assign(pod.status, { nominatedNodeName: 'node-0' }), 'status');
    world.create('pods', askingPod('lesser', { cpu: '10' }, { priority: 1 }));
    world.create('pods', askingPod('greater', { cpu: '10' }, { priority: 20 }));
    world.drain();
    expect(world.pod('lesser').spec.nodeName).toBeUndefined();
    expect(world.pod('greater').spec.nodeName).toBe('node-0');
  });

  it('[SCH9] a promise that is kept in the same plan counts once', () => {
    const world = new World({ nodes: virtualNodes(1, START), controllers: [kubelet] });
    world.create('pods', askingPod('promised', { cpu: '30' }, { priority: 10 }));
    world.update('pods', 'promised', (pod) => Object.assign(pod.status, { nominatedNodeName: 'node-0' }), 'status');
    world.create('pods', askingPod('lesser', { cpu: '2' }, { priority: 1 }));
    const { actions } = scheduler.reconcile({ namespace: '', name: 'queue' }, world.view, {
      now: START,
      random: seeded(1),
      maxWrites: 500,
    });
    expect(actions.flatMap((a) => (a.verb === 'create' ? [a.object.metadata.name] : []))).toEqual(['promised', 'lesser']);
  });

  it('spares pods that a disruption budget protects when others will do', () => {
    const world = new World({ nodes: virtualNodes(2, START) });
    world.create('policy/poddisruptionbudgets', {
      metadata: { name: 'budget', namespace: 'default' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
    });
    world.create('pods', askingPod('guarded', { cpu: '32' }, { nodeName: 'node-0' }, { labels: { app: 'guarded' } }));
    world.create('pods', askingPod('free', { cpu: '32' }, { nodeName: 'node-1', priority: 5 }, { labels: { app: 'free' } }));
    world.drain();
    world.create('pods', askingPod('high', { cpu: '32' }, { priority: 1000 }));
    world.drain();
    expect(world.pods().map((pod) => pod.metadata.name)).toEqual(['guarded', 'high']);
  });

  it('is not for pods whose policy is Never', () => {
    const world = oneNode();
    world.create('pods', askingPod('low', { cpu: '32' }));
    world.create('pods', askingPod('polite', { cpu: '32' }, { priority: 1000, preemptionPolicy: 'Never' }));
    world.create('pods', makePod('other'));
    world.drain();
    world.create('pods', askingPod('polite-2', { cpu: '32' }, { priority: 1000, preemptionPolicy: 'Never' }));
    world.drain();
    expect(conditionOf(world.pod('polite-2'), 'PodScheduled')?.message).toBe(
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to ' +
        'preemptionPolicy=Never.',
    );
  });
});
