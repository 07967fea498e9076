import { QUESTION_MS } from '../reconcile/limits.ts';
import type { Reconciler } from '../reconcile/reconciler.ts';
import type { Registry } from '../registry/registry.ts';
import type { Retention } from '../store/retention.ts';
import { earliest } from '../time/alarm.ts';
import { type Clock, REAL_CLOCK } from '../time/clock.ts';
import type { Timers } from '../time/timers.ts';
import { expireEvents } from './event-expiry.ts';
import type { Exports } from './fork.ts';
import { CONTENDED_COMPACTION_REVISIONS } from './limits.ts';
import type { Limits } from './plan-limits.ts';

/** Parts of the cluster that works. */
export interface WorkParts {
  registry: Registry;
  reconciler: Reconciler;
  timers: Timers;
  limits: Limits;
  clock: Clock;
  controllers: readonly unknown[];
}

/** What a cluster does by itself: reconciles, dates and compacts its history, expires Events, and follows its clock. */
export class Work {
  readonly #parts: WorkParts;
  readonly #retention: Retention;
  readonly #exports: Exports;
  readonly #suspended: boolean;

  /** `suspended`: nothing but what is dirty already is done. */
  constructor(parts: WorkParts, retention: Retention, exports: Exports, suspended: boolean) {
    this.#parts = parts;
    this.#retention = retention;
    this.#exports = exports;
    this.#suspended = suspended;
  }

  /**
   * [TIME10] Asks again what nobody had answered when the process ended: by a clock that stands, the timers of such keys would never come.
   * Not part of the constructor: the clock asks the work when the next of it is due.
   */
  resume(): void {
    const { clock, timers, reconciler } = this.#parts;
    if (clock === REAL_CLOCK) return;
    for (const timer of timers.due(clock.now(0) + QUESTION_MS, Number.MAX_SAFE_INTEGER))
      reconciler.signal(timer.controller, timer);
  }

  /** When the alarm is wanted, by the wall clock; undefined: for nothing. A virtual clock does not move while an answer is waited for. */
  wakeAt(): number | undefined {
    const { clock, reconciler } = this.#parts;
    return clock !== REAL_CLOCK && reconciler.waits ? undefined : clock.wakeAt(this.due());
  }

  /** Until when the answers that stop a virtual clock are there at the latest; undefined: none is waited for. */
  waitsUntil(wall: number): number | undefined {
    const { clock, reconciler } = this.#parts;
    return clock !== REAL_CLOCK && reconciler.waits ? wall + QUESTION_MS : undefined;
  }

  /** When the next of it is due, in the cluster's time: at once while something is dirty; undefined: never. */
  due(): number | undefined {
    const { timers, reconciler } = this.#parts;
    if (reconciler.isDirty) return 0;
    return earliest(timers.next(), reconciler.next(), this.#retention.next());
  }

  /**
   * Works until nothing is left to do (true) or `more()` says stop (false). [TIME7] A virtual clock moves on to what is due next once nothing
   * is left to do at the time where it stands, and no answer from outside is waited for.
   */
  drain(wall: number, more: (() => boolean) | undefined, maxWrites: number | undefined): boolean {
    const { clock, reconciler } = this.#parts;
    for (;;) {
      const now = clock.now(wall);
      if (clock !== REAL_CLOCK && !this.#expireAll(now, more)) return false;
      if (!reconciler.drain(now, more, maxWrites)) return false;
      if (this.#suspended) return true;
      if (!this.#rest(now, wall, maxWrites !== undefined)) return false;
      if (reconciler.waits || !clock.step(this.due(), wall)) return true;
      if (more && !more()) return false;
    }
  }

  /** Removes all Events that outlived their TTL; false: `more()` said stop before. */
  #expireAll(now: number, more: (() => boolean) | undefined): boolean {
    while (!expireEvents(this.#parts.registry, this.#retention, now)) if (more && !more()) return false;
    return true;
  }

  /** Dates the history, and compacts it. False: there is more to compact. */
  #rest(now: number, wall: number, isContended: boolean): boolean {
    const { limits, reconciler, registry, controllers } = this.#parts;
    this.#retention.checkpoint(now);
    const keep = limits.history(wall);
    // What was dispatched is needed until that is written down, which is done now and then only.
    if (keep !== undefined) reconciler.persist();
    // Controllers need history that they have not read.
    const needed = controllers.length ? reconciler.cursor : registry.revision;
    const until = Math.min(needed, this.#exports.floor(wall));
    return this.#retention.compact(until, keep, isContended ? CONTENDED_COMPACTION_REVISIONS : undefined);
  }

  /** Removes Events that outlived their TTL. False: there are more of them. */
  expire(wall: number): boolean {
    const { registry, clock } = this.#parts;
    return expireEvents(registry, this.#retention, clock.now(wall));
  }
}
