import { describe, expect, it } from 'vitest';
import { parseTime, rfc3339 } from '../../../src/api/machinery/time.ts';
import { deploymentController } from '../../../src/controllers/deployment/reconcile.ts';
import { fenceposts } from '../../../src/controllers/deployment/spec.ts';
import { replicaSetController } from '../../../src/controllers/replicaset/reconcile.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { deployment, replicaSet, runPods, runToRest, template } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';
import { START as NOW } from '../../host/make-registry.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const make = (...objects: object[]) => {
  const bench = new ControllerBench([...deploymentController, ...replicaSetController]);
  for (const object of objects) bench.add(object);
  bench.settle();
  return bench;
};
const get = (bench: ControllerBench): KubeObject => bench.get('apps/deployments', 'default', 'web') as KubeObject;
const sets = (bench: ControllerBench): KubeObject[] =>
  bench
    .list('apps/replicasets', 'default')
    .sort((a, b) => Number(a.metadata.annotations?.[REVISION]) - Number(b.metadata.annotations?.[REVISION]));
const spec = (bench: ControllerBench, change: Obj) => {
  bench.edit('apps/deployments', 'web', (d) => Object.assign(d.spec, change));
  bench.settle();
};
const image = (bench: ControllerBench, tag: string) => spec(bench, { template: template(tag) });
const condition = (bench: ControllerBench, type: string): Obj | undefined =>
  get(bench).status.conditions.find((c: Obj) => c.type === type);

