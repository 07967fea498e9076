import type { Answered, Question, Reply } from '../lib/ask.ts';
import { DRAIN_FIRST_SLICE_MS, DRAIN_SLICE_MS } from '../lib/limits.ts';
import type { Delivery } from '../reconcile/outbox.ts';
import type { Reconciler } from '../reconcile/reconciler.ts';
import { Alarm, type AlarmPort } from '../time/alarm.ts';
import type { Cluster } from './cluster.ts';
import { DRAIN_RESCUE_MS, FLUSH_SLICE_MESSAGES } from './limits.ts';
import type { Failed } from './platform.ts';

/** Budget of one turn. */
export interface Slice {
  workMs: number;
  /** Whether a pause follows before the next slice, for other clusters on the thread. */
  pauses: boolean;
  /** Maximum number of objects that one plan writes. */
  maxWrites?: number;
}

/** Ports of the platform for the turns of one cluster. */
export interface TurnPorts {
  alarm: AlarmPort;
  now(): number;
  /** Calls `run` after `ms`, outside the current turn. */
  after(ms: number, run: () => void): void;
  /** Function that returns true until `ms` of work are used up. */
  budget(ms: number): () => boolean;
  /** Slice of the thread, shorter while other clusters of the process are active. */
  slice(now: number, wantedMs: number): Slice;
  /** Pause after a slice that took `tookMs`, ms. */
  pauseAfter(tookMs: number, now: number): number;
  /** Asks questions; calls `answered` with each answer as it arrives. */
  ask(questions: readonly Question[], answered: (answers: readonly Answered[]) => void): void;
  /** Sends effects; calls `delivered` with each result as it arrives. */
  send(deliveries: readonly Delivery[], delivered: (id: string, reply: Reply) => void): void;
  /** Reports the usage to the deployment's database, in the background. */
  reportUsage(cluster: Cluster): void;
  report: { turn(): void; failed: Failed; alarmLost(): void };
}

/** Outcome of a phase: nothing is left, work is left, or it failed and the alarm tries again. */
type Outcome = 'idle' | 'more' | 'failed';

/** Context of the phases of one turn. `more` is the budget that all phases share, in order. */
interface PhaseCx {
  cluster: Cluster;
  now: number;
  slice: Slice;
  more(): boolean;
  /** Asks the questions and sends the effects that are due. */
  ask(): void;
}

/** A part of a turn. A throw is the outcome 'failed'. */
interface Phase {
  name: string;
  run(cx: PhaseCx): Outcome;
  /** Whether work that it leaves must be done even if the object is evicted: the alarm is set for it. */
  outlivesObject: boolean;
  /** Slice of the next turn when this phase left work, ms: short for work that clients wait for. */
  nextSliceMs: number;
}

/** Ends streams of expired credentials and removes Events that outlived their TTL. */
const expire: Phase = {
  name: 'expire',
  outlivesObject: true,
  nextSliceMs: DRAIN_SLICE_MS,
  run: ({ cluster, now }) => (cluster.removeExpired(now) ? 'idle' : 'more'),
};

/** Reconciles dirty keys. A throw leaves its key dirty (RC11). */
const drain: Phase = {
  name: 'drain',
  outlivesObject: true,
  nextSliceMs: DRAIN_SLICE_MS,
  run: ({ cluster, now, slice, more }) => (cluster.drain(now, more, slice.maxWrites) ? 'idle' : 'more'),
};

/** Executes pods, at least one step of each runtime. Keys that runtimes signal are reconciled in the next turn. */
const run: Phase = {
  name: 'run',
  outlivesObject: true,
  nextSliceMs: DRAIN_FIRST_SLICE_MS,
  run: ({ cluster, now, more }) => {
    const idle = cluster.runtimes.map((runtime) => runtime.run?.(cluster.clock.now(now), more) ?? true);
    return idle.every(Boolean) && !cluster.reconciler.isDirty ? 'idle' : 'more';
  },
};

/** Sends committed changes to open streams. */
const flush: Phase = {
  name: 'flush',
  outlivesObject: false,
  nextSliceMs: DRAIN_FIRST_SLICE_MS,
  run: ({ cluster, now }) => (cluster.flush(now, FLUSH_SLICE_MESSAGES) ? 'idle' : 'more'),
};

/** Asks the questions of reconciles and sends due effects. */
const ask: Phase = {
  name: 'ask',
  outlivesObject: true,
  nextSliceMs: DRAIN_FIRST_SLICE_MS,
  run: (cx) => {
    cx.ask();
    return 'idle';
  },
};

