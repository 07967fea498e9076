import { describe, expect, it } from 'vitest';
import { daemonSetController } from '../../../src/controllers/daemonset/reconcile.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { runPods, template } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

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
const targets = (bench: ControllerBench): string[] =>
  bench
    .list('pods', 'default')
    .filter((p) => !p.metadata.deletionTimestamp)
    .map(
      (p) =>
        p.spec.nodeName ??
        p.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].values[0],
    )
    .sort();
/** Binds each daemon where it is nailed to, and runs it. */
const run = (bench: ControllerBench, o: { ready?: boolean } = {}) => {
  for (let i = 0; i < 50; i++) {
    const before = bench.revision;
    bench.settle();
    for (const p of bench.list('pods', 'default')) {
      const values = p.spec.affinity?.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]
        .matchFields[0].values ?? ['a'];
      if (!p.spec.nodeName) bench.edit('pods', p.metadata.name, (q) => Object.assign(q.spec, { nodeName: values[0] }));
    }
    runPods(bench, o);
    bench.settle();
    if (bench.revision === before) return;
  }
};
const make = (...objects: Obj[]) => {
  const bench = new ControllerBench(daemonSetController);
  for (const object of objects) bench.add(object);
  bench.settle();
  return bench;
};
const get = (bench: ControllerBench) => bench.get(SETS, 'default', 'd') as KubeObject;
const image = (bench: ControllerBench) =>
  bench
    .list('pods', 'default')
    .filter((p) => !p.metadata.deletionTimestamp)
    .map((p) => p.spec.containers[0].image);

describe('daemon sets', () => {
  it('[CTL110] puts one on each node that fits', () => {
    const spec = { ...template(), spec: { ...template().spec, nodeSelector: { disk: 'ssd' } } };
    const bench = make(
      node('a', { disk: 'ssd' }),
      node('b'),
      node('c', { disk: 'ssd' }, [{ key: 'k', effect: 'NoSchedule' }]),
      node('d', { disk: 'ssd' }, [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }]),
      set({ template: spec }),
    );
    expect(targets(bench)).toEqual(['a', 'd']);
    const [daemon] = bench.list('pods', 'default');
    expect(daemon.metadata.labels).toMatchObject({
      app: 'web',
      'pod-template-generation': '1',
      'controller-revision-hash': expect.stringMatching(/^[a-z0-9]+$/),
    });
    expect(daemon.spec.tolerations).toHaveLength(6);
    run(bench);
    expect(get(bench).status).toEqual({
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
    const bench = make(node('a'), set());
    run(bench);
    bench.add(node('b'));
    run(bench);
    expect(targets(bench)).toEqual(['a', 'b']);
    bench.edit('nodes', 'a', (n) => Object.assign(n.spec, { taints: [{ key: 'k', effect: 'NoExecute' }] }), '');
    run(bench);
    expect(targets(bench)).toEqual(['b']);
    bench.edit('pods', bench.names('pods')[0], (p) => Object.assign(p.status, { phase: 'Failed' }));
    bench.settle();
    bench.advance(1001);
    run(bench);
    expect(bench.list('pods', 'default').map((p) => p.status?.phase)).toEqual(['Running']);
    expect(bench.said('FailedDaemonPod')).toHaveLength(1);
    bench.remove('nodes', 'b', { namespace: '' });
    bench.settle();
    expect(get(bench).status).toMatchObject({ desiredNumberScheduled: 0 });
  });

  it('[CTL112] rolls one node at a time, and with a surge keeps the old one until the new one is available', () => {
    const bench = make(node('a'), node('b'), node('c'), set());
    run(bench);
    bench.edit(SETS, 'd', (s) => Object.assign(s.spec, { template: template('nginx:2') }));
    bench.edit(SETS, 'd', (s) =>
      Object.assign(s.metadata.annotations ?? {}, { 'deprecated.daemonset.template.generation': '2' }),
    );
    bench.settle();
    expect(bench.list('pods', 'default').filter((p) => p.metadata.deletionTimestamp)).toHaveLength(1);
    run(bench);
    expect(image(bench)).toEqual(['nginx:2', 'nginx:2', 'nginx:2']);
    expect(get(bench).status).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 });
    bench.edit(SETS, 'd', (s) => {
      Object.assign(s.spec, {
        template: template('nginx:3'),
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      });
      s.metadata.annotations = { 'deprecated.daemonset.template.generation': '3' };
    });
    bench.settle();
    expect(image(bench).sort()).toEqual(['nginx:2', 'nginx:2', 'nginx:2', 'nginx:3']);
    run(bench);
    expect(image(bench)).toEqual(['nginx:3', 'nginx:3', 'nginx:3']);
  });

  it('[CTL112] OnDelete waits', () => {
    const bench = make(node('a'), set({ updateStrategy: { type: 'OnDelete' } }));
    run(bench);
    bench.edit(SETS, 'd', (s) => {
      Object.assign(s.spec, { template: template('nginx:2') });
      s.metadata.annotations = { 'deprecated.daemonset.template.generation': '2' };
    });
    run(bench);
    expect(image(bench)).toEqual(['nginx:1']);
    bench.remove('pods', bench.names('pods')[0]);
    run(bench);
    expect(image(bench)).toEqual(['nginx:2']);
  });

  it('[CTL113] keeps a revision for each template, as many as the limit says', () => {
    const bench = make(node('a'), set({ revisionHistoryLimit: 1 }));
    for (const tag of ['2', '3', '4']) {
      run(bench);
      bench.edit(SETS, 'd', (s) => {
        Object.assign(s.spec, { template: template(`nginx:${tag}`) });
        s.metadata.annotations = { 'deprecated.daemonset.template.generation': tag };
      });
    }
    run(bench);
    expect(
      bench
        .list('apps/controllerrevisions', 'default')
        .map((r) => r.revision)
        .sort(),
    ).toEqual([3, 4]);
  });
});
