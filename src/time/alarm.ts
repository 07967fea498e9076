import { ALARM_LOST_MS } from './limits.ts';

/** The platform's alarm, one per object: setting it replaces the former. */
export interface AlarmPort {
  /** Sets it; `lost` is called when it turns out later that it could not be set. */
  set(at: number, lost: (error: unknown) => void): void;
}

/**
 * The alarm of an object.
 * [TIME4] It is moved to an earlier time only: never to a later one, and never deleted. An early alarm finds nothing to do and sets
 * the next, so each costs one useless wake at most. Moved later in the moment in which it fires, it would meet workerd's scheduler half-way
 * (actor-sqlite.c++ armAlarmHandler).
 * [TIME5] It is never set for a time for which its handler has run. The value in the database would not change, so nothing would be scheduled,
 * and what has run is not repeated: that alarm is lost (actor-sqlite.c++ setAlarm, alarm-scheduler.c++ makeAlarmTask).
 * [TIME6] An alarm that is long overdue was lost: the next turn sets another.
 * [TIME7] One that could not be set does not count as set, whether the platform throws at once or says so later.
 */
export class Alarm {
  readonly #port: AlarmPort;
  readonly #unset: (at: number, error: unknown) => void;
  /** Time of the alarm that is set. */
  #at: number | undefined;
  /** The last times for which a handler has run, or an alarm was given up: what may stand in the database, and is not to be set again. */
  #spent: readonly number[] = [];

  /** `unset` hears of an alarm that could not be set, though the platform did not say so at once. */
  constructor(port: AlarmPort, unset: (at: number, error: unknown) => void = () => undefined) {
    this.#port = port;
    this.#unset = unset;
  }

  /** Time of the alarm; undefined: none is set. */
  get at(): number | undefined {
    return this.#at;
  }

  /** Takes over the alarm that was set before this object was constructed. */
  adopt(stored: number | undefined): void {
    this.#at = stored;
  }

  /**
   * Records that the handler runs for this time. The alarm is spent, whichever time it was for: workerd deletes it when the handler has
   * ended, unless another is set before.
   */
  fired(scheduled: number): void {
    this.#over(scheduled);
  }

  #over(at: number): void {
    this.#spent = [at, this.#at ?? at, ...this.#spent].slice(0, 4);
    this.#at = undefined;
  }

  /** Whether the alarm that is set should have fired long ago. */
  isLost(now: number): boolean {
    return this.#at !== undefined && this.#at < now - ALARM_LOST_MS;
  }

  /** Takes note that nothing is due: an alarm that was lost is given up. True: one was. */
  none(now: number): boolean {
    const lost = this.isLost(now);
    if (lost) this.#over(this.#at as number);
    return lost;
  }

  /** Ensures that the alarm fires at this time at the latest (ms), but later than now. True: the former one was lost. */
  by(at: number, now: number): boolean {
    const lost = this.isLost(now);
    if (lost) this.#over(this.#at as number);
    let wanted = Math.max(Math.ceil(at), now + 1);
    while (this.#spent.includes(wanted)) wanted++;
    if (this.#at !== undefined && this.#at <= wanted) return lost;
    this.#port.set(wanted, (error) => {
      if (this.#at === wanted) this.#at = undefined;
      this.#unset(wanted, error);
    });
    this.#at = wanted;
    return lost;
  }
}

/** The earliest of optional times. */
export const earliest = (...times: (number | undefined)[]): number | undefined =>
  times.reduce((first, at) => (first === undefined || (at !== undefined && at < first) ? at : first), undefined);
