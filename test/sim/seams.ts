import type { Cluster } from '../../src/cluster/cluster.ts';
import { freeAddress } from '../../src/kubelet/ip-pool.ts';
import { usedPorts } from '../../src/network/ports.ts';
import type { Controller } from '../../src/reconcile/plan.ts';
import type { View } from '../../src/registry/view.ts';
import { snapshotOf } from '../../src/scheduler/snapshot.ts';

/**
 * Steps of the core after which something may throw, when they did their work: rows and timers written, a (nested) transaction about to
 * end, an index brought up to date, an object admitted, a plan made.
 */
export const SEAMS = ['append', 'transaction', 'timer', 'index', 'admission', 'reconcile'] as const;
export type Seam = (typeof SEAMS)[number];

type Hit = (seam: Seam) => void;
type Method = (...args: never[]) => unknown;

/** Has `hit` called after every call of these methods. */
function after(object: object, methods: readonly string[], hit: () => void): void {
  const target = object as Record<string, Method>;
  for (const name of methods) {
    const method = target[name];
    if (!method) throw new Error(`there is no ${name} to watch`);
    target[name] = (...args) => {
      const result = method.apply(object, args);
      hit();
      return result;
    };
  }
}

/** The controllers are values of the whole process: they are wrapped once, and tell whoever is listening. */
const wrapped = new WeakSet<Controller>();
let listening: Hit | undefined;

function wrap(controllers: readonly Controller[]): void {
  for (const controller of controllers) {
    if (wrapped.has(controller)) continue;
    wrapped.add(controller);
    after(controller, ['reconcile'], () => listening?.('reconcile'));
  }
}

/** In every so many transactions somebody reads the derived indexes before the end, when they follow what may still be rolled back. */
const READ_EVERY = 16;

function readIndexes(view: View): void {
  snapshotOf(view);
  usedPorts(view);
  for (const node of view.list('nodes')) freeAddress(node.spec?.podCIDR, view);
}

const instrumented = new WeakMap<Cluster, Hit>();

/** Calls `hit` at every seam of the cluster. */
export function instrument(cluster: Cluster, hit: Hit): void {
  listening = hit;
  if (instrumented.has(cluster)) return;
  instrumented.set(cluster, hit);
  const { registry, timers, controllers } = cluster;
  const { store, view } = registry;
  let transactions = 0;
  after(store, ['put', 'remove', 'disown'], () => hit('append'));
  after(timers, ['set', 'cancel'], () => hit('timer'));
  after(view, ['index'], () => hit('index'));
  // The plan's limits review last, when all others have admitted the object.
  after(cluster.limits, ['review'], () => hit('admission'));
  const transaction = store.transaction.bind(store) as (fn: () => unknown) => unknown;
  (store as { transaction: unknown }).transaction = (fn: () => unknown) =>
    transaction(() => {
      const result = fn();
      if (++transactions % READ_EVERY === 0) readIndexes(view);
      hit('transaction');
      return result;
    });
  wrap(controllers);
}
