import { describe, expect, it } from 'vitest';
import { replicaSetController, replicationController } from '../../../src/controllers/replicaset/reconcile.ts';
import { podsToDelete } from '../../../src/controllers/shared/ranking.ts';
import { rfc3339 } from '../../../src/api/machinery/time.ts';
import { ControllerBench } from '../../host/controller-bench.ts';
import { START as NOW } from '../../host/make-registry.ts';
import { pod, readyCondition, replicaSet, replicationController as rc, runPods, runToRest } from '../../fixtures/workloads.ts';
import type { KubeObject } from '../../../src/lib/json.ts';

const make = (...objects: object[]) => {
  const bench = new ControllerBench([...replicaSetController, ...replicationController]);
  for (const object of objects) bench.add(object);
  bench.settle();
  return bench;
};
const status = (bench: ControllerBench, name = 'web') => bench.get('apps/replicasets', 'default', name)?.status;

describe('replicaset', () => {
  it('[CTL10] creates what is missing, in the name of the set', () => {
    const bench = make(replicaSet('web', { replicas: 2 }));
    const pods = bench.list('pods', 'default');
    expect(pods).toHaveLength(2);
    expect(pods[0].metadata).toMatchObject({ generateName: 'web-', labels: { app: 'web' } });
    expect(pods[0].metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(pods[0].metadata.ownerReferences).toEqual([
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web',
        uid: bench.get('apps/replicasets', 'default', 'web')?.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    expect(bench.said()).toEqual(
      pods
        .map((p) => `Normal SuccessfulCreate Created pod: ${p.metadata.name}`)
        .sort((a, b) => bench.said().indexOf(a) - bench.said().indexOf(b)),
    );
    expect(status(bench)).toEqual({ replicas: 2, fullyLabeledReplicas: 2, terminatingReplicas: 0, observedGeneration: 1 });
    runToRest(bench);
    expect(status(bench)).toEqual({
      replicas: 2,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      terminatingReplicas: 0,
      observedGeneration: 1,
    });
  });

  it('[CTL11] creates at most a burst in one plan, and all in the end', () => {
    const bench = make(replicaSet('web', { replicas: 1203 }));
    const sizes = bench.plans.map((p) => p.plan.actions.filter((a) => a.verb === 'create').length).filter(Boolean);
    expect(sizes).toEqual([500, 500, 203]);
    expect(new Set(bench.names('pods')).size).toBe(1203);
  });

  it('[CTL12] adopts matching orphans before it counts, and releases what no longer matches', () => {
    const bench = make(pod('stray'), pod('done', { phase: 'Succeeded' }), replicaSet('web', { replicas: 2 }));
    expect(bench.get('pods', 'default', 'stray')?.metadata.ownerReferences?.[0].name).toBe('web');
    expect(bench.get('pods', 'default', 'done')?.metadata.ownerReferences).toBeUndefined();
    expect(bench.list('pods', 'default')).toHaveLength(3);
    bench.edit('pods', 'stray', (p) => Object.assign(p.metadata, { labels: { app: 'debug' } }));
    bench.settle();
    expect(bench.get('pods', 'default', 'stray')?.metadata.ownerReferences).toBeUndefined();
    expect(bench.list('pods', 'default')).toHaveLength(4);
    bench.edit('pods', 'stray', (p) => Object.assign(p.metadata, { labels: { app: 'web' } }));
    bench.settle();
    expect(bench.names('pods')).toHaveLength(3);
  });

  it('[CTL13] replaces pods that ended or are going, and counts the going ones apart', () => {
    const bench = make(replicaSet('web', { replicas: 2 }));
    runToRest(bench);
    const [first, second] = bench.names('pods');
    bench.remove('pods', first);
    bench.edit('pods', second, (p) => Object.assign(p.status, { phase: 'Failed' }));
    bench.settle();
    expect(bench.names('pods')).toHaveLength(4);
    expect(status(bench)).toMatchObject({ replicas: 2, terminatingReplicas: 1 });
    runPods(bench);
    bench.settle();
    expect(status(bench)).toMatchObject({ terminatingReplicas: 0 });
  });

  it('[CTL14] a pod counts as available minReadySeconds after it became ready, by a timer', () => {
    const bench = make(replicaSet('web', { replicas: 1, minReadySeconds: 10 }));
    runToRest(bench);
    expect(status(bench)).toMatchObject({ readyReplicas: 1 });
    expect(status(bench)?.availableReplicas).toBeUndefined();
    bench.advance(9_999);
    expect(status(bench)?.availableReplicas).toBeUndefined();
    bench.advance(1);
    expect(status(bench)?.availableReplicas).toBe(1);
    expect(bench.timers.size).toBe(0);
  });

  it('[CTL15] a refused creation is a ReplicaFailure and an Event, and both pass', () => {
    const bench = new ControllerBench(replicaSetController);
    bench.refuse = (a) => (a.verb === 'create' ? { code: 403, reason: 'Forbidden', message: 'exceeded quota' } : undefined);
    bench.add(replicaSet('web', { replicas: 2 }));
    bench.settle();
    expect(new Set(bench.said())).toEqual(new Set(['Warning FailedCreate Error creating: exceeded quota']));
    expect(status(bench)).toEqual({
      replicas: 0,
      terminatingReplicas: 0,
      observedGeneration: 1,
      conditions: [
        {
          type: 'ReplicaFailure',
          status: 'True',
          lastTransitionTime: rfc3339(NOW),
          reason: 'FailedCreate',
          message: 'exceeded quota',
        },
      ],
    });
    bench.refuse = undefined;
    bench.advance(5000);
    expect(status(bench)?.conditions).toBeUndefined();
    expect(bench.names('pods')).toHaveLength(2);
  });

  it('[CTL16] deletes the least valuable pods first and says so', () => {
    const bench = make(replicaSet('web', { replicas: 3 }));
    const [keep] = bench.names('pods');
    runPods(bench, { only: (p) => p.metadata.name === keep });
    bench.edit('apps/replicasets', 'web', (s) => Object.assign(s.spec, { replicas: 1 }));
    bench.settle();
    expect(bench.names('pods')).toEqual([keep]);
    expect(bench.said('SuccessfulDelete')).toHaveLength(2);
  });

  it('[CTL10] leaves a set that is being deleted alone', () => {
    const bench = make();
    bench.add({ ...replicaSet('web'), metadata: { name: 'web', finalizers: ['example.com/y'] } });
    bench.remove('apps/replicasets', 'web');
    bench.settle();
    expect(bench.names('pods')).toEqual([]);
    expect(status(bench)).toMatchObject({ replicas: 0 });
  });
});

describe('replication controller', () => {
  it('[CTL17] is the same machine with a plain selector and without terminatingReplicas', () => {
    const bench = make(rc('web'));
    runToRest(bench);
    const set = bench.get('replicationcontrollers', 'default', 'web');
    expect(set?.status).toEqual({
      replicas: 2,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      observedGeneration: 1,
    });
    expect(bench.events[0].source.component).toBe('replication-controller');
    expect(bench.list('pods', 'default')[0].metadata.ownerReferences?.[0]).toMatchObject({
      apiVersion: 'v1',
      kind: 'ReplicationController',
    });
  });
});

describe('ranking', () => {
  const running = (
    name: string,
    o: { ready?: number; node?: string; cost?: string; restarts?: number; created?: number } = {},
  ): KubeObject =>
    ({
      ...pod(name, { node: o.node ?? 'a', phase: 'Running' }),
      metadata: {
        name,
        uid: name,
        creationTimestamp: rfc3339(o.created ?? NOW - 1000_000),
        ...(o.cost && { annotations: { 'controller.kubernetes.io/pod-deletion-cost': o.cost } }),
      },
      status: {
        phase: 'Running',
        conditions: o.ready === undefined ? [] : [readyCondition(true, o.ready)],
        containerStatuses: [{ restartCount: o.restarts ?? 0 }],
      },
    }) as never;
  const order = (pods: KubeObject[], related = pods) =>
    podsToDelete([...pods], related, pods.length - 1, NOW).map((p) => p.metadata.name);

  it('[CTL16] unassigned, then pending, then not ready, then cheap ones go first', () => {
    const pending = { ...running('pending'), status: { phase: 'Pending' } } as KubeObject;
    const unassigned = { ...running('unassigned'), spec: {} } as KubeObject;
    const pods = [
      running('dear', { ready: NOW - 5000, cost: '10' }),
      running('cheap', { ready: NOW - 5000, cost: '-1' }),
      running('unready'),
      pending,
      unassigned,
    ];
    expect(order(pods)).toEqual(['unassigned', 'pending', 'unready', 'cheap']);
  });

  it('[CTL16] doubled-up pods go before lonely ones, ages compare by magnitude, then restarts', () => {
    const ready = NOW - 100_000;
    const doubled = [
      running('x1', { ready, node: 'x' }),
      running('x2', { ready, node: 'x' }),
      running('y1', { ready, node: 'y' }),
    ];
    expect(order(doubled)).toEqual(expect.arrayContaining(['x1', 'x2']));
    expect(order([running('old', { ready: NOW - 1_000_000 }), running('new', { ready: NOW - 1000 })])).toEqual(['new']);
    expect(order([running('b', { ready: NOW - 1_000_000 }), running('a', { ready: NOW - 1_000_500 })])).toEqual(['a']);
    expect(order([running('calm', { ready }), running('crashing', { ready, restarts: 3 })])).toEqual(['crashing']);
  });

  it('[CTL16] a cost that is no int32 counts as none', () => {
    const ready = NOW - 5000;
    for (const cost of ['+5', '007', 'x', '99999999999']) {
      expect(order([running('odd', { ready, cost }), running('paid', { ready, cost: '-1' })])).toEqual(['paid']);
    }
  });
});
