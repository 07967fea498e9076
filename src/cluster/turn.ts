import type { Answered, Question, Reply } from '../lib/ask.ts';
import { DRAIN_FIRST_SLICE_MS, DRAIN_SLICE_MS } from '../lib/limits.ts';
import type { Delivery } from '../reconcile/outbox.ts';
import type { Reconciler } from '../reconcile/reconciler.ts';
import { Alarm, type AlarmPort } from '../time/alarm.ts';
import type { Cluster } from './cluster.ts';
import { DRAIN_RESCUE_MS, FLUSH_SLICE_MESSAGES } from './limits.ts';
import type { Failed } from './platform.ts';

/** How much a turn may do in one go. */
export interface Slice {
  workMs: number;
  /** Whether it is to pause before the next one, so that other clusters come between. */
  rests: boolean;
  /** Objects that one plan may write. */
  maxWrites?: number;
}

/** What the platform gives to the turns of one cluster. */
export interface TurnPorts {
  alarm: AlarmPort;
  now(): number;
  /** Calls back after so long, in a turn of its own. */
  after(ms: number, run: () => void): void;
  /** "More?" until so much time is used up. */
  budget(ms: number): () => boolean;
  /** A share of the thread, beside other clusters of the process. */
  slice(now: number, wantedMs: number): Slice;
  /** How long to pause after a slice that took so long, ms. */
  pauseAfter(tookMs: number, now: number): number;
  /** Asks the outside; whenever one answer is there, calls back with it. */
  ask(questions: readonly Question[], answered: (answers: readonly Answered[]) => void): void;
  /** Sends effects; whenever the result of one is there, calls back with it. */
  send(deliveries: readonly Delivery[], delivered: (id: string, reply: Reply) => void): void;
  /** Reports the usage to the deployment's database, in the background. */
  reportUsage(cluster: Cluster): void;
  report: { turn(): void; failed: Failed; alarmLost(): void };
}

/** What came of a phase: nothing is left, there is more, or it failed and the alarm goes on with it. */
type Outcome = 'idle' | 'more' | 'failed';

/** What the phases of one turn work with. `more` is the one budget that they share: what one has used up, those after it do not get. */
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
  /** Whether what it leaves is still to be done after the object died: the alarm then comes for it. */
  outlivesObject: boolean;
  /** How long the next turn may take when this one left more, ms: what others wait for goes on in short slices. */
  nextSliceMs: number;
}

/** Ends the streams of expired credentials, and removes Events that outlived their TTL. */
const expire: Phase = {
  name: 'expire',
  outlivesObject: true,
  nextSliceMs: DRAIN_SLICE_MS,
  run: ({ cluster, now }) => (cluster.removeExpired(now) ? 'idle' : 'more'),
};

/** Reconciles what is dirty. A throw (RC11) leaves that dirty. */
const drain: Phase = {
  name: 'drain',
  outlivesObject: true,
  nextSliceMs: DRAIN_SLICE_MS,
  run: ({ cluster, now, slice, more }) => (cluster.drain(now, more, slice.maxWrites) ? 'idle' : 'more'),
};

/** Executes pods, each runtime one step at least. The keys that this signals are taken by the drain of the next turn. */
const run: Phase = {
  name: 'run',
  outlivesObject: true,
  nextSliceMs: DRAIN_FIRST_SLICE_MS,
  run: ({ cluster, now, more }) => {
    const idle = cluster.runtimes.map((runtime) => runtime.run?.(now, more) ?? true);
    return idle.every(Boolean) && !cluster.reconciler.isDirty ? 'idle' : 'more';
  },
};

/** Sends open streams what was committed. Streams end with the object. */
const flush: Phase = {
  name: 'flush',
  outlivesObject: false,
  nextSliceMs: DRAIN_FIRST_SLICE_MS,
  run: ({ cluster, now }) => (cluster.flush(now, FLUSH_SLICE_MESSAGES) ? 'idle' : 'more'),
};

/** Asks what reconciles want to know, and sends the effects that are due. */
const ask: Phase = {
  name: 'ask',
  outlivesObject: true,
  nextSliceMs: DRAIN_FIRST_SLICE_MS,
  run: (cx) => {
    cx.ask();
    return 'idle';
  },
};

