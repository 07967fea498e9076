import { describe, expect, it } from 'vitest';
import { parseTime, rfc3339 } from '../../../src/api/machinery/time.ts';
import { deploymentController } from '../../../src/controllers/deployment/reconcile.ts';
import { fenceposts } from '../../../src/controllers/deployment/spec.ts';
import { replicaSetController } from '../../../src/controllers/replicaset/reconcile.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { deployment, replicaSet, runPods, runToRest, template } from '../../fixtures/workloads.ts';
import { NOW, World } from '../../fixtures/world.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const make = (...objects: object[]) => {
  const world = new World([...deploymentController, ...replicaSetController]);
  for (const object of objects) world.add(object);
  world.settle();
  return world;
};
const get = (world: World): KubeObject => world.get('apps/deployments', 'default', 'web') as KubeObject;
const sets = (world: World): KubeObject[] =>
  world
    .list('apps/replicasets', 'default')
    .sort((a, b) => Number(a.metadata.annotations?.[REVISION]) - Number(b.metadata.annotations?.[REVISION]));
const spec = (world: World, change: Obj) => {
  world.edit('apps/deployments', 'web', (d) => Object.assign(d.spec, change));
  world.settle();
};
const image = (world: World, tag: string) => spec(world, { template: template(tag) });
const condition = (world: World, type: string): Obj | undefined => get(world).status.conditions.find((c: Obj) => c.type === type);

