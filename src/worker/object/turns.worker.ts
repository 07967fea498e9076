import type { Cluster } from '../../cluster/cluster.ts';
import { DRAIN_FIRST_SLICE_MS, DRAIN_SLICE_MS } from '../../lib/limits.ts';
import { DRAIN_RESCUE_MS, FLUSH_SLICE_MESSAGES } from '../limits.ts';
import { Alarm } from '../../time/alarm.ts';
import { noteAlarm } from './overdue.worker.ts';
import { restAfter, slice } from './contention.worker.ts';
import { budget, now } from '../platform/host.worker.ts';
import { log, nameOf } from '../edge/log.worker.ts';
import { count } from '../edge/metrics.worker.ts';

/** When a cluster works, for how long at a time, and when it is woken. */
export class Turns {
  readonly #id: string;
  readonly #storage: Pick<DurableObjectStorage, 'getAlarm' | 'setAlarm'>;
  readonly #alarm: Alarm;
  readonly #isOpen: (cluster: Cluster) => boolean;
  readonly #ended: (cluster: Cluster) => void;
  /** The revision at the end of the last turn that came to rest: nothing is to be done while it stands. */
  #settled: number | undefined;
  #queued = false;
  /** Who goes on soon. */
  #continues: Cluster | undefined;
  /** What turns took since the object woke, ms. */
  awakeMs = 0;

  constructor(
    context: Pick<DurableObjectState, 'id' | 'storage'>,
    isOpen: (cluster: Cluster) => boolean,
    ended: (cluster: Cluster) => void,
  ) {
    this.#id = context.id.toString();
    this.#storage = context.storage;
    this.#isOpen = isOpen;
    this.#ended = ended;
    const set = (at: number) => {
      noteAlarm(this.#id, at);
      void this.#storage.setAlarm(at);
    };
    this.#alarm = new Alarm({ set });
  }

  /** Asks the platform for the alarm that stands. */
  async begin(): Promise<void> {
    const stored = (await this.#storage.getAlarm()) ?? undefined;
    this.#alarm.adopt(stored);
    noteAlarm(this.#id, stored);
  }

  /** The alarm has fired that was set for this time: none stands now, and something is to be done. */
  fired(scheduled: number): void {
    this.#alarm.fired(scheduled);
    noteAlarm(this.#id, undefined);
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
    if (cluster.registry.revision === this.#settled && !this.#alarm.isLost(time)) return;
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
    const next = quiet ? cluster.nextAlarm() : time + DRAIN_RESCUE_MS;
    if (next !== undefined) this.armBy(next);
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

  /** Sees to it that the alarm fires at that time at the latest. */
  armBy(at: number): void {
    if (!this.#alarm.by(at, now())) return;
    count('atoll_alarms_lost_total');
    log('error', { type: 'alarm', object: this.#id, error: 'an alarm was lost: what was due is done late' });
  }
}
