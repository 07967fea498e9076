import { ALARM_LOST_MS } from './limits.ts';

/** The platform's alarm, one per object: setting it replaces the former. */
export interface AlarmPort {
  /** Sets the alarm, ms since the epoch; `lost` is called if the platform fails to set it after this returned. */
  set(at: number, lost: (error: unknown) => void): void;
}

/**
 * The alarm of an object.
 * [TIME4] The alarm is moved to an earlier time only: never to a later one, and never deleted. An early alarm finds nothing to do and sets
 * the next, so each costs one useless wake at most. Moving it to a later time while it fires races with workerd's scheduler
 * (actor-sqlite.c++ armAlarmHandler).
 * [TIME5] The alarm is never set for a time for which its handler has run. The value in the database would not change, so workerd would
 * schedule nothing, and it does not repeat a finished run: the alarm would be lost (actor-sqlite.c++ setAlarm, alarm-scheduler.c++ makeAlarmTask).
 * [TIME6] An alarm overdue for ALARM_LOST_MS was lost: the next turn sets another.
 * [TIME7] An alarm that failed to be set does not count as set, whether the platform throws at once or reports it later.
 */
export class Alarm {
  readonly #port: AlarmPort;
  readonly #unset: (at: number, error: unknown) => void;
  /** Time of the alarm that is set. */
  #at: number | undefined;
  /** The last times for which the handler ran or an alarm was given up: the database may still hold them, so none is set again (TIME5). */
  #spent: readonly number[] = [];

  /** `unset` is called with an alarm that the platform failed to set after `set` returned. */
  constructor(port: AlarmPort, unset: (at: number, error: unknown) => void = () => undefined) {
    this.#port = port;
    this.#unset = unset;
  }

  /** Time of the alarm, ms since the epoch; undefined: none is set. */
  get at(): number | undefined {
    return this.#at;
  }

  /** Adopts the alarm that was set before this object was constructed. */
  adopt(stored: number | undefined): void {
    this.#at = stored;
  }

  /**
   * Records that the handler runs for this time. No alarm is set afterwards, even if it was set for another time: workerd deletes the alarm
   * when the handler has ended, unless another is set before.
   */
  fired(scheduled: number): void {
    this.#over(scheduled);
  }

  #over(at: number): void {
    this.#spent = [at, this.#at ?? at, ...this.#spent].slice(0, 4);
    this.#at = undefined;
  }

  /** Whether the alarm is overdue by more than ALARM_LOST_MS. */
  isLost(now: number): boolean {
    return this.#at !== undefined && this.#at < now - ALARM_LOST_MS;
  }

  /** Gives up a lost alarm when nothing is due. Returns whether there was one. */
  giveUpLost(now: number): boolean {
    const lost = this.isLost(now);
    if (lost) this.#over(this.#at as number);
    return lost;
  }

  /** Ensures that the alarm fires at `at` (ms) at the latest, but later than now. Returns whether the former alarm was lost. */
  ensureBy(at: number, now: number): boolean {
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

/** The earliest of the times that are given; undefined: none is. */
export const earliest = (...times: (number | undefined)[]): number | undefined =>
  times.reduce((first, at) => (first === undefined || (at !== undefined && at < first) ? at : first), undefined);