describe('a new Deployment', () => {
  it('[CTL20] makes one ReplicaSet with the hash, the annotations and the owner', () => {
    const world = make(deployment('web', {}));
    const [set] = sets(world);
    const hash = set.metadata.labels?.['pod-template-hash'] ?? '';
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{8,10}$/);
    expect(set.metadata).toMatchObject({
      name: `web-${hash}`,
      labels: { app: 'web', 'pod-template-hash': hash },
      annotations: {
        [REVISION]: '1',
        'deployment.kubernetes.io/desired-replicas': '3',
        'deployment.kubernetes.io/max-replicas': '4',
      },
    });
    expect(set.spec.selector).toEqual({ matchLabels: { app: 'web', 'pod-template-hash': hash } });
    expect(set.spec.template.metadata.labels).toEqual({ app: 'web', 'pod-template-hash': hash });
    expect(get(world).metadata.annotations).toEqual({ [REVISION]: '1' });
    expect(world.said('ScalingReplicaSet')).toEqual([`Normal ScalingReplicaSet Scaled up replica set web-${hash} from 0 to 3`]);
    expect(condition(world, 'Progressing')).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
    expect(condition(world, 'Available')).toMatchObject({
      status: 'False',
      reason: 'MinimumReplicasUnavailable',
      message: 'Deployment does not have minimum availability.',
    });
  });

  it("[CTL21] reports upstream's status when all runs", () => {
    const world = make(deployment());
    const name = sets(world)[0].metadata.name;
    runToRest(world);
    expect(get(world).status).toEqual({
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      terminatingReplicas: 0,
      conditions: [
        {
          type: 'Available',
          status: 'True',
          lastUpdateTime: rfc3339(NOW),
          lastTransitionTime: rfc3339(NOW),
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        },
        {
          type: 'Progressing',
          status: 'True',
          lastUpdateTime: rfc3339(NOW),
          lastTransitionTime: rfc3339(NOW),
          reason: 'NewReplicaSetAvailable',
          message: `ReplicaSet "${name}" has successfully progressed.`,
        },
      ],
    });
    expect(world.timers.size).toBe(0);
  });

  it('[CTL22] hashes equal templates equally, others differently, and steps aside when the name is taken', () => {
    const hash = (d: Obj) => sets(make(d))[0].metadata.labels?.['pod-template-hash'];
    expect(hash(deployment())).toBe(hash(deployment('other', { replicas: 1 })));
    expect(hash(deployment())).not.toBe(hash(deployment('web', { template: template('nginx:2') })));
    const name = sets(make(deployment()))[0].metadata.name;
    const world = make(
      replicaSet(name, { replicas: 0, selector: { matchLabels: { x: 'y' } }, template: template('a', { x: 'y' }) }),
      deployment(),
    );
    expect(get(world).status.collisionCount).toBe(1);
    expect(world.names('apps/replicasets')).toHaveLength(2);
  });

  it('[CTL12] adopts a ReplicaSet of the same template and goes on with it', () => {
    const world = make(replicaSet('mine', { replicas: 2, template: template() }));
    world.edit('apps/replicasets', 'mine', (s) => Object.assign(s.metadata, { labels: { app: 'web' } }));
    world.add(deployment());
    runToRest(world);
    expect(world.names('apps/replicasets')).toEqual(['mine']);
    expect(sets(world)[0].metadata.ownerReferences?.[0].kind).toBe('Deployment');
    expect(sets(world)[0].spec.replicas).toBe(3);
    expect(condition(world, 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
  });
});

describe('rolling update', () => {
  it('[CTL23] stays between unavailable and surge at every step, and ends with the new set alone', () => {
    const world = make(deployment('web', { replicas: 10 }));
    runToRest(world);
    image(world, 'nginx:2');
    const sizes: number[][] = [];
    for (let i = 0; i < 60 && sets(world)[0].spec.replicas > 0; i++) {
      const running = world.list('pods', 'default').filter((p) => !p.metadata.deletionTimestamp);
      const ready = running.filter((p) => p.status?.conditions?.[0].status === 'True').length;
      expect(running.length).toBeLessThanOrEqual(13);
      expect(ready).toBeGreaterThanOrEqual(8);
      sizes.push(sets(world).map((s) => s.spec.replicas));
      const next = world.list('pods', 'default').find((p) => p.status?.phase === 'Pending' || p.metadata.deletionTimestamp);
      runPods(world, { only: (p) => p.metadata.name === next?.metadata.name });
      world.settle();
    }
    expect(sizes[0]).toEqual([8, 5]);
    runToRest(world);
    expect(sets(world).map((s) => s.spec.replicas)).toEqual([0, 10]);
    expect(get(world).metadata.annotations?.[REVISION]).toBe('2');
  });

  it('[CTL23] rounds surge up and unavailable down, and never both to zero', () => {
    const of = (replicas: number, maxSurge: number | string, maxUnavailable: number | string) =>
      fenceposts({
        spec: { replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } },
      } as never);
    expect(of(10, '25%', '25%')).toEqual({ surge: 3, unavailable: 2 });
    expect(of(2, '0%', '1%')).toEqual({ surge: 0, unavailable: 1 });
    expect(of(1, '1%', '25%')).toEqual({ surge: 1, unavailable: 0 });
    expect(of(4, 0, 2)).toEqual({ surge: 0, unavailable: 2 });
  });

  it('[CTL24] removes unhealthy old pods first', () => {
    const world = make(deployment('web', { replicas: 4 }));
    runToRest(world, { ready: false });
    image(world, 'nginx:2');
    expect(sets(world)[0].spec.replicas).toBeLessThan(4);
    runToRest(world);
    expect(sets(world).map((s) => s.spec.replicas)).toEqual([0, 4]);
  });

  it('[CTL25] shares a new size in proportion while rolling', () => {
    const world = make(
      deployment('web', { replicas: 10, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } }),
    );
    runToRest(world);
    image(world, 'nginx:broken');
    runToRest(world, { ready: false, only: (p) => p.spec.containers[0].image === 'nginx:broken' });
    expect(sets(world).map((s) => s.spec.replicas)).toEqual([8, 5]);
    spec(world, { replicas: 15 });
    expect(sets(world).map((s) => s.spec.replicas)).toEqual([11, 7]);
    expect(sets(world)[1].metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/desired-replicas': '15',
      'deployment.kubernetes.io/max-replicas': '18',
    });
  });

  it('[CTL26] goes back to an old template by reusing its set, with a new revision and a history', () => {
    const world = make(deployment());
    runToRest(world);
    const first = sets(world)[0].metadata.name;
    image(world, 'nginx:2');
    runToRest(world);
    image(world, 'nginx:1');
    runToRest(world);
    const back = world.get('apps/replicasets', 'default', first);
    expect(back?.spec.replicas).toBe(3);
    expect(back?.metadata.annotations).toMatchObject({ [REVISION]: '3', 'deployment.kubernetes.io/revision-history': '1' });
    expect(get(world).metadata.annotations?.[REVISION]).toBe('3');
    expect(world.names('apps/replicasets')).toHaveLength(2);
  });

  it('[CTL27] keeps as many old sets as the history limit says', () => {
    const world = make(deployment('web', { revisionHistoryLimit: 2 }));
    for (let i = 2; i < 7; i++) {
      runToRest(world);
      image(world, `nginx:${i}`);
    }
    runToRest(world);
    expect(sets(world).map((s) => s.metadata.annotations?.[REVISION])).toEqual(['4', '5', '6']);
  });

  it('[CTL26] copies annotations to the set, but not its private ones', () => {
    const world = make({
      ...deployment(),
      metadata: {
        name: 'web',
        annotations: { 'kubernetes.io/change-cause': 'first', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      },
    });
    expect(sets(world)[0].metadata.annotations).toMatchObject({ 'kubernetes.io/change-cause': 'first' });
    expect(Object.keys(sets(world)[0].metadata.annotations ?? {})).not.toContain(
      'kubectl.kubernetes.io/last-applied-configuration',
    );
  });

  it('[CTL28] rolls back by the annotation of old clients', () => {
    const world = make(deployment());
    runToRest(world);
    image(world, 'nginx:2');
    runToRest(world);
    world.edit('apps/deployments', 'web', (d) => {
      d.metadata.annotations = { ...d.metadata.annotations, 'deprecated.deployment.rollback.to': '1' };
    });
    runToRest(world);
    expect(get(world).spec.template.spec.containers[0].image).toBe('nginx:1');
    expect(get(world).metadata.annotations).not.toHaveProperty('deprecated.deployment.rollback.to');
    expect(world.said('DeploymentRollback')).toEqual(['Normal DeploymentRollback Rolled back deployment "web" to revision 1']);
  });
});