/** Stores buffered audit events and usage that are due. */
const store: Phase = {
  name: 'store',
  outlivesObject: true,
  nextSliceMs: DRAIN_FIRST_SLICE_MS,
  run: ({ cluster, now }) => {
    cluster.store(now, now);
    return 'idle';
  },
};

/** Phases of a turn, in order. The input comes before them, and the alarm after them, even if a phase failed. */
export const PHASES: readonly Phase[] = [expire, drain, run, flush, ask, store];

/**
 * Turns of one object: input, phases, store timer, alarm. Decides when a cluster works, for how long at a time, and when it is woken. The object
 * has one alarm, and at most one timer that stores buffered counts and audit events.
 */
export class Turns {
  readonly #ports: TurnPorts;
  readonly #alarm: Alarm;
  /** Returns the open cluster; callbacks of one that was closed meanwhile do nothing. */
  readonly #open: () => Cluster | undefined;
  /** Revision at the end of the last turn that left no work: while it is current, a turn is skipped. */
  #idleAt: number | undefined;
  /** Cluster whose next slice is scheduled. */
  #scheduled: Cluster | undefined;
  /** Cluster and time of the store timer. */
  #timer: { cluster: Cluster; at: number } | undefined;
  /** Duration of all turns since the object was constructed, ms. */
  awakeMs = 0;

  constructor(ports: TurnPorts, open: () => Cluster | undefined) {
    this.#ports = ports;
    this.#alarm = new Alarm(ports.alarm, (at, error) => this.#unset(at, error));
    this.#open = open;
  }

  /** Adopts the alarm that was set before the object was constructed. */
  adopt(stored: number | undefined): void {
    this.#alarm.adopt(stored);
  }