/** Stores what is in memory and cannot wait: audit events of writes, usage. */
const store: Phase = {
  name: 'store',
  outlivesObject: true,
  nextSliceMs: DRAIN_FIRST_SLICE_MS,
  run: ({ cluster, now }) => {
    cluster.store(now, now);
    return 'idle';
  },
};

/** The phases of a turn, in their order. Before them comes the input, and after them the alarm, whatever failed. */
export const PHASES: readonly Phase[] = [expire, drain, run, flush, ask, store];

/**
 * The turns of one object: input, the phases, a timer for what waits in memory, and the alarm last. Decides when a cluster works, for how long
 * at a time, and when it is woken. The object has one alarm, and at most one short timer for what a cluster holds in memory.
 */
export class Turns {
  readonly #ports: TurnPorts;
  readonly #alarm: Alarm;
  /** The cluster that is open; another one that was opened before is left alone. */
  readonly #open: () => Cluster | undefined;
  /** The revision at the end of the last turn that left nothing: nothing is to be done while it stands. */
  #settled: number | undefined;
  /** The cluster whose next slice follows soon. */
  #continues: Cluster | undefined;
  /** The cluster that a timer is set for, and when it fires. */
  #timer: { cluster: Cluster; at: number } | undefined;
  /** What turns took since the object was constructed, ms. */
  awakeMs = 0;

  constructor(ports: TurnPorts, open: () => Cluster | undefined) {
    this.#ports = ports;
    this.#alarm = new Alarm(ports.alarm, (at, error) => this.#unset(at, error));
    this.#open = open;
  }

  /** Takes over the alarm that stood before the object was constructed. */
  adopt(stored: number | undefined): void {
    this.#alarm.adopt(stored);
  }

