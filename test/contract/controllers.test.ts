import { describe, expect, it } from 'vitest';
import { equal, type KubeObject, type Obj } from '../../src/lib/json.ts';
import { seeded } from '../fixtures/prng.ts';
import type { Action, Controller, Key } from '../../src/reconcile/plan.ts';
import type { Change, View } from '../../src/registry/view.ts';
import { PLAN_WRITES_MAX } from '../../src/reconcile/limits.ts';
import { everybody, table, turbulent } from '../fixtures/turbulence.ts';
import type { World } from '../fixtures/world.ts';

const WORLDS = 60;

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
  scheduler: ['create pods/binding', 'pods/status', 'delete pods'],
  kubelet: ['pods/status', 'delete pods', 'update nodes', 'nodes/status'],
  'node-lifecycle': ['update nodes', 'nodes/status'],
  'node-pods-readiness': ['pods/status'],
  'node-removal': [],
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
  'persistentvolumeclaim-protection': ['update persistentvolumeclaims'],
  'persistentvolume-protection': ['update persistentvolumes'],
  'volumeattributesclass-protection': ['update storage.k8s.io/volumeattributesclasses'],
  'clusterrole-aggregation': ['update rbac.authorization.k8s.io/clusterroles'],
};

function permission(action: Action): string[] {
  if (!('resource' in action)) return [];
  if (action.verb === 'create' && action.subresource) return [`create ${action.resource}/${action.subresource}`];
  if (action.verb === 'update' && action.subresource) return [`${action.resource}/${action.subresource}`];
  return [`${action.verb} ${action.resource}`, `${action.verb} *`];
}

const writes = (actions: Action[]): Action[] => actions.filter((action) => action.verb !== 'event');

const cx = (world: View & { now: number }) => ({ now: world.now, random: seeded(1), maxWrites: PLAN_WRITES_MAX });
/** Controllers whose plan is one decision that would be another if it were cut: the slices of a Service, the sets of a rollout, one replica after another. */
const ONE_DECISION = new Set(['deployment', 'statefulset', 'endpointslice', 'endpointslicemirroring']);

/** How many objects are written besides the key's own. */
function writtenBeside(key: Key, actions: Action[]): number {
  const written = new Set<string>();
  writes(actions).forEach((action, i) => {
    if (action.verb === 'event' || action.verb === 'effect' || action.verb === 'settle') return;
    const { name, namespace } = action.verb === 'delete' ? action : action.object.metadata;
    if (name !== key.name || (namespace ?? '') !== key.namespace) written.add(`${action.resource}/${namespace}/${name ?? i}`);
  });
  return written.size;
}

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
          expect(writes(controller.reconcile(key, world, cx(world)).actions)).toEqual([]);
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
      everybody()
        .map((c) => c.name)
        .sort(),
    );
  });

  it('[CTL9] a plan writes no more objects than it may, and what it left is done by later ones', () => {
    const most = new Map<string, number>();
    for (const seed of seeds) {
      const world = turbulent(seed);
      world.maxWrites = 2;
      for (const { controller, key } of world.resync()) {
        const { actions } = controller.reconcile(key, world, { ...cx(world), maxWrites: 2 });
        const count = writtenBeside(key, actions);
        most.set(controller.name, Math.max(most.get(controller.name) ?? 0, count));
        if (!ONE_DECISION.has(controller.name)) expect(count, `seed ${seed}: ${controller.name}`).toBeLessThanOrEqual(2);
      }
      world.settle();
      world.advance(1000);
      for (const { controller, key } of world.resync()) {
        if (world.isFailing(controller, key)) continue;
        const { actions } = controller.reconcile(key, world, cx(world));
        expect(writes(actions), `seed ${seed}: ${controller.name} ${key.namespace}/${key.name}`).toEqual([]);
      }
    }
    for (const name of ['replicaset', 'daemonset', 'garbagecollector']) expect(most.get(name), name).toBe(2);
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
  const view: View = {
    get revision() {
      return world.revision;
    },
    get: (...where) => strip(world.get(...where)),
    list: (...where) => world.list(...where).map((o) => strip(o) as KubeObject),
    ownedBy: (...where) => world.ownedBy(...where).map((o) => strip(o) as KubeObject),
    ownedNotDeleting: (...where) => world.ownedNotDeleting(...where).map((o) => strip(o) as KubeObject),
    kinds: world.kinds,
    resourceOf: (...of) => world.resourceOf(...of),
    index: (definition) => definition.build(view),
    since: () => undefined,
  };
  return view;
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