  /** Handles an alarm that could not be set: the next turn sets one, or a timer does. */
  #unset(at: number, error: unknown): void {
    this.markDirty();
    this.#ports.report.failed(this.#open()?.options.id, 'alarm', error);
    this.#ports.after(DRAIN_RESCUE_MS, () => this.wakeBy(at));
  }

  /** Records that the alarm set for `scheduled` has fired. */
  fired(scheduled: number): void {
    this.#alarm.fired(scheduled);
    this.#idleAt = undefined;
  }

  /** Ensures that the next turn is not skipped, though no revision was written. */
  markDirty(): void {
    this.#idleAt = undefined;
  }

  /** Runs one turn after an input, or skips it if the cluster is idle or pauses. `budgetMs`: maximum slice. */
  take(cluster: Cluster, now: number, budgetMs: number): void {
    const isIdle = cluster.registry.revision === this.#idleAt && !cluster.reconciler.isDirty;
    this.#guarded(cluster, now, () => {
      if (isIdle && !this.#alarm.isLost(now)) return this.#skip(cluster, now, undefined);
      const slice = this.#ports.slice(now, Math.min(budgetMs, cluster.limits.turnMs));
      // Requests during a pause take no slice: the scheduled one follows.
      const pauses = slice.pauses && this.#scheduled === cluster;
      return pauses ? this.#skip(cluster, now, now + DRAIN_RESCUE_MS) : this.#work(cluster, now, slice);
    });
  }

  /**
   * Runs a turn and sets the alarm for the time that it returns. [RC17] A turn that throws is reported and leaves an alarm that tries again, so
   * that no error loses what is due later.
   */
  #guarded(cluster: Cluster, now: number, turn: () => number | undefined): void {
    let at: number | undefined = now + DRAIN_RESCUE_MS;
    try {
      at = turn();
    } catch (error) {
      this.#idleAt = undefined;
      this.#ports.report.failed(cluster.options.id, 'turn', error);
    } finally {
      if (at !== undefined) this.wakeBy(at);
    }
  }

  /** Ends a skipped turn: stores what is due. Returns the time of the alarm, ms. */
  #skip(cluster: Cluster, now: number, at: number | undefined): number | undefined {
    if (!this.#try(cluster, 'store', () => cluster.store(now, now))) return now + DRAIN_RESCUE_MS;
    this.#setStoreTimer(cluster, cluster.flushAt(now), now);
    return at;
  }

  /** Runs the phases. Returns the time of the alarm, ms. */
  #work(cluster: Cluster, now: number, slice: Slice): number | undefined {
    const ports = this.#ports;
    ports.report.turn();
    const began = ports.now();
    const cx: PhaseCx = { cluster, now, slice, more: ports.budget(slice.workMs), ask: () => this.#ask(cluster) };
    const done = PHASES.map((phase) => ({ phase, outcome: this.#run(phase, cx) }));
    const left = done.filter(({ outcome }) => outcome !== 'idle');
    this.#idleAt = left.length ? undefined : cluster.registry.revision;
    const more = left.filter(({ outcome }) => outcome === 'more').map(({ phase }) => phase.nextSliceMs);
    if (more.length) this.#scheduleSlice(cluster, Math.min(...more), slice.pauses ? began : undefined);
    // After a failed store phase, the alarm tries again.
    if (!left.some(({ phase }) => phase === store)) this.#setStoreTimer(cluster, cluster.flushAt(now), now);
    this.awakeMs += ports.now() - now;
    if (left.some(({ phase, outcome }) => outcome === 'failed' || phase.outlivesObject)) return now + DRAIN_RESCUE_MS;
    const at = cluster.alarmAt(now);
    if (at === undefined && this.#alarm.giveUpLost(now)) ports.report.alarmLost();
    return at;
  }

  /** Runs a phase; a throw is reported, and the phases after it run nevertheless. */
  #run(phase: Phase, cx: PhaseCx): Outcome {
    let outcome: Outcome = 'failed';
    this.#try(cx.cluster, phase.name, () => {
      outcome = phase.run(cx);
    });
    return outcome;
  }

  /** Runs a part of a turn. Returns false if it threw; the error is reported. */
  #try(cluster: Cluster, part: string, run: () => void): boolean {
    try {
      run();
      return true;
    } catch (error) {
      this.#ports.report.failed(cluster.options.id, part, error);
      return false;
    }
  }

  /** Schedules the next slice after the commit of this one. `began`: start of the slice that a pause follows, ms; the commit counts. */
  #scheduleSlice(cluster: Cluster, budgetMs: number, began: number | undefined): void {
    if (this.#scheduled === cluster) return;
    this.#scheduled = cluster;
    const { now, after, pauseAfter } = this.#ports;
    const go = () => {
      if (this.#scheduled === cluster) this.#scheduled = undefined;
      if (this.#open() === cluster) this.take(cluster, now(), budgetMs);
    };
    after(0, () => {
      if (began === undefined) go();
      else after(pauseAfter(now() - began, now()), go);
    });
  }

  /** Asks questions and sends due effects; each result is the input of another turn. */
  #ask(cluster: Cluster): void {
    const ports = this.#ports;
    const { questions, deliveries } = cluster.outgoing(ports.now()) ?? { questions: [], deliveries: [] };
    const resume = (hand: (reconciler: Reconciler) => void) => {
      if (this.#open() !== cluster) return;
      this.#try(cluster, 'answer', () => cluster.incoming(hand));
      this.markDirty();
      this.take(cluster, ports.now(), DRAIN_FIRST_SLICE_MS);
    };
    if (questions.length) ports.ask(questions, (answers) => resume((reconciler) => reconciler.answer(answers)));
    if (deliveries.length) {
      ports.send(deliveries, (id, reply) => resume((reconciler) => reconciler.delivered(id, reply, ports.now())));
    }
  }

  /** Sets the timer that stores buffered counts and audit events, unless an earlier one is set. */
  #setStoreTimer(cluster: Cluster, at: number | undefined, now: number): void {
    if (at === undefined) return;
    if (this.#timer?.cluster === cluster && this.#timer.at <= at) return;
    const timer = { cluster, at };
    this.#timer = timer;
    this.#ports.after(Math.max(0, at - now), () => {
      if (this.#timer === timer) this.#timer = undefined;
      if (this.#open() !== cluster) return;
      const time = this.#ports.now();
      if (!this.#try(cluster, 'store', () => this.store(cluster, time))) this.wakeBy(time + DRAIN_RESCUE_MS);
    });
  }

  /** Stores all buffered counts and audit events, or throws. Reports the usage if due, and sets the alarm for the next report. */
  store(cluster: Cluster, now: number): void {
    cluster.store(now);
    if (cluster.usage.isReportDue(now)) this.#ports.reportUsage(cluster);
    if (cluster.usage.reportAt !== undefined) this.wakeBy(cluster.usage.reportAt);
  }

  /** Ensures that the alarm fires at `at` (ms) at the latest. */
  wakeBy(at: number): void {
    if (this.#alarm.ensureBy(at, this.#ports.now())) this.#ports.report.alarmLost();
  }
}
