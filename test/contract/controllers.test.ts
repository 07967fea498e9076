import { describe, expect, it } from 'vitest';
import { resourceOf } from '../../src/api/machinery/define-kind.ts';
import { equal, type KubeObject, type Obj } from '../../src/lib/json.ts';
import { seeded } from '../fixtures/prng.ts';
import type { Action, Key } from '../../src/reconcile/plan.ts';
import type { Change, View } from '../../src/registry/view.ts';
import { PLAN_WRITES_MAX } from '../../src/reconcile/limits.ts';
import { everybody, turbulent } from '../fixtures/turbulence.ts';
import { CrashPoints } from '../fixtures/crash-points.ts';
import type { ControllerBench } from '../host/controller-bench.ts';
import { reconcileCx } from '../fixtures/reconcile-cx.ts';
import { OWN } from './own-writes.ts';

const SEEDS = 30;
/** Seeds with crashes, at least and at most: every controller is met by one. */
const CRASHED = 12;
const CRASHED_MAX = 150;
/** Every write of these is a crash, ms: more than other tests have, on a machine that has other work. */
const CRASHES_MS = 240_000;

function permission(action: Action): string[] {
  if (!('resource' in action)) return [];
  if (action.verb === 'create' && action.subresource) return [`create ${action.resource}/${action.subresource}`];
  if (action.verb === 'update' && action.subresource) {
    return [`${action.resource}/${action.subresource}`, `*/${action.subresource}`];
  }
  return [`${action.verb} ${action.resource}`, `${action.verb} *`];
}

const writes = (actions: Action[]): Action[] => actions.filter((action) => action.verb !== 'event');

const cx = (bench: View & { now: number }) => reconcileCx({ now: bench.now, random: seeded(1), maxWrites: PLAN_WRITES_MAX });
/** Controllers whose plan is one decision that would be another if it were cut: the slices of a Service, the sets of a rollout. */
const ONE_DECISION = new Set(['deployment', 'endpointslice', 'endpointslicemirroring']);

/** How many objects are written besides the key's own. */
function writtenBeside(key: Key, actions: Action[]): number {
  const written = new Set<string>();
  writes(actions).forEach((action, i) => {
    if (action.verb === 'event' || action.verb === 'effect' || action.verb === 'settle') return;
    // The history is no more than a few rows, and a pod's claims are one decision with it.
    if (action.resource === 'apps/controllerrevisions' || action.resource === 'persistentvolumeclaims') return;
    const { name, namespace } = action.verb === 'delete' ? action : action.object.metadata;
    // The garbage collector's key names the resource as well.
    const own = key.name.slice(key.name.indexOf(':') + 1);
    if (name !== own || (namespace ?? '') !== key.namespace) written.add(`${action.resource}/${namespace}/${name ?? i}`);
  });
  return written.size;
}

const seeds = Array.from({ length: SEEDS }, (_, i) => i + 1);

/** A bench of a seed, made once: for laws that write nothing. */
function shared(make: (seed: number) => ControllerBench): (seed: number) => ControllerBench {
  const made = new Map<number, ControllerBench>();
  return (seed) => {
    const bench = made.get(seed) ?? make(seed);
    made.set(seed, bench);
    return bench;
  };
}
/** Before it comes to rest. */
const dirty = shared((seed) => turbulent(seed));
const resting = shared((seed) => atRest(turbulent(seed)));
/** After most of what waits for a moment. */
const later = shared((seed) => passed(turbulent(seed)));

/** Longer than pods of a missing node stay (40 s) and a pod is a target of disruption (2 min). */
const LATER_MS = 130_000;

function passed(bench: ControllerBench): ControllerBench {
  bench.advance(LATER_MS);
  return bench;
}

function atRest(bench: ControllerBench): ControllerBench {
  bench.settle();
  return bench;
}

/** At rest, no key that is not failing has anything to write. */
function expectRest(seed: number, bench: ControllerBench): void {
  for (const { controller, key } of bench.resync()) {
    if (bench.isFailing(controller, key)) continue;
    const { actions } = controller.reconcile(key, bench, cx(bench));
    expect(writes(actions), `seed ${seed}: ${controller.name} ${key.namespace}/${key.name}`).toEqual([]);
  }
}

