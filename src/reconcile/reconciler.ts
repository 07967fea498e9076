import {
  CURSOR_LAG_REVISIONS,
  DUE_TIMERS_BATCH,
  IMMEDIATE_RETRIES,
  QUESTION_MS,
  RECONCILE_ROUNDS,
  RETRY_FIRST_MS,
  RETRY_MAX_MS,
  PLAN_WRITES_MAX,
} from './limits.ts';
import { type Answered, Attempt, type AttemptScope, type Question, type Reply, Unanswered } from '../lib/ask.ts';
import { type Resource, resourceOf } from '../api/machinery/define-kind.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { Registry } from '../registry/registry.ts';
import { getMeta, setMeta } from '../store/schema.ts';
import type { Timers } from '../time/timers.ts';
import { Executor, type Outcome } from './executor.ts';
import type { Controller, Key, Mapping } from './plan.ts';
import type { Change, View } from '../registry/view.ts';
import { Outbox, type Outgoing } from './outbox.ts';
import { Recorder } from './recorder.ts';
import type { Work } from './parked-keys.ts';
import { WorkQueue } from './workqueue.ts';

export interface ReconcilerDeps {
  registry: Registry;
  view: View;
  /** Database of the cursor and the outbox. */
  sql: Sqlite;
  timers: Timers;
  controllers: readonly Controller[];
  /** Source of random numbers and of answers to questions. */
  scope: AttemptScope;
}

interface Watch extends Mapping {
  controller: string;
}

const isAbout = (watch: Mapping, resource: Resource): boolean =>
  watch.resource === resource || (watch.resource === '*' && !watch.except?.includes(resource));

/**
 * Maps changes to keys, reconciles keys to plans and executes plans, until no key is dirty (SPEC.md). Dirty keys are derived from log rows
 * after the cursor and from due timers. The cursor is persisted lazily: after a crash some rows are mapped again, which controllers tolerate.
 */
