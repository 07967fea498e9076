import { describe, expect, it } from 'vitest';
import { statefulSetController } from '../../../src/controllers/statefulset/reconcile.ts';
import { revisionHash } from '../../../src/controllers/shared/history.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { pod, runPods, runToRest, template } from '../../fixtures/workloads.ts';
import { World } from '../../fixtures/world.ts';

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
  const world = new World(statefulSetController);
  for (const object of objects) world.add(object);
  world.settle();
  return world;
};
const get = (world: World) => world.get(SETS, 'default', 'db') as KubeObject;
const edit = (world: World, change: Obj) => {
  world.edit(SETS, 'db', (s) => Object.assign(s.spec, change));
  world.settle();
};
const images = (world: World) => world.list('pods', 'default').map((p) => p.spec.containers[0].image);

describe('stateful sets', () => {
  it('[CTL100] makes pods one after the other, with an identity', () => {
    const world = make(set());
    expect(world.names('pods')).toEqual(['db-0']);
    runPods(world);
    world.settle();
    expect(world.names('pods')).toEqual(['db-0', 'db-1']);
    runToRest(world);
    const [first] = world.list('pods', 'default');
    expect(first.metadata).toMatchObject({
      generateName: 'db-',
      labels: {
        app: 'web',
        'statefulset.kubernetes.io/pod-name': 'db-0',
        'apps.kubernetes.io/pod-index': '0',
        'controller-revision-hash': get(world).status.updateRevision,
      },
    });
    expect(first.spec).toMatchObject({ hostname: 'db-0', subdomain: 'svc' });
    expect(get(world).status).toEqual({
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
      collisionCount: 0,
      currentRevision: world.names('apps/controllerrevisions')[0],
      updateRevision: world.names('apps/controllerrevisions')[0],
    });
    expect(world.said()[0]).toBe('Normal SuccessfulCreate Create Pod db-0 in StatefulSet db successful');
  });

  it('[CTL100] makes all at once when Parallel, from a start ordinal', () => {
    expect(make(set({ podManagementPolicy: 'Parallel', ordinals: { start: 5 } })).names('pods')).toEqual([
      'db-5',
      'db-6',
      'db-7',
    ]);
  });

  it('[CTL101] scales down from above, one after the other', () => {
    const world = make(set());
    runToRest(world);
    edit(world, { replicas: 1 });
    expect(world.list('pods', 'default').map((p) => p.metadata.deletionTimestamp !== undefined)).toEqual([false, false, true]);
    runToRest(world);
    expect(world.names('pods')).toEqual(['db-0']);
  });

  it('[CTL102] rolls down to the partition, and OnDelete not at all', () => {
    const world = make(set());
    runToRest(world);
    edit(world, { template: template('nginx:2'), updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } });
    expect(world.list('pods', 'default').map((p) => p.metadata.deletionTimestamp !== undefined)).toEqual([false, false, true]);
    runToRest(world);
    expect(images(world)).toEqual(['nginx:1', 'nginx:2', 'nginx:2']);
    expect(get(world).status).toMatchObject({ updatedReplicas: 2, currentReplicas: 1 });
    world.remove('pods', 'db-0', { grace: 0 });
    runToRest(world);
    expect(images(world)[0]).toBe('nginx:1');
    edit(world, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } });
    runToRest(world);
    expect(images(world)).toEqual(['nginx:2', 'nginx:2', 'nginx:2']);
    expect(get(world).status.currentRevision).toBe(get(world).status.updateRevision);
    edit(world, { template: template('nginx:3'), updateStrategy: { type: 'OnDelete' } });
    runToRest(world);
    expect(images(world)).toEqual(['nginx:2', 'nginx:2', 'nginx:2']);
  });

  it('[CTL103] keeps revisions, returns to old ones, and names them as upstream does', () => {
    const world = make(set({ revisionHistoryLimit: 1, podManagementPolicy: 'Parallel' }));
    runToRest(world);
    const first = get(world).status.updateRevision;
    edit(world, { template: template('nginx:2') });
    runToRest(world);
    edit(world, { template: template('nginx:1') });
    runToRest(world);
    expect(get(world).status.updateRevision).toBe(first);
    expect(world.get('apps/controllerrevisions', 'default', first)?.revision).toBe(3);
    for (const tag of ['3', '4', '5']) {
      edit(world, { template: template(`nginx:${tag}`) });
      runToRest(world);
    }
    expect(world.names('apps/controllerrevisions')).toHaveLength(2);
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
    const volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }];
    const world = make(
      set({
        volumeClaimTemplates,
        replicas: 2,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
      }),
    );
    runToRest(world);
    expect(world.names('persistentvolumeclaims')).toEqual(['data-db-0', 'data-db-1']);
    expect(world.get('pods', 'default', 'db-0')?.spec.volumes).toEqual([
      { name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } },
    ]);
    expect(world.get('persistentvolumeclaims', 'default', 'data-db-0')?.metadata.ownerReferences?.map((r) => r.kind)).toEqual([
      'StatefulSet',
    ]);
    world.edit('pods', 'db-0', (p) => Object.assign(p.status, { phase: 'Failed' }));
    const { uid } = world.get('pods', 'default', 'db-0')?.metadata ?? {};
    runToRest(world);
    expect(world.get('pods', 'default', 'db-0')?.metadata.uid).not.toBe(uid);
    edit(world, { replicas: 1 });
    expect(world.get('persistentvolumeclaims', 'default', 'data-db-1')?.metadata.ownerReferences?.map((r) => r.kind)).toEqual([
      'Pod',
    ]);
  });

  it('[CTL12] adopts an orphan of its names only', () => {
    const world = make(pod('db-0'), pod('other'), set({ podManagementPolicy: 'Parallel' }));
    expect(world.get('pods', 'default', 'db-0')?.metadata.ownerReferences?.[0].name).toBe('db');
    expect(world.get('pods', 'default', 'other')?.metadata.ownerReferences).toBeUndefined();
  });
});
