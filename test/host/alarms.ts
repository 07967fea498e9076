import type { AlarmPort } from '../../src/time/alarm.ts';

const isEarlier = (a: number | undefined, b: number | undefined): boolean =>
  (a ?? Number.POSITIVE_INFINITY) < (b ?? Number.POSITIVE_INFINITY);

/**
 * The alarm of one object as workerd keeps it, with its races: what stands in the object's database (actor-sqlite.c++) and what the scheduler
 * knows (alarm-scheduler.c++) are two things, brought together by commits. A test decides when an alarm that is due is started, when its
 * handler runs, and when it has ended; anything may happen in between.
 */
export class WorkerdAlarm implements AlarmPort {
  readonly #now: () => number;
  readonly #chance: () => number;
  /** In the object's database. */
  stored: number | undefined;
  #dirty = false;
  #confirmed: number | undefined;
  /** What the object believes that the scheduler has, or an earlier time. */
  #noLaterThan: number | undefined;
  /** What the scheduler has. */
  #entry: { at: number; started: boolean; queued?: number | undefined } | undefined;
  #deletesAtEnd = false;
  #handles = false;
  /** It was moved to a later time between its start and its handler: whether that is scheduled, nobody promises. */
  #doubtful = false;
  /** It was lost so. */
  raced = false;
  /** How often it was set: each is a row written. */
  sets = 0;
  /** How often a handler ran. */
  runs = 0;

  constructor(now: () => number, chance: () => number = () => 0) {
    this.#now = now;
    this.#chance = chance;
  }

  /** storage.setAlarm: a time in the past is now; a value that stands already is no write, so that no commit follows. */
  set(at: number): void {
    const wanted = Math.max(at, this.#now());
    this.sets++;
    if (this.isStarted && !this.#handles && isEarlier(this.stored, wanted)) this.#doubtful = true;
    if (this.stored !== wanted) {
      this.stored = wanted;
      this.#dirty = true;
    }
    this.#deletesAtEnd = false;
  }

  /** The end of a turn: the scheduler hears of an earlier alarm before the commit, and of a later one after it. */
  commit(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    if (isEarlier(this.stored, this.#noLaterThan)) this.#schedule(this.stored);
    this.#confirmed = this.stored;
    if (isEarlier(this.#noLaterThan, this.stored)) this.#schedule(this.stored);
  }

  #schedule(at: number | undefined): void {
    this.#noLaterThan = at;
    const entry = this.#entry;
    if (this.#doubtful && entry?.started && this.#chance() < 0.5) {
      this.raced = true;
      return;
    }
    this.raced = false;
    if (entry?.started) entry.queued = at;
    else this.#entry = at === undefined ? undefined : { at, started: false };
  }

  /** The scheduler finds it due and asks for the handler, which runs as soon as the object has time for it. */
  start(): boolean {
    const entry = this.#entry;
    if (!entry || entry.started || entry.at > this.#now()) return false;
    entry.started = true;
    return true;
  }

  /** Whether one was started whose handler is still to run. */
  get isStarted(): boolean {
    return this.#entry?.started === true;
  }

  /** The handler's turn has come (armAlarmHandler): it runs, or the database says that another time is meant. */
  run(handler: (scheduled: number) => void): void {
    const entry = this.#entry;
    if (!entry?.started) throw new Error('no alarm was started');
    if (
      this.stored !== entry.at &&
      this.stored === this.#confirmed &&
      !(this.stored !== undefined && this.stored < this.#now())
    ) {
      this.#schedule(this.stored);
    } else {
      this.#deletesAtEnd = this.stored === entry.at || this.stored === this.#confirmed;
      this.runs++;
      this.#handles = true;
      this.#doubtful = false;
      handler(entry.at);
      this.#handles = false;
      // The process died in the handler.
      if (this.#entry !== entry) return;
      if (this.#deletesAtEnd) {
        this.stored = undefined;
        this.#dirty = true;
      }
      this.#deletesAtEnd = false;
      this.commit();
    }
    this.#doubtful = false;
    this.#entry = entry.queued === undefined ? undefined : { at: entry.queued, started: false };
  }

  /** When the scheduler will start it next; undefined: it knows of none. */
  get next(): number | undefined {
    return this.#entry?.at;
  }

  /** Whether one stands in the database of which the scheduler knows nothing: it will never fire. */
  get isLost(): boolean {
    return !this.#dirty && this.stored !== undefined && this.#entry === undefined;
  }

  /** What a new process finds: what was committed. */
  restart(): void {
    this.stored = this.#confirmed;
    this.#dirty = false;
    this.#deletesAtEnd = false;
    this.#noLaterThan = this.stored;
    if (this.#entry) this.#entry = { at: this.#entry.queued ?? this.#entry.at, started: false };
  }
}