export class Reconciler {
  readonly outbox: Outbox;
  readonly #deps: ReconcilerDeps;
  readonly #queue = new WorkQueue();
  readonly #executor: Executor;
  readonly #byName: Map<string, Controller>;
  /** Watches of each resource that a mapping names, wildcards included, in the order of the controllers. */
  readonly #byResource = new Map<Resource, Watch[]>();
  /** Watches of every resource (`*`). */
  readonly #wildcards: readonly Watch[];
  readonly #watched = (resource: Resource): boolean => this.#watchesOf(resource).length > 0;
  #cursor: number;
  #persisted: number;

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
    this.outbox = new Outbox(deps.sql);
    this.#executor = new Executor(deps.registry, new Recorder(deps.registry, deps.scope), this.outbox);
    this.#byName = new Map(deps.controllers.map((c) => [c.name, c]));
    const watches = deps.controllers.flatMap(({ name, watches }) => watches.map((watch) => ({ ...watch, controller: name })));
    this.#wildcards = watches.filter((watch) => watch.resource === '*');
    for (const { resource } of watches) {
      if (resource !== '*')
        this.#byResource.set(
          resource,
          watches.filter((watch) => isAbout(watch, resource)),
        );
    }
    this.#persisted = Number(getMeta(deps.sql, 'cursor') ?? 0);
    this.#cursor = Math.max(this.#persisted, deps.registry.log.compacted());
    for (const sender of this.outbox.ended()) this.#add(sender.controller, sender);
  }

  /** The persisted cursor: compaction keeps the log after it. */
  get cursor(): number {
    return this.#persisted;
  }

  /** Time at which the first delayed key may be taken, ms (Mapping.afterMs); undefined: there is none. */
  next(): number | undefined {
    return this.#queue.next();
  }

  /**
   * Reconciles until no key is dirty (true) or `more()` returns false (false). One key is one transaction; `maxWrites` bounds its objects.
   * Throws what a controller or the database throws; the key stays dirty.
   */
  drain(now: number, more: () => boolean = () => true, maxWrites = PLAN_WRITES_MAX): boolean {
    if (!this.#deps.controllers.length) return true;
    this.#queue.release(now);
    for (;;) {
      this.#dispatch(now);
      const work = this.#queue.take() ?? this.#due(now);
      if (!work) break;
      this.#reconcile(work, now, maxWrites);
      if (!more()) {
        if (this.#pending()) return false;
        break;
      }
    }
    this.#persistCursor();
    return true;
  }

  /** Maps every object of a watched resource as if it was just added: derives dirty keys and timers again, e.g. after a fork. */
  resync(): void {
    for (const resource of this.#deps.view.kinds.map(resourceOf).filter(this.#watched)) {
      for (const object of this.#deps.view.list(resource)) {
        this.#map({ revision: Number(object.metadata.resourceVersion), resource, type: 'ADDED', object, old: undefined });
      }
    }
  }

  /** Makes a key dirty for a reason that is neither in the log nor a timer: a process ended, an answer or the result of a send arrived. */
  signal(controller: string, key: Key): void {
    if (this.#byName.has(controller)) this.#add(controller, key);
  }

  /** Whether a key is dirty now. */
  get isDirty(): boolean {
    return this.#deps.controllers.length > 0 && this.#pending();
  }

  /** Whether no key is dirty, delayed or parked: only timers lead to work. */
  get isIdle(): boolean {
    return !this.#deps.controllers.length || (!this.#pending() && this.next() === undefined && !this.#queue.parked);
  }

  /** Whether a key waits for an answer from outside. */
  get waits(): boolean {
    return this.#queue.parked > 0;
  }

  #pending(): boolean {
    return this.#queue.size > 0 || this.#cursor < this.#deps.registry.revision;
  }

  #dispatch(now: number): void {
    const head = this.#deps.registry.revision;
    if (this.#cursor >= head) return;
    const changes = this.#deps.view.since(this.#cursor, this.#watched);
    if (!changes) throw new Error(`the log after ${this.#cursor} was compacted before it was dispatched`);
    for (const change of changes) this.#map(change, now);
    this.#cursor = head;
  }

  #watchesOf(resource: Resource): readonly Watch[] {
    return this.#byResource.get(resource) ?? this.#wildcards.filter((watch) => isAbout(watch, resource));
  }

  /** Maps a change to keys; without `now`, delays are ignored. */
  #map(change: Change, now?: number): void {
    for (const { controller, keys, afterMs } of this.#watchesOf(change.resource)) {
      for (const key of keys(change, this.#deps.view)) {
        if (afterMs === undefined || now === undefined) this.#add(controller, key);
        else this.#queue.addAt(controller, key, this.#isLowPriority(controller), now + afterMs, change.revision);
      }
    }
  }

  #add(controller: string, key: Key): void {
    this.#queue.add(controller, key, this.#isLowPriority(controller));
  }

  #isLowPriority(controller: string): boolean {
    return this.#byName.get(controller)?.lowPriority === true;
  }

  #due(now: number): Work | undefined {
    for (const timer of this.#deps.timers.due(now, DUE_TIMERS_BATCH)) {
      if (this.#byName.has(timer.controller)) this.#add(timer.controller, timer);
      else this.#deps.timers.cancel(timer.controller, timer.namespace, timer.name);
    }
    return this.#queue.take();
  }

  #reconcile(work: Work, now: number, maxWrites: number): void {
    const controller = this.#byName.get(work.controller);
    if (!controller) return;
    const { registry, view, scope, timers } = this.#deps;
    const { attempt, until } = this.#attemptOf(work, now);
    let outcome: Outcome = {};
    const cx = { now, random: scope, ask: scope.ask, effect: (id: string) => this.outbox.state(id), maxWrites };
    try {
      scope.run(attempt, () =>
        registry.transaction(() => {
          const plan = controller.reconcile({ namespace: work.namespace, name: work.name }, view, cx);
          outcome = this.#executor.run(controller, work, plan, view, cx);
          this.#arm(work, outcome, now, timers);
        }),
      );
      this.#executor.commit();
    } catch (error) {
      this.#executor.rollback();
      if (error instanceof Unanswered) return this.#park(work, attempt, { questions: error.questions, until }, now);
      // The database or the controller failed, and everything was rolled back: the key stays dirty.
      this.#add(work.controller, work);
      throw error;
    }
    this.#finish(work, outcome);
  }

  /** The attempt of a parked key, or a new one. Questions past their deadline get a failed answer. */
  #attemptOf(work: Work, now: number): { attempt: Attempt; until?: number } {
    const parked = this.#queue.unpark(work);
    if (!parked) return { attempt: new Attempt() };
    const { attempt, questions, until } = parked;
    if (until <= now) {
      for (const question of questions) attempt.answer(question, { failed: `there was no answer within ${QUESTION_MS} ms` });
    }
    return { attempt, until };
  }

  /**
   * Parks a key beside the queue until its questions are answered. Its timer is set to their deadline: it asks again after a crash, and no
   * drain takes the key before.
   */
  #park(
    work: Work,
    attempt: Attempt,
    { questions, until }: { questions: readonly Question[]; until?: number },
    now: number,
  ): void {
    // The same questions again, because the key became dirty meanwhile, keep their deadline.
    const asksMore = attempt.ended();
    const mayAsk = attempt.rounds < RECONCILE_ROUNDS;
    const at = mayAsk
      ? (!asksMore && until) || now + QUESTION_MS
      : now + Math.min(RETRY_FIRST_MS * 2 ** Math.min(this.#queue.failures(work), 40), RETRY_MAX_MS);
    try {
      this.#deps.timers.set({ controller: work.controller, namespace: work.namespace, name: work.name, at: Math.ceil(at) });
    } catch (error) {
      this.#add(work.controller, work);
      throw error;
    }
    if (mayAsk) this.#queue.park(work, { attempt, questions, until: at });
    else this.#queue.failed(work);
  }

  /** Takes the result of a send; an effect that has its outcome makes the sender's key dirty. */
  delivered(id: string, reply: Reply, now: number): void {
    const sender = this.outbox.delivered(id, reply, now);
    if (sender) this.#add(sender.controller, sender);
  }

  /** Takes the questions to ask and the effects to send now. */
  outgoing(now: number): Outgoing {
    return { questions: this.takeQuestions(), deliveries: this.outbox.take(now) };
  }

  /** Takes the questions of parked keys that were not taken before, each once. */
  takeQuestions(): Question[] {
    return this.#queue.takeQuestions();
  }

  /** Takes answers: keys whose questions are all answered become dirty. */
  answer(answers: readonly Answered[]): void {
    for (const work of this.#queue.answer(answers)) this.#add(work.controller, work);
  }

  /** Counts the outcome of a committed reconcile; a conflict is retried at once up to IMMEDIATE_RETRIES times. */
  #finish(work: Work, { refused }: Outcome): void {
    if (!refused) return this.#queue.succeeded(work);
    if (this.#queue.failed(work) <= IMMEDIATE_RETRIES && refused.reason === 'Conflict') this.#add(work.controller, work);
  }

  #arm(work: Work, outcome: Outcome, now: number, timers: Timers): void {
    let at = outcome.requeueAt;
    if (outcome.refused) {
      const failures = this.#queue.failures(work) + 1;
      if (outcome.refused.reason === 'Conflict' && failures <= IMMEDIATE_RETRIES) return;
      at ??= now + Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 40), RETRY_MAX_MS);
    }
    const armed = timers.get(work.controller, work.namespace, work.name);
    if (at === undefined) {
      if (armed !== undefined) timers.cancel(work.controller, work.namespace, work.name);
      return;
    }
    const later = Math.max(Math.ceil(at), now + 1);
    if (armed !== later) timers.set({ controller: work.controller, namespace: work.namespace, name: work.name, at: later });
  }

  /** Persists the cursor now. */
  persist(): void {
    this.#persistCursor(1);
  }

  #persistCursor(lag = CURSOR_LAG_REVISIONS): void {
    const done = Math.min(this.#cursor, (this.#queue.oldest() ?? Number.POSITIVE_INFINITY) - 1);
    if (done - this.#persisted < lag) return;
    setMeta(this.#deps.sql, 'cursor', String(done));
    this.#persisted = done;
  }
}
