import { describe, expect, it } from 'vitest';
import { statefulSetController } from '../../../src/controllers/statefulset/reconcile.ts';
import { revisionHash } from '../../../src/controllers/shared/history.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { pod, runPods, runToRest, template } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

const SETS = 'apps/statefulsets';
const set = (spec: Obj = {}): Obj => ({
  kind: 'StatefulSet',
  apiVersion: 'apps/v1',
  metadata: { name: 'db' },
  spec: {
    replicas: 3,
    serviceName: 'svc',
    selector: { matchLabels: { app: 'web' } },
    template: template(),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    ...spec,
  },
});
const make = (...objects: Obj[]) => {
  const bench = new ControllerBench(statefulSetController);
  for (const object of objects) bench.add(object);
  bench.settle();
  return bench;
};
const get = (bench: ControllerBench) => bench.get(SETS, 'default', 'db') as KubeObject;
const edit = (bench: ControllerBench, change: Obj) => {
  bench.edit(SETS, 'db', (s) => Object.assign(s.spec, change));
  bench.settle();
};
const images = (bench: ControllerBench) => bench.list('pods', 'default').map((p) => p.spec.containers[0].image);

describe('stateful sets', () => {
  it('[CTL100] makes pods one after the other, with an identity', () => {
    const bench = make(set());
    expect(bench.names('pods')).toEqual(['db-0']);
    runPods(bench);
    bench.settle();
    expect(bench.names('pods')).toEqual(['db-0', 'db-1']);
    runToRest(bench);
    const [first] = bench.list('pods', 'default');
    expect(first.metadata).toMatchObject({
      generateName: 'db-',
      labels: {
        app: 'web',
        'statefulset.kubernetes.io/pod-name': 'db-0',
        'apps.kubernetes.io/pod-index': '0',
        'controller-revision-hash': get(bench).status.updateRevision,
      },
    });
    expect(first.spec).toMatchObject({ hostname: 'db-0', subdomain: 'svc' });
    expect(get(bench).status).toEqual({
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
      collisionCount: 0,
      currentRevision: bench.names('apps/controllerrevisions')[0],
      updateRevision: bench.names('apps/controllerrevisions')[0],
    });
    expect(bench.said()[0]).toBe('Normal SuccessfulCreate Create Pod db-0 in StatefulSet db successful');
  });

  it('[CTL100] makes all at once when Parallel, from a start ordinal', () => {
    expect(make(set({ podManagementPolicy: 'Parallel', ordinals: { start: 5 } })).names('pods')).toEqual([
      'db-5',
      'db-6',
      'db-7',
    ]);
  });

  it('[CTL101] scales down from above, one after the other', () => {
    const bench = make(set());
    runToRest(bench);
    edit(bench, { replicas: 1 });
    expect(bench.list('pods', 'default').map((p) => p.metadata.deletionTimestamp !== undefined)).toEqual([false, false, true]);
    runToRest(bench);
    expect(bench.names('pods')).toEqual(['db-0']);
  });

  it('[CTL102] rolls down to the partition, and OnDelete not at all', () => {
    const bench = make(set());
    runToRest(bench);
    edit(bench, { template: template('nginx:2'), updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } });
    expect(bench.list('pods', 'default').map((p) => p.metadata.deletionTimestamp !== undefined)).toEqual([false, false, true]);
    runToRest(bench);
    expect(images(bench)).toEqual(['nginx:1', 'nginx:2', 'nginx:2']);
    expect(get(bench).status).toMatchObject({ updatedReplicas: 2, currentReplicas: 1 });
    bench.remove('pods', 'db-0', { grace: 0 });
    runToRest(bench);
    expect(images(bench)[0]).toBe('nginx:1');
    edit(bench, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } });
    runToRest(bench);
    expect(images(bench)).toEqual(['nginx:2', 'nginx:2', 'nginx:2']);
    expect(get(bench).status.currentRevision).toBe(get(bench).status.updateRevision);
    edit(bench, { template: template('nginx:3'), updateStrategy: { type: 'OnDelete' } });
    runToRest(bench);
    expect(images(bench)).toEqual(['nginx:2', 'nginx:2', 'nginx:2']);
  });

  it('[CTL103] keeps revisions, returns to old ones, and names them as upstream does', () => {
    const bench = make(set({ revisionHistoryLimit: 1, podManagementPolicy: 'Parallel' }));
    runToRest(bench);
    const first = get(bench).status.updateRevision;
    edit(bench, { template: template('nginx:2') });
    runToRest(bench);
    edit(bench, { template: template('nginx:1') });
    runToRest(bench);
    expect(get(bench).status.updateRevision).toBe(first);
    expect(bench.get('apps/controllerrevisions', 'default', first)?.revision).toBe(3);
    for (const tag of ['3', '4', '5']) {
      edit(bench, { template: template(`nginx:${tag}`) });
      runToRest(bench);
    }
    expect(bench.names('apps/controllerrevisions')).toHaveLength(2);
    const spec = {
      containers: [
        {
          image: 'nginx',
          imagePullPolicy: 'Always',
          name: 'c',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      dnsPolicy: 'ClusterFirst',
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    };
    expect(revisionHash({ metadata: { labels: { app: 'su' } }, spec }, 0)).toBe('5f64d69958');
    expect(revisionHash({ metadata: { labels: { app: 'st' } }, spec }, 0)).toBe('57db8bf547');
  });

  it('[CTL104] replaces ended pods, makes claims, and keeps or gives them away', () => {
    const volumeClaimTemplates = [
      { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    ];
    const bench = make(
      set({
        volumeClaimTemplates,
        replicas: 2,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
      }),
    );
    runToRest(bench);
    expect(bench.names('persistentvolumeclaims')).toEqual(['data-db-0', 'data-db-1']);
    expect(bench.get('pods', 'default', 'db-0')?.spec.volumes).toEqual([
      { name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } },
    ]);
    expect(bench.get('persistentvolumeclaims', 'default', 'data-db-0')?.metadata.ownerReferences?.map((r) => r.kind)).toEqual([
      'StatefulSet',
    ]);
    bench.edit('pods', 'db-0', (p) => Object.assign(p.status, { phase: 'Failed' }));
    const { uid } = bench.get('pods', 'default', 'db-0')?.metadata ?? {};
    runToRest(bench);
    expect(bench.get('pods', 'default', 'db-0')?.metadata.uid).not.toBe(uid);
    edit(bench, { replicas: 1 });
    expect(bench.get('persistentvolumeclaims', 'default', 'data-db-1')?.metadata.ownerReferences?.map((r) => r.kind)).toEqual([
      'Pod',
    ]);
  });

  it('[CTL12] adopts an orphan of its names only', () => {
    const bench = make(pod('db-0'), pod('other'), set({ podManagementPolicy: 'Parallel' }));
    expect(bench.get('pods', 'default', 'db-0')?.metadata.ownerReferences?.[0].name).toBe('db');
    expect(bench.get('pods', 'default', 'other')?.metadata.ownerReferences).toBeUndefined();
  });
});
