import type { Cluster } from '../../cluster/cluster.ts';
import { DRAIN_FIRST_SLICE_MS, DRAIN_SLICE_MS } from '../../lib/limits.ts';
import { DRAIN_RESCUE_MS, FLUSH_SLICE_MESSAGES } from '../limits.ts';
import { restAfter, slice } from './contention.worker.ts';
import { budget, now } from '../platform/host.worker.ts';
import { log, nameOf } from '../edge/log.worker.ts';
import { count } from '../edge/metrics.worker.ts';

/** When a cluster works, for how long at a time, and when it is woken. */
export class Turns {
  readonly #storage: Pick<DurableObjectStorage, 'getAlarm' | 'setAlarm' | 'deleteAlarm'>;
  readonly #isOpen: (cluster: Cluster) => boolean;
  readonly #ended: (cluster: Cluster) => void;
  /** The revision at the end of the last turn that came to rest: nothing is to be done while it stands. */
  #settled: number | undefined;
  /** When the alarm will fire, as far as this object knows. */
  #armed: number | undefined;
  #queued = false;
  /** Who goes on soon. */
  #continues: Cluster | undefined;
  /** What turns took since the object woke, ms. */
  awakeMs = 0;

  constructor(storage: DurableObjectStorage, isOpen: (cluster: Cluster) => boolean, ended: (cluster: Cluster) => void) {
    this.#storage = storage;
    this.#isOpen = isOpen;
    this.#ended = ended;
  }

  /** Asks the platform for the alarm that stands. */
  async begin(): Promise<void> {
    this.#armed = (await this.#storage.getAlarm()) ?? undefined;
  }

  /** The alarm has fired: there is none now, and something is to be done. */
  woken(): void {
    this.#armed = undefined;
    this.#settled = undefined;
  }

  /** The next turn is not to be left out, though nothing was written. */
  unsettle(): void {
    this.#settled = undefined;
  }

  /** Once for everything that this batch did; microtasks of its other requests come before. */
  after(batch: () => void): void {
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      batch();
    });
  }

  /** Drains for a while, flushes the watches, and arms the alarm last. */
  take(cluster: Cluster, time: number, budgetMs: number): void {
    if (cluster.registry.revision === this.#settled) return;
    const { workMs, rests, most } = slice(cluster, time, Math.min(budgetMs, cluster.limits.turnMs));
    if (rests && this.#continues === cluster) {
      // It rests, and goes on soon: with every request another slice would be none.
      this.armBy(time + DRAIN_RESCUE_MS);
      return;
    }
    count('atoll_turns_total');
    const began = now();
    const drained = this.drain(cluster, time, workMs, most);
    const quiet = drained === true;
    const flushed = cluster.flush(time, FLUSH_SLICE_MESSAGES);
    this.#settled = quiet && flushed ? cluster.registry.revision : undefined;
    // Watches that wait are served between short slices.
    if (drained === false || !flushed) {
      this.#goOn(cluster, flushed ? DRAIN_SLICE_MS : DRAIN_FIRST_SLICE_MS, rests ? began : undefined);
    }
    if (quiet) this.arm(cluster.nextAlarm());
    else this.armBy(time + DRAIN_RESCUE_MS);
    this.#ended(cluster);
    this.awakeMs += now() - time;
  }

  /** Undefined: something threw (RC11). What is dirty stays so, and the alarm that stands by goes on with it. */
  drain(cluster: Cluster, time: number, budgetMs: number, most?: number): boolean | undefined {
    try {
      return cluster.drain(time, budget(budgetMs), most);
    } catch (error) {
      count('atoll_drain_errors_total');
      log('error', { type: 'drain', cluster: cluster.options.id, ...nameOf(error) });
      return undefined;
    }
  }

  /** `began`: when the slice did that is to be rested from. */
  #goOn(cluster: Cluster, budgetMs: number, began: number | undefined): void {
    if (this.#continues === cluster) return;
    this.#continues = cluster;
    const go = () => {
      if (this.#continues === cluster) this.#continues = undefined;
      if (this.#isOpen(cluster)) this.take(cluster, now(), budgetMs);
    };
    // By then it is committed, which stops the thread as well.
    setTimeout(() => {
      if (began === undefined) go();
      else setTimeout(go, restAfter(now() - began, now()));
    }, 0);
  }

  /** Undefined: never. */
  arm(at: number | undefined): void {
    if (at === this.#armed) return;
    this.#armed = at;
    void (at === undefined ? this.#storage.deleteAlarm() : this.#storage.setAlarm(at));
  }

  /** At that time at the latest. */
  armBy(at: number): void {
    this.arm(Math.min(at, this.#armed ?? at));
  }
}
