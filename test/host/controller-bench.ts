import { type Kind, resourceOf } from '../../src/api/machinery/define-kind.ts';
import { StatusError } from '../../src/api/machinery/status-errors.ts';
import { AttemptScope } from '../../src/lib/ask.ts';
import { clone, equal, type KubeObject, type Obj } from '../../src/lib/json.ts';
import { PLAN_WRITES_MAX } from '../../src/reconcile/limits.ts';
import type { Action, Controller, Key, Plan } from '../../src/reconcile/plan.ts';
import { Reconciler } from '../../src/reconcile/reconciler.ts';
import { serviceAllocator } from '../../src/network/ipam.ts';
import type { Admission } from '../../src/registry/ports.ts';
import type { Registry } from '../../src/registry/registry.ts';
import type { Change, View } from '../../src/registry/view.ts';
import { Timers } from '../../src/time/timers.ts';
import { Crash, type CrashPoints } from '../fixtures/crash-points.ts';
import { seeded } from '../fixtures/prng.ts';
import { FrozenView, deepFreeze } from './frozen-view.ts';
import { RegistryBench } from './make-registry.ts';

/** Reconciles of one settle, at most: more is a controller that never comes to rest. */
const RECONCILES_MAX = 20_000;
const USER = { username: 'admin', groups: ['system:masters', 'system:authenticated'] };
const idOf = (controller: string, key: Key) => `${controller}|${key.namespace}|${key.name}`;

type Refused = { code: number; reason: string; message: string };

export interface ControllerBenchOptions {
  review?: Admission['review'];
  /** ms since the epoch. */
  now?: number;
}

/**
 * Controllers over a real registry and a real reconciler, without the API server and without admission other than a test's: what its user
 * or another client does is written through the registry as well. Objects that controllers see are frozen.
 */
export class ControllerBench extends FrozenView {
  /** Refuses a controller's write with this error when it returns one. */
  refuse: ((action: Action) => Refused | undefined) | undefined;
  maxWrites = PLAN_WRITES_MAX;
  readonly random = seeded(7);
  /** Every plan that was made, in order. */
  readonly plans: { controller: string; key: Key; plan: Plan }[] = [];
  readonly controllers: Controller[];
  readonly registry: Registry;
  reconciler: Reconciler;
  readonly timerRows: Timers;
  readonly #bench: RegistryBench;
  /** Keys whose last plan was refused: a timer tries them again. */
  readonly failing = new Set<string>();
  /** Reconciles every key once more than it has to be. */
  repeats = false;
  readonly #repeated = new Set<string>();
  #crashed: { controller: Controller; key: Key } | undefined;
  /** Crashes every reconcile after its first write, the next attempt after its second, and so on, until one gets through. */
  crashes: CrashPoints | undefined;

  constructor(controllers: Controller[] = [], { review = () => {}, now }: ControllerBenchOptions = {}) {
    super();
    this.controllers = controllers.map((controller) => this.#watched(controller));
    this.#bench = new RegistryBench({
      random: this.random,
      admission: [{ mutate: () => {}, review }],
      allocators: { services: serviceAllocator },
    });
    this.now = now ?? this.now;
    this.registry = this.#bench.registry;
    this.timerRows = new Timers(this.#bench.sql);
    this.#bench.store.keepInStep(this.timerRows);
    this.reconciler = this.#reconcilerOf(this.controllers);
  }

  get now(): number {
    return this.#bench.now;
  }

  set now(ms: number) {
    this.#bench.now = ms;
  }

  /** Names of everything of a kind: for assertions. */
  names(resource: string, namespace = 'default'): string[] {
    return this.list(resource, namespace).map((o) => o.metadata.name);
  }

  /** Every recorded event (of a reason), oldest first, one line each; a counted one as often as it was recorded. */
  said(reason?: string): string[] {
    return this.events.filter((e) => !reason || e.reason === reason).map((e) => `${e.type} ${e.reason} ${e.message ?? e.note}`);
  }

  /** The stored Events about an object of this name in `default`. */
  eventsOf(name: string): KubeObject[] {
    return this.list('events', 'default').filter((event) => event.involvedObject.name === name);
  }

  pods(): KubeObject[] {
    return this.list('pods');
  }

  /** The pod of this name in `default`; it must be there. */
  pod(name: string): KubeObject {
    const pod = this.get('pods', 'default', name);
    if (!pod) throw new Error(`no pod ${name}`);
    return pod;
  }

  get events(): KubeObject[] {
    return (this.since(0, (resource) => resource === 'events') ?? []).filter((c) => c.type !== 'DELETED').map((c) => c.object);
  }

