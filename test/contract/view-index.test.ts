import { describe, expect, it } from 'vitest';
import { watchCacheOf } from '../../src/apiserver/streams/watch-cache.ts';
import { resourceAttributes } from '../../src/authz/attributes.ts';
import { Authorizer } from '../../src/authz/authorizer.ts';
import { scaleTargets } from '../../src/controllers/horizontalpodautoscaling/watched.ts';
import { freeAddress as addressFor } from '../../src/controllers/service-lb/pool.ts';
import { freeAddress } from '../../src/kubelet/ip-pool.ts';
import type { Obj } from '../../src/lib/json.ts';
import { seeded } from '../fixtures/prng.ts';
import { usedPorts } from '../../src/network/ports.ts';
import { VIEW_INDEXES } from '../../src/registry/limits.ts';
import { ViewIndexes } from '../../src/registry/view-index.ts';
import type { IndexDefinition } from '../../src/registry/view.ts';
import type { View } from '../../src/registry/view.ts';
import { Registry } from '../../src/registry/registry.ts';
import { podsOfClaim } from '../../src/controllers/shared/claim-pods.ts';
import { sayingsAbout } from '../../src/reconcile/said.ts';
import { volumeIndex } from '../../src/controllers/persistentvolume-binder/volume-index.ts';
import { waitingClaim } from '../../src/scheduler/plugins/claim-volumes.ts';
import { snapshotOf } from '../../src/scheduler/snapshot.ts';
import { Store } from '../../src/store/store.ts';
import { RegistryBench } from '../host/make-registry.ts';

const RBAC = 'rbac.authorization.k8s.io';
const CIDR = '10.244.0.0/28';
const NAMESPACES = ['default', 'other'];
const USERS = ['ann', 'bob'];

/** What every index answers now. */
function answers(registry: Registry) {
  const { view } = registry;
  const snapshot = snapshotOf(view);
  const authorizer = new Authorizer(view);
  const may = (username: string, namespace: string) =>
    authorizer.authorize(resourceAttributes({ username, groups: [] }, 'get', { resource: 'pods', namespace }));
  const from = Math.max(0, registry.store.revision() - 7);
  const index = volumeIndex(view);
  const asking = { metadata: { name: 'c', namespace: 'default', uid: 'u' }, spec: { storageClassName: 'a' } } as never;
  return {
    free: freeAddress(CIDR, view),
    balancer: addressFor({ metadata: {}, spec: {} } as never, view),
    scaled: [...view.index(scaleTargets).byTarget].map(([target, names]) => [target, [...names].sort()]).sort(),
    ports: [...usedPorts(view)].sort(([a], [b]) => a - b),
    nodes: snapshot.nodes.map(({ name, pods, requested }) => [
      name,
      [...pods.keys()].sort(),
      [...requested].filter(([, n]) => n !== 0).sort(),
    ]),
    queue: snapshot.queue().map(({ info }) => info.pod.metadata.name),
    freeVolumes: [...index.buckets('a')].flatMap(({ modes, free }) => free.map(({ name }) => `${modes} ${name}`)).sort(),
    kept: [...index.keptFor('default', 'c')].sort(),
    naming: [...index.naming('v0')].sort(),
    waiting: ['', 'a'].map((name) => [...index.waiting(name)].sort()),
    users: podsOfClaim(view, 'default', 'c').map(({ metadata }) => metadata.name),
    said: sayingsAbout(view, { metadata: { uid: 'about' } } as never)
      .map(({ message }) => message)
      .sort(),
    volumes: waitingClaim(asking, view).free.map(({ metadata }) => metadata.name),
    rights: USERS.map((user) => NAMESPACES.map((namespace) => may(user, namespace))),
    pods: watchCacheOf(registry)
      .since('pods', from)
      .map(({ rev, type, json }) => [rev, type, json]),
  };
}

class Rollback extends Error {}

/** A registry, random writes of what the indexes derive from, and transactions that are rolled back after their work. */
class RandomWrites {
  readonly bench = new RegistryBench();
  readonly #random: () => number;
  #made = 0;

  constructor(seed: number) {
    this.#random = seeded(seed).next;
    for (const name of ['n0', 'n1']) this.#put('nodes', '', name, { status: { allocatable: { cpu: '4', pods: '10' } } });
  }

  #int = (n: number): number => Math.floor(this.#random() * n);
  #pick = <T>(list: readonly T[]): T => list[this.#int(list.length)];