describe('recreate', () => {
  it('[CTL29] makes no new pod before the last old one is gone', () => {
    const world = make(deployment('web', { strategy: { type: 'Recreate' } }));
    runToRest(world);
    image(world, 'nginx:2');
    expect(sets(world)).toHaveLength(1);
    expect(sets(world)[0].spec.replicas).toBe(0);
    const old = world.names('pods');
    for (const name of old.slice(1)) world.remove('pods', name, { grace: 0 });
    world.settle();
    expect(sets(world)).toHaveLength(1);
    world.remove('pods', old[0], { grace: 0 });
    world.settle();
    expect(sets(world).map((s) => s.spec.replicas)).toEqual([0, 3]);
    runToRest(world);
    expect(condition(world, 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
  });
});

describe('pausing and progress', () => {
  it('[CTL30] while paused it scales but does not roll, and says so', () => {
    const world = make(deployment());
    runToRest(world);
    spec(world, { paused: true, template: template('nginx:2') });
    expect(sets(world)).toHaveLength(1);
    expect(condition(world, 'Progressing')).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
    });
    spec(world, { replicas: 5 });
    expect(sets(world)[0].spec.replicas).toBe(5);
    spec(world, { paused: false });
    expect(sets(world)).toHaveLength(2);
    runToRest(world);
    expect(condition(world, 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
  });

  it('[CTL31] times out a second after its deadline without progress, and not before', () => {
    const world = make(deployment('web', { progressDeadlineSeconds: 60 }));
    runToRest(world, { ready: false });
    world.advance(60_000);
    expect(condition(world, 'Progressing')?.reason).toBe('ReplicaSetUpdated');
    world.advance(1000);
    expect(condition(world, 'Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    expect(condition(world, 'Progressing')?.message).toMatch(/^ReplicaSet "web-.*" has timed out progressing\.$/);
    expect(parseTime(condition(world, 'Progressing')?.lastUpdateTime)).toBe(NOW + 61_000);
    expect(world.timers.size).toBe(0);
    runToRest(world);
    expect(condition(world, 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
  });

  it('[CTL32] shows the failure of its sets, and forgets it with them', () => {
    const world = new World([...deploymentController, ...replicaSetController]);
    world.refuse = (a) =>
      a.verb === 'create' && a.resource === 'pods' ? { code: 403, reason: 'Forbidden', message: 'no quota' } : undefined;
    world.add(deployment());
    world.settle();
    expect(condition(world, 'ReplicaFailure')).toMatchObject({ status: 'True', reason: 'FailedCreate', message: 'no quota' });
    world.refuse = undefined;
    world.advance(10_000);
    runToRest(world);
    expect(condition(world, 'ReplicaFailure')).toBeUndefined();
  });

  it('[CTL33] says when its set cannot be made', () => {
    const world = new World(deploymentController);
    world.refuse = (a) => (a.verb === 'create' ? { code: 422, reason: 'Invalid', message: 'bad template' } : undefined);
    world.add(deployment());
    world.settle();
    expect(condition(world, 'Progressing')).toMatchObject({ status: 'False', reason: 'ReplicaSetCreateError' });
    expect(world.said()[0]).toMatch(/^Warning ReplicaSetCreateError Failed to create new replica set "web-.*": bad template$/);
  });

  it('[CTL12] releases a set that it no longer selects', () => {
    const world = make(deployment());
    world.edit('apps/replicasets', sets(world)[0].metadata.name, (s) => Object.assign(s.metadata, { labels: { app: 'else' } }));
    world.settle();
    expect(world.list('apps/replicasets', 'default').filter((s) => !s.metadata.ownerReferences)).toHaveLength(1);
  });
});