  /** Times of the timers by "controller|namespace|name". */
  get timers(): Map<string, number> {
    const rows = this.#bench.sql.all<{ controller: string; namespace: string; name: string; at: number }>(
      'SELECT controller, namespace, name, at FROM timers',
    );
    return new Map(rows.map((row) => [idOf(row.controller, row), row.at]));
  }

  clearTimers(): void {
    this.#bench.sql.run('DELETE FROM timers');
    this.timerRows.rollback();
  }

  /** Creates an object as a user does, and writes its status as a kubelet or an older controller does. */
  add(object: Obj): KubeObject {
    const body = clone(object) as KubeObject;
    const kind = this.#kindOf(body.apiVersion, body.kind);
    const namespace = kind.namespaced ? (body.metadata.namespace ?? 'default') : '';
    const { status, ...rest } = body;
    const created = this.registry.create(kind, rest as KubeObject, this.#options(namespace)).object;
    if (status === undefined || equal(status, created.status)) return created;
    return this.#update(kind, created, { ...clone(created), status: { ...created.status, ...status } }, 'status');
  }

  /** Writes what `change` makes of an object: each part by the subresource that it belongs to. */
  edit(resource: string, name: string, change: (object: Obj) => void, namespace = 'default'): KubeObject {
    const kind = this.#kind(resource);
    let old = this.#stored(kind, namespace, name);
    const wanted = clone(old);
    change(wanted);
    const rest = (o: KubeObject) => ({ ...o, status: undefined });
    if (resource === 'pods' && !old.spec.nodeName && wanted.spec.nodeName) {
      this.#bind(kind, old, wanted.spec.nodeName);
      old = this.#stored(kind, namespace, name);
      wanted.metadata.resourceVersion = old.metadata.resourceVersion;
    }
    if (resource === 'namespaces' && !equal(old.spec.finalizers, wanted.spec.finalizers)) {
      old = this.#update(kind, old, wanted, 'finalize');
    } else if (
      !equal(rest(old), { ...rest(wanted), metadata: { ...wanted.metadata, resourceVersion: old.metadata.resourceVersion } })
    ) {
      old = this.#update(kind, old, wanted);
    }
    if (equal(old.status, wanted.status)) return old;
    return this.#update(kind, old, { ...clone(old), status: wanted.status }, 'status');
  }

  /** Decides on a certificate request, as `kubectl certificate approve` or `deny` does. */
  decide(name: string, type: 'Approved' | 'Denied' = 'Approved', more: Obj = {}): void {
    const kind = this.#kind('certificates.k8s.io/certificatesigningrequests');
    const old = clone(this.#stored(kind, '', name));
    const conditions = [...(old.status?.conditions ?? []), { type, status: 'True', reason: 'Test', ...more }];
    this.#update(kind, old, { ...old, status: { ...old.status, conditions } }, 'approval');
  }

  /** Deletes an object; one that is gone is none of its business. */
  remove(resource: string, name: string, o: { namespace?: string; policy?: string; grace?: number } = {}): void {
    const { namespace = 'default', policy, grace } = o;
    const kind = this.#kind(resource);
    const where = kind.namespaced ? namespace : '';
    if (!this.get(resource, where, name)) return;
    this.registry.delete(kind, {
      ...this.#options(where),
      name,
      ...(policy && { propagationPolicy: policy as 'Background' }),
      ...(grace !== undefined && { gracePeriodSeconds: grace }),
    });
  }

  /** Reconciles until nothing is dirty: what waits for a moment gets it. */
  settle(): void {
    this.turn();
    for (let next = this.reconciler.next(); next !== undefined; next = this.reconciler.next()) {
      this.now = Math.max(this.now, next);
      this.turn();
    }
  }

  /** Lets time pass, stopping at every timer. */
  advance(ms: number): void {
    const end = this.now + ms;
    this.settle();
    for (let next = this.timerRows.next(); next !== undefined && next <= end; next = this.timerRows.next()) {
      this.now = Math.max(next, this.now);
      this.settle();
    }
    this.now = Math.max(end, this.now);
    this.settle();
  }

  /** Reconciles one key of one controller, whatever else is dirty. */
  reconcile(controller: Controller, key: Key): void {
    const alone = this.#reconcilerOf([{ ...controller, watches: [] }]);
    alone.signal(controller.name, key);
    alone.drain(this.now, () => false, this.maxWrites);
  }

  isFailing(controller: Controller, key: Key): boolean {
    return this.failing.has(idOf(controller.name, key));
  }

  /** Every key that every object maps to, as after a restart. */
  resync(): { controller: Controller; key: Key }[] {
    const found = new Map<string, { controller: Controller; key: Key }>();
    for (const resource of this.kinds.map(resourceOf)) {
      for (const object of this.list(resource)) {
        const change: Change = { revision: this.revision, resource, type: 'ADDED', object, old: undefined };
        for (const controller of this.controllers) {
          for (const key of keysOf(controller, change, this)) found.set(idOf(controller.name, key), { controller, key });
        }
      }
    }
    return [...found.values()];
  }

  /** Reconciles what is dirty and waits for nothing. */
  turn(): void {
    let count = 0;
    const more = () => {
      if (++count > RECONCILES_MAX) throw new Error(`not quiet after ${count} reconciles`);
      return true;
    };
    const drain = () => this.reconciler.drain(this.now, more, this.maxWrites);
    while (!this.#survives(drain)) {
      while (this.crashes && !this.#survives(() => this.#again()));
    }
  }

  /** Whether it was done without a crash. */
  #survives(run: () => void): boolean {
    try {
      run();
      return true;
    } catch (error) {
      if (!this.crashes || !(error instanceof Crash)) throw error;
      this.#crashed = this.crashes.crashed(this.revision);
      return false;
    }
  }

  /** What crashed, in a process of its own. */
  #again(): void {
    if (this.#crashed) this.reconcile(this.#crashed.controller, this.#crashed.key);
  }

  /** Makes the key dirty again, but not because of the repetition itself. */
  #repeat(controller: string, key: Key): void {
    const id = idOf(controller, key);
    if (this.#repeated.delete(id)) return;
    this.#repeated.add(id);
    this.reconciler.signal(controller, key);
  }

  #reconcilerOf(controllers: Controller[]): Reconciler {
    return new Reconciler({
      registry: this.#refusing(),
      view: this.registry.view,
      sql: this.#bench.sql,
      timers: this.timerRows,
      controllers,
      scope: new AttemptScope(this.random),
    });
  }

  /** The registry, with the writes refused that the test wants refused. */
  #refusing(): Registry {
    const refuse = (action: Action) => {
      const error = 'resource' in action && action.resource !== 'events' ? this.refuse?.(action) : undefined;
      if (error) throw new StatusError({ kind: 'Status', apiVersion: 'v1', status: 'Failure', ...error });
    };
    const { registry } = this;
    return new Proxy(registry, {
      get: (_, property) => {
        const value = Reflect.get(registry, property, registry);
        if (typeof value !== 'function') return value;
        return (...args: never[]) => {
          if (property === 'create' || property === 'update') {
            const [kind, object, { subresource }] = args as unknown as [Kind, KubeObject, { subresource?: string }];
            refuse({ verb: property, resource: resourceOf(kind), object, ...(subresource && { subresource }) } as Action);
          }
          if (property === 'delete') {
            const [kind, o] = args as unknown as [Kind, { namespace: string; name: string }];
            refuse({ verb: 'delete', resource: resourceOf(kind), ...o } as Action);
          }
          const answer = value.apply(registry, args);
          if (property === 'create' || property === 'update' || property === 'delete') this.crashes?.written();
          return answer;
        };
      },
    });
  }

  /** The controller, its plans and refusals noted, and what it sees frozen. */
  #watched(controller: Controller): Controller {
    const watched: Controller = {
      ...controller,
      watches: controller.watches.map((watch) => ({ ...watch, keys: (change) => watch.keys(deepFreeze(change), this) })),
      reconcile: (key, view, cx) => {
        const plan = controller.reconcile(key, view === this.registry.view ? this : view, cx);
        this.crashes?.begin(idOf(controller.name, key), watched, { namespace: key.namespace, name: key.name }, this.revision);
        if (this.repeats) this.#repeat(controller.name, key);
        this.plans.push({ controller: controller.name, key: { namespace: key.namespace, name: key.name }, plan });
        this.failing.delete(idOf(controller.name, key));
        return plan;
      },
      refused: (key, action, error, _, cx) => {
        this.failing.add(idOf(controller.name, key));
        return controller.refused?.(key, action, error, this, cx) ?? { actions: [] };
      },
    };
    return watched;
  }

  #kind(resource: string): Kind {
    const kind = this.registry.kinds.byResource(resource);
    if (!kind) throw new Error(`no kind ${resource}`);
    return kind;
  }

  #kindOf(apiVersion: string, name: string): Kind {
    const found = this.resourceOf(apiVersion, name);
    if (!found) throw new Error(`no kind ${apiVersion} ${name}`);
    return this.#kind(found.resource);
  }

  #stored(kind: Kind, namespace: string, name: string): KubeObject {
    return JSON.parse(this.registry.get(kind, kind.namespaced ? namespace : '', name).json);
  }

  #options(namespace: string) {
    return { namespace, user: USER, now: this.now, fieldManager: 'test' };
  }

  #update(kind: Kind, old: KubeObject, object: KubeObject, subresource?: string): KubeObject {
    const { namespace = '', name } = old.metadata;
    const o = { ...this.#options(namespace), name, ...(subresource && { subresource }) };
    return this.registry.update(kind, object, o).object;
  }

  #bind(kind: Kind, pod: KubeObject, node: string): void {
    const { namespace = '', name } = pod.metadata;
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target: { kind: 'Node', name: node } };
    this.registry.create(kind, binding as never, { ...this.#options(namespace), name, subresource: 'binding' });
  }
}

function* keysOf(controller: Controller, change: Change, view: View): Generator<Key> {
  for (const watch of controller.watches) {
    const isAbout = watch.resource === change.resource || (watch.resource === '*' && !watch.except?.includes(change.resource));
    if (isAbout) yield* watch.keys(change, view);
  }
}
