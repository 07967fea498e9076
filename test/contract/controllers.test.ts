import { describe, expect, it } from 'vitest';
import * as quotaUsage from '../../src/admission/quota-usage.ts';
import { controllersFor } from '../../src/controllers/table.ts';
import { equal, type KubeObject, type Obj } from '../../src/lib/json.ts';
import { seeded } from '../../src/lib/prng.ts';
import type { Action, Change, Controller, Key, View } from '../../src/reconcile/plan.ts';
import { active, deployment, pod, replicaSet, replicationController, runPods, template } from '../fixtures/workloads.ts';
import { World } from '../fixtures/world.ts';

const WORLDS = 60;
const table = () => controllersFor({ caPem: 'PEM', quotaUsage });

/** What each controller may write: resource, or resource/subresource; "*" is any resource. */
const OWN: Record<string, string[]> = {
  namespace: ['namespaces/status', 'namespaces/finalize', 'delete *'],
  serviceaccount: ['create serviceaccounts'],
  'root-ca-certificate-publisher': ['create configmaps', 'update configmaps'],
  'deployment-adoption': ['update apps/replicasets'],
  deployment: [
    'create apps/replicasets',
    'update apps/replicasets',
    'delete apps/replicasets',
    'update apps/deployments',
    'apps/deployments/status',
  ],
  'replicaset-adoption': ['update pods'],
  replicaset: ['create pods', 'update pods', 'delete pods', 'apps/replicasets/status'],
  'replicationcontroller-adoption': ['update pods'],
  replicationcontroller: ['create pods', 'update pods', 'delete pods', 'replicationcontrollers/status'],
  endpoint: ['create endpoints', 'update endpoints', 'delete endpoints'],
  endpointslice: [
    'create discovery.k8s.io/endpointslices',
    'update discovery.k8s.io/endpointslices',
    'delete discovery.k8s.io/endpointslices',
  ],
  endpointslicemirroring: [
    'create discovery.k8s.io/endpointslices',
    'update discovery.k8s.io/endpointslices',
    'delete discovery.k8s.io/endpointslices',
  ],
  garbagecollector: ['update *', 'delete *'],
  'node-lifecycle': ['update nodes', 'nodes/status'],
  'node-pods-readiness': ['pods/status'],
  ttl: ['update nodes'],
  'taint-eviction-controller': ['pods/status', 'delete pods'],
  'pod-garbage-collector': ['pods/status', 'delete pods'],
  'statefulset-adoption': ['update pods'],
  'statefulset-revision-adoption': ['update apps/controllerrevisions'],
  statefulset: [
    'create pods',
    'update pods',
    'delete pods',
    'create persistentvolumeclaims',
    'update persistentvolumeclaims',
    'create apps/controllerrevisions',
    'update apps/controllerrevisions',
    'delete apps/controllerrevisions',
    'apps/statefulsets/status',
  ],
  'daemonset-adoption': ['update pods'],
  'daemonset-revision-adoption': ['update apps/controllerrevisions'],
  daemonset: [
    'create pods',
    'update pods',
    'delete pods',
    'create apps/controllerrevisions',
    'update apps/controllerrevisions',
    'delete apps/controllerrevisions',
    'apps/daemonsets/status',
  ],
  disruption: ['policy/poddisruptionbudgets/status'],
  'disruption-stale-targets': ['pods/status'],
  resourcequota: ['resourcequotas/status'],
  'clusterrole-aggregation': ['update rbac.authorization.k8s.io/clusterroles'],
};

function permission(action: Action): string[] {
  if (action.verb === 'event') return [];
  if (action.verb === 'bind') return ['bind'];
  if (action.verb === 'update' && action.subresource) return [`${action.resource}/${action.subresource}`];
  return [`${action.verb} ${action.resource}`, `${action.verb} *`];
}

const writes = (actions: Action[]): Action[] => actions.filter((action) => action.verb !== 'event');

