import { describe, expect, it } from 'vitest';
import { daemonSetController } from '../../../src/controllers/daemonset/reconcile.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { runPods, template } from '../../fixtures/workloads.ts';
import { World } from '../../fixtures/world.ts';

const SETS = 'apps/daemonsets';
const node = (name: string, labels: Record<string, string> = {}, taints?: Obj[]): Obj => ({
  kind: 'Node',
  apiVersion: 'v1',
  metadata: { name, labels },
  spec: { ...(taints && { taints }) },
});
const set = (spec: Obj = {}): Obj => ({
  kind: 'DaemonSet',
  apiVersion: 'apps/v1',
  metadata: { name: 'd', annotations: { 'deprecated.daemonset.template.generation': '1' } },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: template(),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    ...spec,
  },
});
const targets = (world: World): string[] =>
  world
    .list('pods', 'default')
    .filter((p) => !p.metadata.deletionTimestamp)
    .map(
      (p) =>
        p.spec.nodeName ??
        p.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].values[0],
    )
    .sort();
/** Binds each daemon where it is nailed to, and runs it. */
const run = (world: World, o: { ready?: boolean } = {}) => {
  for (let i = 0; i < 50; i++) {
    const before = world.revision;
    world.settle();
    for (const p of world.list('pods', 'default')) {
      const values = p.spec.affinity?.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]
        .matchFields[0].values ?? ['a'];
      if (!p.spec.nodeName) world.edit('pods', p.metadata.name, (q) => Object.assign(q.spec, { nodeName: values[0] }));
    }
    runPods(world, o);
    world.settle();
    if (world.revision === before) return;
  }
};
const make = (...objects: Obj[]) => {
  const world = new World(daemonSetController);
  for (const object of objects) world.add(object);
  world.settle();
  return world;
};
const get = (world: World) => world.get(SETS, 'default', 'd') as KubeObject;
const image = (world: World) =>
  world
    .list('pods', 'default')
    .filter((p) => !p.metadata.deletionTimestamp)
    .map((p) => p.spec.containers[0].image);

describe('daemon sets', () => {
  it('[CTL110] puts one on each node that fits', () => {
    const spec = { ...template(), spec: { ...template().spec, nodeSelector: { disk: 'ssd' } } };
    const world = make(
      node('a', { disk: 'ssd' }),
      node('b'),
      node('c', { disk: 'ssd' }, [{ key: 'k', effect: 'NoSchedule' }]),
      node('d', { disk: 'ssd' }, [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }]),
      set({ template: spec }),
    );
    expect(targets(world)).toEqual(['a', 'd']);
    const [daemon] = world.list('pods', 'default');
    expect(daemon.metadata.labels).toMatchObject({
      app: 'web',
      'pod-template-generation': '1',
      'controller-revision-hash': expect.stringMatching(/^[a-z0-9]+$/),
    });
    expect(daemon.spec.tolerations).toHaveLength(6);
    run(world);
    expect(get(world).status).toEqual({
      currentNumberScheduled: 2,
      numberMisscheduled: 0,
      desiredNumberScheduled: 2,
      numberReady: 2,
      observedGeneration: 1,
      updatedNumberScheduled: 2,
      numberAvailable: 2,
    });
  });

  it('[CTL111] follows nodes, and replaces what ended', () => {
    const world = make(node('a'), set());
    run(world);
    world.add(node('b'));
    run(world);
    expect(targets(world)).toEqual(['a', 'b']);
    world.edit('nodes', 'a', (n) => Object.assign(n.spec, { taints: [{ key: 'k', effect: 'NoExecute' }] }), '');
    run(world);
    expect(targets(world)).toEqual(['b']);
    world.edit('pods', world.names('pods')[0], (p) => Object.assign(p.status, { phase: 'Failed' }));
    world.settle();
    world.advance(1001);
    run(world);
    expect(world.list('pods', 'default').map((p) => p.status?.phase)).toEqual(['Running']);
    expect(world.said('FailedDaemonPod')).toHaveLength(1);
    world.remove('nodes', 'b', { namespace: '' });
    world.settle();
    expect(get(world).status).toMatchObject({ desiredNumberScheduled: 0 });
  });

  it('[CTL112] rolls one node at a time, and with a surge keeps the old one until the new one is available', () => {
    const world = make(node('a'), node('b'), node('c'), set());
    run(world);
    world.edit(SETS, 'd', (s) => Object.assign(s.spec, { template: template('nginx:2') }));
    world.edit(SETS, 'd', (s) =>
      Object.assign(s.metadata.annotations ?? {}, { 'deprecated.daemonset.template.generation': '2' }),
    );
    world.settle();
    expect(world.list('pods', 'default').filter((p) => p.metadata.deletionTimestamp)).toHaveLength(1);
    run(world);
    expect(image(world)).toEqual(['nginx:2', 'nginx:2', 'nginx:2']);
    expect(get(world).status).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 });
    world.edit(SETS, 'd', (s) => {
      Object.assign(s.spec, {
        template: template('nginx:3'),
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      });
      s.metadata.annotations = { 'deprecated.daemonset.template.generation': '3' };
    });
    world.settle();
    expect(image(world).sort()).toEqual(['nginx:2', 'nginx:2', 'nginx:2', 'nginx:3']);
    run(world);
    expect(image(world)).toEqual(['nginx:3', 'nginx:3', 'nginx:3']);
  });

  it('[CTL112] OnDelete waits', () => {
    const world = make(node('a'), set({ updateStrategy: { type: 'OnDelete' } }));
    run(world);
    world.edit(SETS, 'd', (s) => {
      Object.assign(s.spec, { template: template('nginx:2') });
      s.metadata.annotations = { 'deprecated.daemonset.template.generation': '2' };
    });
    run(world);
    expect(image(world)).toEqual(['nginx:1']);
    world.remove('pods', world.names('pods')[0]);
    run(world);
    expect(image(world)).toEqual(['nginx:2']);
  });

  it('[CTL113] keeps a revision for each template, as many as the limit says', () => {
    const world = make(node('a'), set({ revisionHistoryLimit: 1 }));
    for (const tag of ['2', '3', '4']) {
      run(world);
      world.edit(SETS, 'd', (s) => {
        Object.assign(s.spec, { template: template(`nginx:${tag}`) });
        s.metadata.annotations = { 'deprecated.daemonset.template.generation': tag };
      });
    }
    run(world);
    expect(
      world
        .list('apps/controllerrevisions', 'default')
        .map((r) => r.revision)
        .sort(),
    ).toEqual([3, 4]);
  });
});