  /** Writes a state as it is, past the rules of its kind: an index must follow whatever the log says. */
  #put(resource: string, namespace: string, name: string, more: Obj): void {
    const { registry } = this.bench;
    const kind = this.bench.kind(resource);
    const old = registry.object(resource, namespace, name);
    const object: Obj = {
      kind: kind.kind,
      apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version,
      metadata: {
        name,
        ...(namespace && { namespace }),
        uid: old?.metadata.uid ?? `u${this.#made++}`,
        creationTimestamp: '2026-01-01T00:00:00Z',
      },
      ...more,
    };
    registry.kernel.append(kind, object as never, old, old && Number(old.metadata.resourceVersion));
  }

  #remove(resource: string): void {
    const { registry } = this.bench;
    const objects = registry.objects(resource);
    if (objects.length) registry.kernel.remove(this.bench.kind(resource), this.#pick([...objects]));
  }

  #write(): void {
    const namespace = this.#pick(NAMESPACES);
    const steps: (() => void)[] = [
      () =>
        this.#put('pods', namespace, `p${this.#int(8)}`, {
          spec: {
            ...(this.#int(2) && { nodeName: this.#pick(['n0', 'n1', 'n2']) }),
            containers: [{ name: 'c', resources: { requests: { cpu: this.#pick(['100m', '1']) } } }],
            ...(this.#int(2) && { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }),
          },
          status: { phase: this.#pick(['Pending', 'Running', 'Failed']), podIP: `10.244.0.${1 + this.#int(14)}` },
        }),
      () => this.#remove('pods'),
      () => this.#put('nodes', '', this.#pick(['n0', 'n1', 'n2']), { spec: { unschedulable: this.#int(2) === 0 } }),
      () => this.#remove('nodes'),
      () =>
        this.#put('services', namespace, `s${this.#int(4)}`, {
          spec: { ports: [{ port: 1, nodePort: 30000 + this.#int(6) }] },
          ...(this.#int(2) && { status: { loadBalancer: { ingress: [{ ip: `198.18.0.${1 + this.#int(4)}` }] } } }),
        }),
      () =>
        this.#put('autoscaling/horizontalpodautoscalers', namespace, `h${this.#int(3)}`, {
          spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: this.#pick(['a', 'b']) } },
        }),
      () => this.#remove('autoscaling/horizontalpodautoscalers'),
      () => this.#remove('services'),
      () => this.#role('roles', namespace),
      () => this.#role('clusterroles', ''),
      () => this.#binding('rolebindings', namespace),
      () => this.#binding('clusterrolebindings', ''),
      () => this.#remove(`${RBAC}/${this.#pick(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'])}`),
      () => this.#volume(`v${this.#int(4)}`),
      () => this.#remove('persistentvolumes'),
      () =>
        this.#put('persistentvolumeclaims', namespace, this.#pick(['c', 'd']), {
          spec: { storageClassName: this.#pick([undefined, 'a']), ...(this.#int(2) && { volumeName: 'v0' }) },
        }),
      () => this.#remove('persistentvolumeclaims'),
      () =>
        this.#put('events', namespace, `e${this.#int(3)}`, {
          involvedObject: { kind: this.#pick(['PersistentVolume', 'Service']), uid: 'about' },
          message: String(this.#int(9)),
        }),
      () => this.#remove('events'),
      () => this.#put('configmaps', namespace, 'c', { data: { a: String(this.#int(9)) } }),
    ];
    this.#pick(steps)();
  }

  #volume(name: string): void {
    const kept = this.#int(3) === 0 && { claimRef: { namespace: 'default', name: 'c' } };
    const accessModes = this.#pick([['ReadWriteOnce'], ['ReadWriteMany', 'ReadOnlyMany']]);
    const spec = {
      storageClassName: this.#pick(['a', 'b']),
      accessModes,
      capacity: { storage: this.#pick(['1Gi', '2Gi']) },
      ...kept,
    };
    this.#put('persistentvolumes', '', name, { spec, status: { phase: this.#pick(['Available', 'Bound']) } });
  }

  #role(resource: string, namespace: string): void {
    const rules = [{ apiGroups: [''], resources: [this.#pick(['pods', 'secrets'])], verbs: ['get'] }];
    this.#put(`${RBAC}/${resource}`, namespace, this.#pick(['r', 's']), { rules });
  }

  #binding(resource: string, namespace: string): void {
    const kind = namespace && this.#int(2) ? 'Role' : 'ClusterRole';
    this.#put(`${RBAC}/${resource}`, namespace, this.#pick(['x', 'y']), {
      subjects: [{ kind: 'User', name: this.#pick(USERS) }],
      roleRef: { apiGroup: RBAC, kind, name: this.#pick(['r', 's']) },
    });
  }

  /** Some writes and readers, then perhaps a throw; inside of it the same, a level deeper. */
  step(depth = 0): void {
    const { registry } = this.bench;
    const rolledBack = this.#int(3) === 0;
    try {
      registry.transaction(() => {
        for (let i = 0; i <= this.#int(4); i++) {
          this.#write();
          if (depth < 2 && this.#int(4) === 0) this.step(depth + 1);
          // A reader inside of the transaction sees what it wrote.
          if (this.#int(3) === 0) answers(registry);
          if (this.#int(6) === 0) this.assume();
        }
        if (rolledBack) throw new Rollback();
      });
    } catch (error) {
      if (!(error instanceof Rollback)) throw error;
    }
  }

  /** What the scheduler does while it plans. */
  assume(): void {
    const snapshot = snapshotOf(this.bench.registry.view);
    const [waiting] = snapshot.queue();
    const [node] = snapshot.nodes;
    if (waiting && node) snapshot.assume(waiting.info, node);
  }

  /** The same database, read by a process that remembers nothing. */
  fresh(): Registry {
    return new Registry({
      kinds: () => this.bench.registry.kinds,
      store: new Store(this.bench.sql),
      random: seeded(1),
      admission: [],
      allocators: {},
    });
  }
}

describe('[REG36] derived indexes', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('answer as those of a process that remembers nothing, writes %i', (seed) => {
    const writes = new RandomWrites(seed);
    for (let i = 0; i < 60; i++) {
      writes.step();
      expect(answers(writes.bench.registry)).toEqual(answers(writes.fresh()));
    }
  });

  it('lose the notes of their readers with the transaction in which they were read, whether or not it wrote', () => {
    const { registry } = new RandomWrites(1).bench;
    const notes: IndexDefinition<string[]> = { name: 'n', resources: [], build: () => [], apply: () => {}, notes: true };
    registry.view.index(notes).push('before');
    expect(() =>
      registry.transaction(() => {
        registry.view.index(notes).push('in it');
        throw new Rollback();
      }),
    ).toThrow(Rollback);
    expect(registry.view.index(notes)).toEqual([]);
    registry.view.index(notes).push('kept');
    expect(() =>
      registry.transaction(() => {
        throw new Rollback();
      }),
    ).toThrow(Rollback);
    expect(registry.view.index(notes)).toEqual(['kept']);
  });

  it('stay through the rollback of what they have not followed', () => {
    const { registry, kind, options } = new RandomWrites(1).bench;
    let built = 0;
    const counted: IndexDefinition<number> = { name: 'c', resources: ['configmaps'], build: () => ++built, apply: () => {} };
    registry.view.index(counted);
    const configMaps = kind.call({ registry }, 'configmaps');
    const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' } } as never;
    registry.create(configMaps, object, { ...options.call({ now: 0 }, configMaps), dryRun: true });
    registry.view.index(counted);
    expect(built).toBe(1);
  });

  it('are built anew after a change that failed halfway', () => {
    const { registry, kind, options } = new RandomWrites(1).bench;
    const configMaps = kind.call({ registry }, 'configmaps');
    let fails = true;
    const counted: IndexDefinition<{ n: number }> = {
      name: 'c',
      resources: ['configmaps'],
      build: (view) => ({ n: view.list('configmaps').length }),
      apply: (state, { object }) => {
        if (fails && object.metadata.name === 'b') throw new Rollback();
        state.n++;
      },
    };
    const before = registry.view.index(counted).n;
    const create = (name: string) => {
      const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name } } as never;
      registry.create(configMaps, object, options.call({ now: 0 }, configMaps));
    };
    expect(() =>
      registry.transaction(() => {
        create('a');
        create('b');
        registry.view.index(counted);
      }),
    ).toThrow(Rollback);
    fails = false;
    expect(registry.view.index(counted).n).toBe(before);
  });

  it('are bounded: the oldest goes first', () => {
    const view = { revision: 1, since: () => [] } as Partial<View> as View;
    const indexes = new ViewIndexes(view);
    let built = 0;
    const read = (name: string) => indexes.read({ name, resources: [], build: () => ++built, apply: () => {} });
    for (let i = 0; i <= VIEW_INDEXES; i++) read(`i${i}`);
    read('i1');
    expect(built).toBe(VIEW_INDEXES + 1);
    read('i0');
    expect(built).toBe(VIEW_INDEXES + 2);
  });
});