/** A random operation on the world, as a user, a scheduler or a kubelet might do it. */
function operate(world: World, n: () => number): void {
  const some = <T>(items: T[]): T => items[Math.floor(n() * items.length)];
  const app = some(['web', 'api']);
  const name = `${app}-${Math.floor(n() * 3)}`;
  const labels = { app };
  const any = (resource: string) => some(world.list(resource, 'default'));
  const size = Math.floor(n() * 6);
  const operations: (() => void)[] = [
    () =>
      add(
        world,
        deployment(name, {
          replicas: size,
          selector: { matchLabels: labels },
          template: template(`i:${size}`, labels),
          strategy: some([{ type: 'Recreate' }, { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }]),
          progressDeadlineSeconds: some([600, undefined]),
          minReadySeconds: some([undefined, 5]),
        }),
      ),
    () =>
      edit(world, 'apps/deployments', any('apps/deployments'), (d) =>
        Object.assign(
          d.spec,
          some<Obj>([
            { replicas: size },
            { paused: n() < 0.5 },
            { template: template(`i:${size}`, d.spec.selector.matchLabels) },
          ]),
        ),
      ),
    () => add(world, replicaSet(name, { replicas: size, selector: { matchLabels: labels }, template: template('i', labels) })),
    () => add(world, replicationController(name, { replicas: size, selector: labels, template: template('i', labels) })),
    () =>
      add(world, {
        ...pod(name, {
          labels,
          metadata: some([
            {},
            { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid: 'u' }] },
            { finalizers: ['x/y'] },
          ]),
        }),
      }),
    () =>
      add(world, {
        kind: 'Service',
        apiVersion: 'v1',
        metadata: { name: app },
        spec: {
          selector: some([labels, undefined]),
          clusterIP: some(['None', '10.96.0.1']),
          ports: [{ port: 80, protocol: 'TCP' }],
        },
      }),
    () =>
      add(world, {
        kind: 'Endpoints',
        apiVersion: 'v1',
        metadata: { name: app },
        subsets: [{ addresses: [{ ip: '1.2.3.4' }], ports: [{ port: 1, protocol: 'TCP' }] }],
      }),
    () => add(world, { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name, finalizers: some([undefined, ['x/y']]) } }),
    () =>
      add(world, {
        kind: 'Node',
        apiVersion: 'v1',
        metadata: { name: `node-${size}` },
        spec: {},
        status: { conditions: [{ type: 'Ready', status: some(['True', 'False']) }] },
      }),
    () => runPods(world, { ready: n() < 0.8, node: `node-${size}`, only: () => n() < 0.7 }),
    () => edit(world, 'pods', any('pods'), (p) => Object.assign(p.metadata, { labels: { app: some(['web', 'api', 'none']) } })),
    () => edit(world, 'pods', any('pods'), (p) => Object.assign(p.status, { phase: some(['Failed', 'Succeeded']) })),
    () => edit(world, 'apps/replicasets', any('apps/replicasets'), (s) => Object.assign(s.metadata, { labels: { app: 'none' } })),
    () =>
      [
        'pods',
        'apps/replicasets',
        'apps/deployments',
        'services',
        'nodes',
        'configmaps',
        'discovery.k8s.io/endpointslices',
        'replicationcontrollers',
        'apps/statefulsets',
        'apps/daemonsets',
        'persistentvolumeclaims',
        'apps/controllerrevisions',
      ].forEach((resource) => {
        const object = n() < 0.3 ? some(world.list(resource)) : undefined;
        if (object)
          world.remove(resource, object.metadata.name, {
            namespace: object.metadata.namespace ?? '',
            policy: some(['Background', 'Foreground', 'Orphan']),
            grace: some([0, 30]),
          });
      }),
    () =>
      add(world, {
        kind: 'PodDisruptionBudget',
        apiVersion: 'policy/v1',
        metadata: { name: app },
        spec: { selector: { matchLabels: labels }, ...some<Obj>([{ minAvailable: 1 }, { maxUnavailable: '50%' }]) },
      }),
    () =>
      add(world, {
        kind: 'ResourceQuota',
        apiVersion: 'v1',
        metadata: { name: app },
        spec: { hard: { pods: '10', configmaps: '3', 'services.nodeports': '1' } },
      }),
    () =>
      add(world, {
        kind: 'StatefulSet',
        apiVersion: 'apps/v1',
        metadata: { name },
        spec: {
          replicas: size,
          selector: { matchLabels: labels },
          template: template(`i:${size}`, labels),
          podManagementPolicy: some(['Parallel', undefined]),
          minReadySeconds: some([undefined, 5]),
          volumeClaimTemplates: some([undefined, [{ metadata: { name: 'data' }, spec: {} }]]),
          persistentVolumeClaimRetentionPolicy: some([undefined, { whenDeleted: 'Delete', whenScaled: 'Delete' }]),
        },
      }),
    () =>
      edit(world, 'apps/statefulsets', any('apps/statefulsets'), (d) =>
        Object.assign(d.spec, some<Obj>([{ replicas: size }, { template: template(`i:${size}`, d.spec.selector.matchLabels) }])),
      ),
    () =>
      add(world, {
        kind: 'DaemonSet',
        apiVersion: 'apps/v1',
        metadata: { name },
        spec: {
          selector: { matchLabels: labels },
          template: template(`i:${size}`, labels),
          updateStrategy: some([
            { type: 'OnDelete' },
            { type: 'RollingUpdate', rollingUpdate: { maxSurge: some([0, 1]), maxUnavailable: 1 } },
          ]),
        },
      }),
    () =>
      edit(world, 'apps/daemonsets', any('apps/daemonsets'), (d) =>
        Object.assign(d.spec, { template: template(`i:${size}`, d.spec.selector.matchLabels) }),
      ),
    () => world.advance(size * 4000),
  ];
  some(operations)();
}

