import { kindTable } from '../../../src/api/kinds.ts';
import { kubelet as kubeletOver } from '../../../src/kubelet/controller.ts';
import { virtualNodes } from '../../../src/kubelet/node.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { AttemptScope } from '../../../src/lib/ask.ts';
import { seeded } from '../../fixtures/prng.ts';
import type { Controller } from '../../../src/reconcile/plan.ts';
import { Reconciler } from '../../../src/reconcile/reconciler.ts';
import type { Admission } from '../../../src/registry/ports.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { runtimeTable } from '../../../src/runtimes/table.ts';
import { scheduler } from '../../../src/scheduler/controller.ts';
import { migrate } from '../../../src/store/schema.ts';
import { Store } from '../../../src/store/store.ts';
import { Timers } from '../../../src/time/timers.ts';
import { openSqlite } from '../../host/sqlite.ts';

const USER = { username: 'admin', groups: ['system:masters', 'system:authenticated'] };
export const kubelet = kubeletOver(runtimeTable);
export const START = Date.UTC(2026, 0, 1, 12);

export interface WorldOptions {
  nodes?: KubeObject[];
  controllers?: Controller[];
  review?: Admission['review'];
}

/** Scheduler and kubelet over a real registry and a real reconciler, without the API server and the other controllers. */
export class World {
  now = START;
  readonly registry: Registry;
  readonly timers: Timers;
  readonly reconciler: Reconciler;
  readonly #sql = openSqlite();

  constructor({ nodes = virtualNodes(3, START), controllers = [scheduler, kubelet], review = () => {} }: WorldOptions = {}) {
    migrate(this.#sql);
    const random = seeded(7);
    const admission = { mutate: () => {}, review };
    this.registry = new Registry({
      kinds: () => kindTable(false),
      store: new Store(this.#sql),
      random,
      admission: [admission],
      allocators: {},
    });
    this.timers = new Timers(this.#sql);
    this.reconciler = new Reconciler({
      registry: this.registry,
      view: this.registry.view,
      sql: this.#sql,
      timers: this.timers,
      controllers,
      scope: new AttemptScope(random),
    });
    for (const name of ['default', 'kube-node-lease']) this.create('namespaces', { metadata: { name } });
    for (const node of nodes) this.create('nodes', node);
    this.drain();
  }

  get view() {
    return this.registry.view;
  }

  #kind(resource: string) {
    const kind = this.registry.kinds.byResource(resource);
    if (!kind) throw new Error(`no ${resource}`);
    return kind;
  }

  create(resource: string, object: Obj): KubeObject {
    const kind = this.#kind(resource);
    const apiVersion = kind.group ? `${kind.group}/${kind.version}` : kind.version;
    const namespace = kind.namespaced ? (object.metadata.namespace ?? 'default') : '';
    const body = { kind: kind.kind, apiVersion, ...object } as never;
    return this.registry.create(kind, body, { namespace, user: USER, now: this.now, fieldManager: 'test' }).object;
  }

  /** Reads, lets `change` write on a copy, stores. */
  update(resource: string, name: string, change: (object: Obj) => void, subresource?: string): KubeObject {
    const kind = this.#kind(resource);
    const namespace = kind.namespaced ? 'default' : '';
    const object = JSON.parse(this.registry.get(kind, namespace, name).json);
    change(object);
    const o = { namespace, name, user: USER, now: this.now, fieldManager: 'test', ...(subresource && { subresource }) };
    return this.registry.update(kind, object, o).object;
  }

  delete(resource: string, name: string, gracePeriodSeconds?: number): void {
    const kind = this.#kind(resource);
    this.registry.delete(kind, {
      namespace: kind.namespaced ? 'default' : '',
      name,
      user: USER,
      now: this.now,
      gracePeriodSeconds,
    });
  }

  pod(name: string): KubeObject {
    const pod = this.view.get('pods', 'default', name);
    if (!pod) throw new Error(`no pod ${name}`);
    return pod;
  }

  pods(): KubeObject[] {
    return this.view.list('pods');
  }

  events(name: string): Obj[] {
    return this.view.list('events', 'default').filter((e) => e.involvedObject.name === name);
  }

  /** One turn. */
  turn(): void {
    if (!this.reconciler.drain(this.now)) throw new Error('not quiet');
  }

  /** Turns until nothing is dirty: what waits for a moment (a pod that stops) gets it. */
  drain(): void {
    this.turn();
    for (let next = this.reconciler.next(); next !== undefined; next = this.reconciler.next()) {
      this.now = Math.max(this.now, next);
      this.turn();
    }
  }

  /** Lets time pass, stopping at every timer. */
  pass(seconds: number): void {
    const end = this.now + seconds * 1000;
    this.drain();
    for (let next = this.timers.next(); next !== undefined && next <= end; next = this.timers.next()) {
      this.now = Math.max(next, this.now);
      this.drain();
    }
    this.now = end;
    this.drain();
  }
}

/** A pod with one container. */
export const makePod = (name: string, spec: Obj = {}, metadata: Obj = {}): Obj => ({
  metadata: { name, namespace: 'default', ...metadata },
  spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
});

/** A pod whose container asks for these resources. */
export const askingPod = (name: string, requests: Obj, spec: Obj = {}, metadata: Obj = {}): Obj =>
  makePod(name, { containers: [{ name: 'c', image: 'nginx', resources: { requests } }], ...spec }, metadata);

/** The condition of a type. */
export const conditionOf = (pod: KubeObject, type: string): Obj | undefined =>
  pod.status?.conditions?.find((c: Obj) => c.type === type);