describe('a new Deployment', () => {
  it('[CTL20] makes one ReplicaSet with the hash, the annotations and the owner', () => {
    const bench = make(deployment('web', {}));
    const [set] = sets(bench);
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
    expect(get(bench).metadata.annotations).toEqual({ [REVISION]: '1' });
    expect(bench.said('ScalingReplicaSet')).toEqual([`Normal ScalingReplicaSet Scaled up replica set web-${hash} from 0 to 3`]);
    expect(condition(bench, 'Progressing')).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
    expect(condition(bench, 'Available')).toMatchObject({
      status: 'False',
      reason: 'MinimumReplicasUnavailable',
      message: 'Deployment does not have minimum availability.',
    });
  });

  it("[CTL21] reports upstream's status when all runs", () => {
    const bench = make(deployment());
    const name = sets(bench)[0].metadata.name;
    runToRest(bench);
    expect(get(bench).status).toEqual({
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
    expect(bench.timers.size).toBe(0);
  });

  it('[CTL22] hashes equal templates equally, others differently, and steps aside when the name is taken', () => {
    const hash = (d: Obj) => sets(make(d))[0].metadata.labels?.['pod-template-hash'];
    expect(hash(deployment())).toBe(hash(deployment('other', { replicas: 1 })));
    expect(hash(deployment())).not.toBe(hash(deployment('web', { template: template('nginx:2') })));
    const name = sets(make(deployment()))[0].metadata.name;
    const bench = make(
      replicaSet(name, { replicas: 0, selector: { matchLabels: { x: 'y' } }, template: template('a', { x: 'y' }) }),
      deployment(),
    );
    expect(get(bench).status.collisionCount).toBe(1);
    expect(bench.names('apps/replicasets')).toHaveLength(2);
  });

  it('[CTL12] adopts a ReplicaSet of the same template and goes on with it', () => {
    const bench = make(replicaSet('mine', { replicas: 2, template: template() }));
    bench.edit('apps/replicasets', 'mine', (s) => Object.assign(s.metadata, { labels: { app: 'web' } }));
    bench.add(deployment());
    runToRest(bench);
    expect(bench.names('apps/replicasets')).toEqual(['mine']);
    expect(sets(bench)[0].metadata.ownerReferences?.[0].kind).toBe('Deployment');
    expect(sets(bench)[0].spec.replicas).toBe(3);
    expect(condition(bench, 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
  });
});

describe('rolling update', () => {
  it('[CTL23] stays between unavailable and surge at every step, and ends with the new set alone', () => {
    const bench = make(deployment('web', { replicas: 10 }));
    runToRest(bench);
    image(bench, 'nginx:2');
    const sizes: number[][] = [];
    for (let i = 0; i < 60 && sets(bench)[0].spec.replicas > 0; i++) {
      const running = bench.list('pods', 'default').filter((p) => !p.metadata.deletionTimestamp);
      const ready = running.filter((p) => p.status?.conditions?.[0].status === 'True').length;
      expect(running.length).toBeLessThanOrEqual(13);
      expect(ready).toBeGreaterThanOrEqual(8);
      sizes.push(sets(bench).map((s) => s.spec.replicas));
      const next = bench.list('pods', 'default').find((p) => p.status?.phase === 'Pending' || p.metadata.deletionTimestamp);
      runPods(bench, { only: (p) => p.metadata.name === next?.metadata.name });
      bench.settle();
    }
    expect(sizes[0]).toEqual([8, 5]);
    runToRest(bench);
    expect(sets(bench).map((s) => s.spec.replicas)).toEqual([0, 10]);
    expect(get(bench).metadata.annotations?.[REVISION]).toBe('2');
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
    const bench = make(deployment('web', { replicas: 4 }));
    runToRest(bench, { ready: false });
    image(bench, 'nginx:2');
    expect(sets(bench)[0].spec.replicas).toBeLessThan(4);
    runToRest(bench);
    expect(sets(bench).map((s) => s.spec.replicas)).toEqual([0, 4]);
  });

  it('[CTL25] shares a new size in proportion while rolling', () => {
    const bench = make(
      deployment('web', { replicas: 10, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } }),
    );
    runToRest(bench);
    image(bench, 'nginx:broken');
    runToRest(bench, { ready: false, only: (p) => p.spec.containers[0].image === 'nginx:broken' });
    expect(sets(bench).map((s) => s.spec.replicas)).toEqual([8, 5]);
    spec(bench, { replicas: 15 });
    expect(sets(bench).map((s) => s.spec.replicas)).toEqual([11, 7]);
    expect(sets(bench)[1].metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/desired-replicas': '15',
      'deployment.kubernetes.io/max-replicas': '18',
    });
  });

  it('[CTL23] keeps what must be available when a stuck rollout is scaled down: a status that lags is not believed', () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
    const bench = make(deployment('web', { replicas: 15, strategy }));
    runToRest(bench);
    image(bench, 'nginx:broken');
    runToRest(bench, { ready: false, only: (p) => p.spec.containers[0].image === 'nginx:broken' });
    spec(bench, { replicas: 4 });
    expect(sets(bench).map((s) => s.spec.replicas)).toEqual([2, 4]);
    expect(get(bench).status).toMatchObject({ replicas: 6, availableReplicas: 2 });
  });

  it('[CTL26] goes back to an old template by reusing its set, with a new revision and a history', () => {
    const bench = make(deployment());
    runToRest(bench);
    const first = sets(bench)[0].metadata.name;
    image(bench, 'nginx:2');
    runToRest(bench);
    image(bench, 'nginx:1');
    runToRest(bench);
    const back = bench.get('apps/replicasets', 'default', first);
    expect(back?.spec.replicas).toBe(3);
    expect(back?.metadata.annotations).toMatchObject({ [REVISION]: '3', 'deployment.kubernetes.io/revision-history': '1' });
    expect(get(bench).metadata.annotations?.[REVISION]).toBe('3');
    expect(bench.names('apps/replicasets')).toHaveLength(2);
  });

  it('[CTL27] keeps as many old sets as the history limit says', () => {
    const bench = make(deployment('web', { revisionHistoryLimit: 2 }));
    for (let i = 2; i < 7; i++) {
      runToRest(bench);
      image(bench, `nginx:${i}`);
    }
    runToRest(bench);
    expect(sets(bench).map((s) => s.metadata.annotations?.[REVISION])).toEqual(['4', '5', '6']);
  });

  it('[CTL26] copies annotations to the set, but not its private ones', () => {
    const bench = make({
      ...deployment(),
      metadata: {
        name: 'web',
        annotations: { 'kubernetes.io/change-cause': 'first', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      },
    });
    expect(sets(bench)[0].metadata.annotations).toMatchObject({ 'kubernetes.io/change-cause': 'first' });
    expect(Object.keys(sets(bench)[0].metadata.annotations ?? {})).not.toContain(
      'kubectl.kubernetes.io/last-applied-configuration',
    );
  });

  it('[CTL28] rolls back by the annotation of old clients', () => {
    const bench = make(deployment());
    runToRest(bench);
    image(bench, 'nginx:2');
    runToRest(bench);
    bench.edit('apps/deployments', 'web', (d) => {
      d.metadata.annotations = { ...d.metadata.annotations, 'deprecated.deployment.rollback.to': '1' };
    });
    runToRest(bench);
    expect(get(bench).spec.template.spec.containers[0].image).toBe('nginx:1');
    expect(get(bench).metadata.annotations).not.toHaveProperty('deprecated.deployment.rollback.to');
    expect(bench.said('DeploymentRollback')).toEqual(['Normal DeploymentRollback Rolled back deployment "web" to revision 1']);
  });
});

describe('recreate', () => {
  it('[CTL29] makes no new pod before the last old one is gone', () => {
    const bench = make(deployment('web', { strategy: { type: 'Recreate' } }));
    runToRest(bench);
    image(bench, 'nginx:2');
    expect(sets(bench)).toHaveLength(1);
    expect(sets(bench)[0].spec.replicas).toBe(0);
    const old = bench.names('pods');
    for (const name of old.slice(1)) bench.remove('pods', name, { grace: 0 });
    bench.settle();
    expect(sets(bench)).toHaveLength(1);
    bench.remove('pods', old[0], { grace: 0 });
    bench.settle();
    expect(sets(bench).map((s) => s.spec.replicas)).toEqual([0, 3]);
    runToRest(bench);
    expect(condition(bench, 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
  });
});

describe('pausing and progress', () => {
  it('[CTL30] while paused it scales but does not roll, and says so', () => {
    const bench = make(deployment());
    runToRest(bench);
    spec(bench, { paused: true, template: template('nginx:2') });
    expect(sets(bench)).toHaveLength(1);
    expect(condition(bench, 'Progressing')).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
    });
    spec(bench, { replicas: 5 });
    expect(sets(bench)[0].spec.replicas).toBe(5);
    spec(bench, { paused: false });
    expect(sets(bench)).toHaveLength(2);
    runToRest(bench);
    expect(condition(bench, 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
  });

  it('[CTL31] times out a second after its deadline without progress, and not before', () => {
    const bench = make(deployment('web', { progressDeadlineSeconds: 60 }));
    runToRest(bench, { ready: false });
    bench.advance(60_000);
    expect(condition(bench, 'Progressing')?.reason).toBe('ReplicaSetUpdated');
    bench.advance(1000);
    expect(condition(bench, 'Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    expect(condition(bench, 'Progressing')?.message).toMatch(/^ReplicaSet "web-.*" has timed out progressing\.$/);
    expect(parseTime(condition(bench, 'Progressing')?.lastUpdateTime)).toBe(NOW + 61_000);
    expect(bench.timers.size).toBe(0);
    runToRest(bench);
    expect(condition(bench, 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
  });

  it('[CTL32] shows the failure of its sets, and forgets it with them', () => {
    const bench = new ControllerBench([...deploymentController, ...replicaSetController]);
    bench.refuse = (a) =>
      a.verb === 'create' && a.resource === 'pods' ? { code: 403, reason: 'Forbidden', message: 'no quota' } : undefined;
    bench.add(deployment());
    bench.settle();
    expect(condition(bench, 'ReplicaFailure')).toMatchObject({ status: 'True', reason: 'FailedCreate', message: 'no quota' });
    bench.refuse = undefined;
    bench.advance(10_000);
    runToRest(bench);
    expect(condition(bench, 'ReplicaFailure')).toBeUndefined();
  });

  it('[CTL33] says when its set cannot be made', () => {
    const bench = new ControllerBench(deploymentController);
    bench.refuse = (a) => (a.verb === 'create' ? { code: 422, reason: 'Invalid', message: 'bad template' } : undefined);
    bench.add(deployment());
    bench.settle();
    expect(condition(bench, 'Progressing')).toMatchObject({ status: 'False', reason: 'ReplicaSetCreateError' });
    expect(bench.said()[0]).toMatch(/^Warning ReplicaSetCreateError Failed to create new replica set "web-.*": bad template$/);
  });

  it('[CTL12] releases a set that it no longer selects', () => {
    const bench = make(deployment());
    bench.edit('apps/replicasets', sets(bench)[0].metadata.name, (s) => Object.assign(s.metadata, { labels: { app: 'else' } }));
    bench.settle();
    expect(bench.list('apps/replicasets', 'default').filter((s) => !s.metadata.ownerReferences)).toHaveLength(1);
  });
});