describe('the laws, over every controller of the table, the scheduler and the kubelet', () => {
  it('[CTL1] the same key, view, time and chance give the same plan', () => {
    for (const seed of seeds.slice(0, 10)) {
      const bench = dirty(seed);
      for (const { controller, key } of bench.resync()) {
        expect(controller.reconcile(key, bench, cx(bench))).toEqual(controller.reconcile(key, bench, cx(bench)));
      }
    }
  });

  it('[CTL2] no plan throws, for any key, in a cluster cut short or half deleted', () => {
    for (const seed of seeds.slice(0, 10)) {
      const bench = dirty(seed);
      const bare = bareView(bench);
      for (const { controller, key } of bench.resync()) controller.reconcile(key, bare, cx(bench));
      for (const controller of everybody()) {
        for (const key of [
          { namespace: '', name: '' },
          { namespace: 'gone', name: 'gone' },
          { namespace: '', name: 'pods:gone' },
        ]) {
          const rest = resting(seed);
          expect(writes(controller.reconcile(key, rest, cx(rest)).actions), controller.name).toEqual([]);
        }
      }
    }
  });

  it('[CTL2] no mapping throws for a change of an object with nothing but a name', () => {
    const bench = dirty(3);
    for (const controller of everybody()) {
      for (const { resource, keys } of controller.watches) {
        const object = { kind: 'X', apiVersion: 'v1', metadata: { name: 'n', namespace: 'default', uid: 'u' } } as KubeObject;
        for (const type of ['ADDED', 'MODIFIED', 'DELETED'] as const) {
          const change: Change = { revision: 1, resource, type, object, old: type === 'ADDED' ? undefined : object };
          expect(Array.isArray(keys(change, bench))).toBe(true);
        }
      }
    }
  });

  it('[CTL3] at rest, reconciling every key again writes nothing (what was refused is tried again)', () => {
    for (const seed of seeds) expectRest(seed, resting(seed));
  });

  it('[CTL4] a controller writes only what is its own', () => {
    const seen = new Set<string>();
    for (const seed of seeds) {
      for (const { controller, plan } of resting(seed).plans) {
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
    for (const seed of seeds.slice(0, 12)) {
      const bench = atRest(turbulent(seed, { maxWrites: 2 }));
      bench.advance(1000);
      for (const { controller, key, plan } of bench.plans) {
        const count = writtenBeside(key, plan.actions);
        most.set(controller, Math.max(most.get(controller) ?? 0, count));
        if (!ONE_DECISION.has(controller))
          expect(count, `seed ${seed}: ${controller} ${key.namespace}/${key.name}`).toBeLessThanOrEqual(2);
      }
      expectRest(seed, bench);
    }
    for (const name of ['replicaset', 'daemonset', 'garbagecollector']) expect(most.get(name), name).toBe(2);
  });

  it('[CTL5] an action changes the status or the rest of an object, never both', () => {
    for (const seed of seeds.slice(0, 10)) {
      const bench = dirty(seed);
      for (const { controller, key } of bench.resync()) {
        for (const action of controller.reconcile(key, bench, cx(bench)).actions) {
          if (action.verb !== 'update') continue;
          const { namespace = '', name } = action.object.metadata;
          const old = bench.get(action.resource, namespace, name);
          // The decision on a certificate request is a part of its status.
          if (action.subresource === 'status' || action.subresource === 'approval')
            expect(equal(old?.spec, action.object.spec)).toBe(true);
          else expect(equal(old?.status, action.object.status)).toBe(true);
          expect(action.object.metadata.resourceVersion).toBe(old?.metadata.resourceVersion);
        }
      }
    }
  });

  it('[CTL5] one plan writes an object at most once, but for a status before a deletion', () => {
    for (const seed of seeds) {
      for (const { plan } of resting(seed).plans) {
        const updated = plan.actions
          .filter((a) => a.verb === 'update')
          .map((a) => `${a.resource} ${a.object.metadata.namespace} ${a.object.metadata.name}`);
        expect(new Set(updated).size).toBe(updated.length);
      }
    }
  });

  it('[CTL6] every key reconciled twice leads to the same state', () => {
    for (const seed of seeds.slice(0, 10)) {
      const twice = turbulent(seed);
      twice.repeats = true;
      const before = twice.plans.length;
      expect(census(passed(twice)), `seed ${seed}`).toEqual(census(later(seed)));
      const times = Map.groupBy(twice.plans.slice(before), ({ controller, key }) => `${controller} ${key.namespace}/${key.name}`);
      expect([...times].filter(([, plans]) => plans.length < 2)).toEqual([]);
    }
  });

  it(
    '[CTL6] a crash after any write of a plan leaves nothing of it, and leads to the same state',
    () => {
      const crashed = new Set<string>();
      // More of them where a controller's turn has not come: which seeds do what changes with every new operation.
      for (let seed = 1; seed <= CRASHED || (crashed.size < everybody().length && seed <= CRASHED_MAX); seed++) {
        const crashes = new CrashPoints();
        const bench = turbulent(seed);
        bench.crashes = crashes;
        expect(census(passed(bench)), `seed ${seed}`).toEqual(census(later(seed)));
        expect(crashes.left.filter(({ before, after }) => before !== after)).toEqual([]);
        for (const { controller } of crashes.left) crashed.add(controller);
      }
      expect([...crashed].sort()).toEqual(
        everybody()
          .map((c) => c.name)
          .sort(),
      );
    },
    CRASHES_MS,
  );

  it('[CTL7] the timers are what reconciling every key gives', () => {
    for (const seed of seeds) {
      const bench = resting(seed);
      const kept = bench.timers;
      bench.clearTimers();
      for (const { controller, key } of bench.resync()) if (!bench.isFailing(controller, key)) bench.reconcile(controller, key);
      const isRegular = ([id]: [string, number]) => !bench.failing.has(id);
      expect(new Map([...bench.timers].filter(isRegular).sort())).toEqual(new Map([...kept].filter(isRegular).sort()));
    }
  });

  it('[CTL8] plans do not change what they read (it is frozen), and nothing due stays undone', () => {
    const bench = turbulent(5, { steps: 200 });
    bench.advance(3_600_000);
    expect([...bench.timers.values()].every((at) => at > bench.now)).toBe(true);
  });
});

/** Objects without their status and without the parts that a client may leave out. */
function bareView(bench: ControllerBench): View {
  const strip = (object: KubeObject | undefined): KubeObject | undefined => {
    if (!object) return undefined;
    const { status: _, ...rest } = object;
    const { labels: __, annotations: ___, ...metadata } = object.metadata;
    return { ...rest, metadata } as KubeObject;
  };
  const view: View = {
    get revision() {
      return bench.revision;
    },
    get: (...where) => strip(bench.get(...where)),
    list: (...where) => bench.list(...where).map((o) => strip(o) as KubeObject),
    ownedBy: (...where) => bench.ownedBy(...where).map((o) => strip(o) as KubeObject),
    ownedNotDeleting: (...where) => bench.ownedNotDeleting(...where).map((o) => strip(o) as KubeObject),
    kinds: bench.kinds,
    resourceOf: (...of) => bench.resourceOf(...of),
    index: (definition) => definition.build(view),
    since: () => undefined,
    compacted: bench.revision,
  };
  return view;
}

/** What there is of each kind, regardless of chance in names. */
function census(bench: ControllerBench): Obj {
  const count: Obj = {};
  for (const resource of bench.kinds.map(resourceOf).filter((name) => name !== 'events')) {
    count[resource] = bench
      .list(resource)
      .map((o) => [
        // Of a provisioned volume, its claim's uid is in the name.
        o.metadata.generateName ?? o.metadata.name.replace(/^pvc-[0-9a-f-]{36}$/, 'pvc-'),
        o.spec?.replicas,
        o.status?.replicas,
        o.metadata.deletionTimestamp !== undefined,
      ])
      .sort();
  }
  return count;
}