  /** An alarm could not be set: the next turn is not to be left out, and sets one; so does a timer, where none comes. */
  #unset(at: number, error: unknown): void {
    this.markDirty();
    this.#ports.report.failed(this.#open()?.options.id, 'alarm', error);
    this.#ports.after(DRAIN_RESCUE_MS, () => this.wakeBy(at));
  }

  /** The alarm has fired that was set for this time. */
  fired(scheduled: number): void {
    this.#alarm.fired(scheduled);
    this.#settled = undefined;
  }

  /** The next turn is not to be left out, though nothing was written. */
  markDirty(): void {
    this.#settled = undefined;
  }

  /** One turn after an input. */
  take(cluster: Cluster, now: number, budgetMs: number): void {
    const isIdle = cluster.registry.revision === this.#settled && !cluster.reconciler.isDirty;
    this.#guarded(cluster, now, () => {
      if (isIdle && !this.#alarm.isLost(now)) return this.#rest(cluster, now, undefined);
      const slice = this.#ports.slice(now, Math.min(budgetMs, cluster.limits.turnMs));
      // While it pauses, it goes on soon: with every request another slice would be no pause.
      const pauses = slice.rests && this.#continues === cluster;
      return pauses ? this.#rest(cluster, now, now + DRAIN_RESCUE_MS) : this.#work(cluster, now, slice);
    });
  }

  /**
   * Sets the alarm that the end of a turn wants. [RC17] A turn that throws is reported, and leaves an alarm that tries again: an error at any
   * place costs a moment, never what is due later.
   */
  #guarded(cluster: Cluster, now: number, turn: () => number | undefined): void {
    let at: number | undefined = now + DRAIN_RESCUE_MS;
    try {
      at = turn();
    } catch (error) {
      this.#settled = undefined;
      this.#ports.report.failed(cluster.options.id, 'turn', error);
    } finally {
      if (at !== undefined) this.wakeBy(at);
    }
  }

  /** The end of a turn that is left out: stores what cannot wait. Returns when the alarm is wanted. */
  #rest(cluster: Cluster, now: number, at: number | undefined): number | undefined {
    if (!this.#try(cluster, 'store', () => cluster.store(now, now))) return now + DRAIN_RESCUE_MS;
    this.#keepMemory(cluster, cluster.flushAt(now), now);
    return at;
  }

  /** Runs the phases. Returns when the alarm is wanted. */
  #work(cluster: Cluster, now: number, slice: Slice): number | undefined {
    const ports = this.#ports;
    ports.report.turn();
    const began = ports.now();
    const cx: PhaseCx = { cluster, now, slice, more: ports.budget(slice.workMs), ask: () => this.#ask(cluster) };
    const done = PHASES.map((phase) => ({ phase, outcome: this.#run(phase, cx) }));
    const left = done.filter(({ outcome }) => outcome !== 'idle');
    this.#settled = left.length ? undefined : cluster.registry.revision;
    const more = left.filter(({ outcome }) => outcome === 'more').map(({ phase }) => phase.nextSliceMs);
    if (more.length) this.#goOn(cluster, Math.min(...more), slice.rests ? began : undefined);
    // What could not be stored a moment ago is tried again by the alarm.
    if (!left.some(({ phase }) => phase === store)) this.#keepMemory(cluster, cluster.flushAt(now), now);
    this.awakeMs += ports.now() - now;
    if (left.some(({ phase, outcome }) => outcome === 'failed' || phase.outlivesObject)) return now + DRAIN_RESCUE_MS;
    const at = cluster.alarmAt(now);
    if (at === undefined && this.#alarm.none(now)) ports.report.alarmLost();
    return at;
  }

  /** A phase that fails is reported and tried again by the alarm; those after it have their turn. */
  #run(phase: Phase, cx: PhaseCx): Outcome {
    let outcome: Outcome = 'failed';
    this.#try(cx.cluster, phase.name, () => {
      outcome = phase.run(cx);
    });
    return outcome;
  }

  /** Runs a part of a turn; false: it failed, which is reported. */
  #try(cluster: Cluster, part: string, run: () => void): boolean {
    try {
      run();
      return true;
    } catch (error) {
      this.#ports.report.failed(cluster.options.id, part, error);
      return false;
    }
  }

  /** Another turn as soon as this one is committed, which takes time of the thread as well. `began`: when the slice did that it pauses after. */
  #goOn(cluster: Cluster, budgetMs: number, began: number | undefined): void {
    if (this.#continues === cluster) return;
    this.#continues = cluster;
    const { now, after, pauseAfter } = this.#ports;
    const go = () => {
      if (this.#continues === cluster) this.#continues = undefined;
      if (this.#open() === cluster) this.take(cluster, now(), budgetMs);
    };
    after(0, () => {
      if (began === undefined) go();
      else after(pauseAfter(now() - began, now()), go);
    });
  }

  /** Asks what reconciles want to know and sends the effects that are due; the cluster goes on with what comes of it. */
  #ask(cluster: Cluster): void {
    const ports = this.#ports;
    const { questions, deliveries } = cluster.outgoing(ports.now()) ?? { questions: [], deliveries: [] };
    const goOn = (hand: (reconciler: Reconciler) => void) => {
      if (this.#open() !== cluster) return;
      this.#try(cluster, 'answer', () => cluster.incoming(hand));
      this.markDirty();
      this.take(cluster, ports.now(), DRAIN_FIRST_SLICE_MS);
    };
    if (questions.length) ports.ask(questions, (answers) => goOn((reconciler) => reconciler.answer(answers)));
    if (deliveries.length) {
      ports.send(deliveries, (id, reply) => goOn((reconciler) => reconciler.delivered(id, reply, ports.now())));
    }
  }

  /** Has one timer for what a cluster holds in memory. */
  #keepMemory(cluster: Cluster, at: number | undefined, now: number): void {
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

  /** Stores all that a cluster holds in memory, or throws, and reports its usage when that is due; an alarm stands for the next report. */
  store(cluster: Cluster, now: number): void {
    cluster.store(now);
    if (cluster.usage.isReportDue(now)) this.#ports.reportUsage(cluster);
    if (cluster.usage.reportAt !== undefined) this.wakeBy(cluster.usage.reportAt);
  }

  /** Sees to it that the alarm fires at this time at the latest. */
  wakeBy(at: number): void {
    if (this.#alarm.by(at, this.#ports.now())) this.#ports.report.alarmLost();
  }
}