function add(world: World, object: Obj): void {
  const { resource } = world.resourceOf(object.apiVersion, object.kind) ?? { resource: '' };
  if (!world.get(resource, object.kind === 'Node' ? '' : 'default', object.metadata.name)) world.add(object);
}

function edit(world: World, resource: string, object: KubeObject | undefined, change: (object: KubeObject) => void): void {
  if (object && !object.metadata.deletionTimestamp) world.edit(resource, object.metadata.name, change, object.metadata.namespace);
}

/** A world after many operations, not yet at rest. */
function turbulent(seed: number, steps = 60): World {
  const world = new World(table());
  const random = seeded(seed);
  world.add(active('default'));
  for (let i = 0; i < steps; i++) {
    operate(world, () => random.next());
    if (random.next() < 0.5) world.settle();
  }
  return world;
}

const cx = (world: View & { now: number }) => ({ now: world.now, random: seeded(1) });
const seeds = Array.from({ length: WORLDS }, (_, i) => i + 1);

describe('the laws, over every controller of the table', () => {
  it('[CTL1] the same key, view, time and chance give the same plan', () => {
    for (const seed of seeds.slice(0, 15)) {
      const world = turbulent(seed);
      for (const { controller, key } of world.resync()) {
        expect(controller.reconcile(key, world, cx(world))).toEqual(controller.reconcile(key, world, cx(world)));
      }
    }
  });

  it('[CTL2] no plan throws, for any key, in a world cut short or half deleted', () => {
    for (const seed of seeds.slice(0, 15)) {
      const world = turbulent(seed);
      const bare = bareView(world);
      for (const { controller, key } of world.resync()) controller.reconcile(key, bare, cx(world));
      for (const controller of table()) {
        for (const key of [
          { namespace: '', name: '' },
          { namespace: 'gone', name: 'gone' },
          { namespace: '', name: 'pods:gone' },
        ]) {
          expect(controller.reconcile(key, world, cx(world)).actions).toEqual([]);
        }
      }
    }
  });

  it('[CTL2] no mapping throws for a change of an object with nothing but a name', () => {
    const world = turbulent(3);
    for (const controller of table()) {
      for (const { resource, keys } of controller.watches) {
        const object = { kind: 'X', apiVersion: 'v1', metadata: { name: 'n', namespace: 'default', uid: 'u' } } as KubeObject;
        for (const type of ['ADDED', 'MODIFIED', 'DELETED'] as const) {
          const change: Change = { revision: 1, resource, type, object, old: type === 'ADDED' ? undefined : object };
          expect(Array.isArray(keys(change, world))).toBe(true);
        }
      }
    }
  });

  it('[CTL3] at rest, reconciling every key again writes nothing (what was refused is tried again)', () => {
    for (const seed of seeds) {
      const world = turbulent(seed);
      world.settle();
      for (const { controller, key } of world.resync()) {
        const { actions } = controller.reconcile(key, world, cx(world));
        if (world.isFailing(controller, key)) continue;
        expect(writes(actions), `seed ${seed}: ${controller.name} ${key.namespace}/${key.name}`).toEqual([]);
      }
    }
  });

  it('[CTL4] a controller writes only what is its own', () => {
    const seen = new Set<string>();
    for (const seed of seeds) {
      const world = turbulent(seed);
      world.settle();
      for (const { controller, plan } of world.plans) {
        for (const action of writes(plan.actions)) {
          const [exact, wide] = permission(action);
          const allowed = OWN[controller] ?? [];
          seen.add(controller);
          expect(allowed.includes(exact) || allowed.includes(wide), `${controller}: ${exact}`).toBe(true);
        }
      }
    }
    expect([...seen].sort()).toEqual(
      expect.arrayContaining(['deployment', 'endpointslice', 'garbagecollector', 'replicaset', 'taint-eviction-controller']),
    );
    expect(Object.keys(OWN).sort()).toEqual(
      table()
        .map((c) => c.name)
        .sort(),
    );
  });

  it('[CTL5] an action changes the status or the rest of an object, never both', () => {
    for (const seed of seeds.slice(0, 20)) {
      const world = turbulent(seed);
      for (const { controller, key } of world.resync()) {
        for (const action of controller.reconcile(key, world, cx(world)).actions) {
          if (action.verb !== 'update') continue;
          const { namespace = '', name } = action.object.metadata;
          const old = world.get(action.resource, namespace, name);
          if (action.subresource === 'status') expect(equal(old?.spec, action.object.spec)).toBe(true);
          else expect(equal(old?.status, action.object.status)).toBe(true);
          expect(action.object.metadata.resourceVersion).toBe(old?.metadata.resourceVersion);
        }
      }
    }
  });

  it('[CTL5] one plan writes an object at most once, but for a status before a deletion', () => {
    for (const seed of seeds) {
      const world = turbulent(seed);
      world.settle();
      for (const { plan } of world.plans) {
        const updated = plan.actions
          .filter((a) => a.verb === 'update')
          .map((a) => `${a.resource} ${a.object.metadata.namespace} ${a.object.metadata.name}`);
        expect(new Set(updated).size).toBe(updated.length);
      }
    }
  });

  it('[CTL6] every plan run twice leads to the same world', () => {
    for (const seed of seeds.slice(0, 20)) {
      const [once, twice] = [turbulent(seed), turbulent(seed)];
      twice.reconcile = ((inner) => (controller: Controller, key: Key) => {
        inner.call(twice, controller, key);
        return inner.call(twice, controller, key);
      })(twice.reconcile);
      for (const world of [once, twice]) world.settle();
      expect(census(twice)).toEqual(census(once));
    }
  });

  it('[CTL7] the timers are what reconciling every key gives', () => {
    for (const seed of seeds) {
      const world = turbulent(seed);
      world.settle();
      for (const id of world.failing) world.timers.delete(id);
      const kept = new Map(world.timers);
      world.timers.clear();
      for (const { controller, key } of world.resync()) if (!world.isFailing(controller, key)) world.reconcile(controller, key);
      expect(new Map([...world.timers].sort())).toEqual(new Map([...kept].sort()));
    }
  });

  it('[CTL8] plans do not change what they read (the world is frozen), and nothing due stays undone', () => {
    const world = turbulent(5, 200);
    world.advance(3_600_000);
    expect([...world.timers.values()].every((at) => at > world.now)).toBe(true);
  });
});

