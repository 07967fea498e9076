/** When cron schedules fire (robfig/cron v3, SpecSchedule.Next and ConstantDelaySchedule.Next). Times are ms since the epoch. */
import { type Offset, offsetsOf } from './time-zones.ts';

export interface Schedule {
  /** The first time after `from`, or NEVER. */
  next(from: number): number;
}

/** Go's zero time, by which the library says that nothing was found. */
export const NEVER = -62_135_596_800_000;

/** The values of a field, and whether it was a star, which restricts nothing. */
export interface FieldSet {
  values: boolean[];
  isAny: boolean;
}

export type Fields = Record<'minute' | 'hour' | 'day' | 'month' | 'weekday', FieldSet>;

/** How far ahead the library looks. */
const YEARS_MAX = 5;
const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];
/** After so many days the calendar repeats. */
const CYCLE_YEARS = 400;
const CYCLE_MS = 146_097 * DAY;

/** Fires after each delay, counted from the last time, in whole seconds. */
export function everySchedule(ns: bigint): Schedule {
  const seconds = Math.max(1, Number(ns / 1_000_000_000n));
  return { next: (from) => wholeSecond(from) + seconds * SECOND };
}

/** Fires when the wall clock of a zone matches all fields; of day and weekday one is enough, unless one of them is a star. */
export function fieldSchedule(fields: Fields, zone: string): Schedule {
  // Searching five years for what these never match would take long.
  const isEmpty = [fields.minute, fields.hour, fields.month].some(({ values }) => !values.includes(true));
  return { next: (from) => (isEmpty ? NEVER : new Search(fields, offsetsOf(zone), from).run()) };
}

/** What a wall clock shows of a unit. */
const shown = (wall: number, unit: number, of: number): number => {
  const rest = Math.floor(wall / unit) % of;
  return rest < 0 ? rest + of : rest;
};
const wholeSecond = (ms: number): number => Math.floor(ms / SECOND) * SECOND;

/**
 * The library's search, step by step, because its steps decide what happens where clocks are changed: what lies in a skipped hour does not fire on
 * that day, and what lies in a repeated hour fires twice if its hour is any, else as the first step into the hour finds it.
 */
class Search {
  readonly #fields: Fields;
  readonly #offset: Offset;
  #at: number;
  /** Whether a part was moved on: the smaller ones begin anew. */
  #moved = false;

  constructor(fields: Fields, offset: Offset, from: number) {
    this.#fields = fields;
    this.#offset = offset;
    this.#at = wholeSecond(from) + SECOND;
  }

  run(): number {
    const last = this.#date.getUTCFullYear() + YEARS_MAX;
    // Every part whose step comes round to its first value sends the search back to the month.
    while (this.#date.getUTCFullYear() <= last) {
      if (this.#month() && this.#day() && this.#hour() && this.#minute() && this.#second()) return this.#at;
    }
    return NEVER;
  }

  /** The wall clock, as if it were UTC. */
  get #wall(): number {
    return this.#at + this.#offset(this.#at);
  }

  get #date(): Date {
    return new Date(this.#wall);
  }

  /** Go's time.Date: a wall clock that does not exist is moved by the change, one that exists twice is the earlier. */
  #set(year: number, month: number, day: number, [hour, minute, second]: readonly number[] = [0, 0, 0]): void {
    // Years below 100 mean others to Date.UTC.
    const wall = Date.UTC(year + CYCLE_YEARS, month, day, hour, minute, second) - CYCLE_MS;
    this.#at = wall - this.#offset(wall - this.#offset(wall));
  }

  /** time.AddDate. */
  #add(months: number, days: number): void {
    const date = this.#date;
    const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
    this.#set(date.getUTCFullYear(), date.getUTCMonth() + months, date.getUTCDate() + days, clock);
  }

  #move(begin: (date: Date) => void): void {
    if (!this.#moved) begin(this.#date);
    this.#moved = true;
  }

  #month(): boolean {
    const { values } = this.#fields.month;
    while (!values[this.#date.getUTCMonth() + 1]) {
      this.#move((date) => this.#set(date.getUTCFullYear(), date.getUTCMonth(), 1));
      this.#add(1, 0);
      if (this.#date.getUTCMonth() === 0) return false;
    }
    return true;
  }

  #day(): boolean {
    while (!this.#isDay(this.#date)) {
      this.#move((date) => this.#set(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()));
      const before = this.#at;
      this.#add(0, 1);
      // A day that a zone left out, where the library never returns (Pacific/Apia, 30 December 2011).
      if (this.#at <= before) this.#at = before + DAY;
      // A day without midnight.
      const hour = this.#date.getUTCHours();
      if (hour !== 0) this.#at += (hour > 12 ? 24 - hour : -hour) * HOUR;
      if (this.#date.getUTCDate() === 1) return false;
    }
    return true;
  }

  #isDay(date: Date): boolean {
    const { day, weekday } = this.#fields;
    const [isDay, isWeekday] = [day.values[date.getUTCDate()], weekday.values[date.getUTCDay()]];
    return day.isAny || weekday.isAny ? isDay && isWeekday : isDay || isWeekday;
  }

  #hour(): boolean {
    const { values } = this.#fields.hour;
    while (!values[shown(this.#wall, HOUR, 24)]) {
      this.#move((date) => {
        this.#set(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), [date.getUTCHours(), 0, 0]);
      });
      this.#at += HOUR;
      if (shown(this.#wall, HOUR, 24) === 0) return false;
    }
    return true;
  }

  #minute(): boolean {
    const { values } = this.#fields.minute;
    while (!values[shown(this.#wall, MINUTE, 60)]) {
      this.#move(() => {
        this.#at = Math.floor(this.#at / MINUTE) * MINUTE;
      });
      this.#at += MINUTE;
      if (shown(this.#wall, MINUTE, 60) === 0) return false;
    }
    return true;
  }

  /** Schedules fire at whole minutes, so the only value is also the first, with which the search begins anew. */
  #second(): boolean {
    const second = shown(this.#wall, SECOND, 60);
    if (second === 0) return true;
    this.#moved = true;
    this.#at += (60 - second) * SECOND;
    return false;
  }
}