/** Objects without their status and without the parts that a client may leave out. */
function bareView(world: World): View {
  const strip = (object: KubeObject | undefined): KubeObject | undefined => {
    if (!object) return undefined;
    const { status: _, ...rest } = object;
    const { labels: __, annotations: ___, ...metadata } = object.metadata;
    return { ...rest, metadata } as KubeObject;
  };
  return {
    get revision() {
      return world.revision;
    },
    get: (...where) => strip(world.get(...where)),
    list: (...where) => world.list(...where).map((o) => strip(o) as KubeObject),
    ownedBy: (...where) => world.ownedBy(...where).map((o) => strip(o) as KubeObject),
    resourceOf: (...of) => world.resourceOf(...of),
    memo: (_, compute) => compute(),
    since: () => undefined,
  };
}

/** What there is of each kind, regardless of chance in names. */
function census(world: World): Obj {
  const count: Obj = {};
  for (const resource of [
    'pods',
    'apps/replicasets',
    'apps/deployments',
    'replicationcontrollers',
    'services',
    'endpoints',
    'discovery.k8s.io/endpointslices',
    'nodes',
    'configmaps',
    'serviceaccounts',
  ]) {
    count[resource] = world
      .list(resource)
      .map((o) => [
        o.metadata.generateName ?? o.metadata.name,
        o.spec?.replicas,
        o.status?.replicas,
        o.metadata.deletionTimestamp !== undefined,
      ])
      .sort();
  }
  return count;
}
