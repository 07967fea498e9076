import type { ClockCommand, ClockState } from '../tenancy/clock.ts';

/** Time of a cluster, beside the wall clock. All times are ms since the epoch. */
export interface Clock {
  /** The cluster's time at a time of the wall clock. Never goes back. */
  now(wall: number): number;
  /** When the alarm is wanted for what is due at a time of the cluster; undefined: not before the clock is told to move. */
  wakeAt(due: number | undefined): number | undefined;
  /** Moves on to what is due next, as far as the clock may go. False: it stays where it is, or nothing is due there. */
  step(due: number | undefined, wall: number): boolean;
  /** Carries out a command; returns why it cannot be, in a sentence. */
  command(command: ClockCommand, wall: number): string | undefined;
  state(wall: number): ClockState;
}

/** The clock of a cluster that goes by the wall clock. */
export const REAL_CLOCK: Clock = {
  now: (wall) => wall,
  wakeAt: (due) => due,
  step: () => false,
  command: () => 'the cluster goes by the wall clock: only a virtual clock can be set',
  state: (wall) => ({ mode: 'real', state: 'running', now: wall }),
};

/** Where a virtual clock stands and how it moves, as it is stored. */
interface Motion {
  at: number;
  advance?: { from: number; until: number };
  run?: { from: number; since: number; speed: number };
}

/** Where the motion of a virtual clock is kept. */
export interface ClockStore {
  read(): string;
  write(text: string): void;
}

/** Text of a clock that stands. */
export const standing = (at: number): string => JSON.stringify({ at } satisfies Motion);

/**
 * A clock that stands until it is told to move. [TIME7] An advance lives through its span in order: the clock stands at each time at which
 * something is due until nothing is left to do there. [TIME8] A running clock goes `speed` times as fast as the wall clock, in the same
 * order. [TIME9] It never goes back, whatever crashes: where it stands is written before anything is written there.
 */
export class VirtualClock implements Clock {
  readonly #store: ClockStore;
  /** When the next work is due, in the cluster's time: the clock does not pass it. */
  readonly #due: () => number | undefined;
  #motion: Motion;

  constructor(store: ClockStore, due: () => number | undefined) {
    this.#store = store;
    this.#due = due;
    this.#motion = JSON.parse(store.read());
  }

  #move(motion: Motion): void {
    this.#motion = motion;
    this.#store.write(JSON.stringify(motion));
  }

  /** How far the clock may go now. */
  #end(wall: number): number {
    const { at, advance, run } = this.#motion;
    if (run) return Math.max(at, Math.floor(run.from + (wall - run.since) * run.speed));
    return advance?.until ?? at;
  }

  now(wall: number): number {
    const { at, run } = this.#motion;
    if (!run) return at;
    const next = Math.max(at, Math.min(this.#end(wall), this.#due() ?? Number.POSITIVE_INFINITY));
    if (next > at) this.#move({ at: next, run });
    return next;
  }

  wakeAt(due: number | undefined): number | undefined {
    const { advance, run } = this.#motion;
    if (advance) return 0;
    if (!run || due === undefined) return undefined;
    return Math.ceil(run.since + (due - run.from) / run.speed);
  }

  step(due: number | undefined, wall: number): boolean {
    const { at, advance, run } = this.#motion;
    const next = Math.min(due ?? Number.POSITIVE_INFINITY, this.#end(wall));
    const arrived = advance !== undefined && next >= advance.until && next !== due;
    if (next > at || arrived)
      this.#move({ at: Math.max(at, next), ...(advance && !arrived && { advance }), ...(run && { run }) });
    return next > at && next === due;
  }

  command(command: ClockCommand, wall: number): string | undefined {
    const at = this.now(wall);
    if ('stop' in command) this.#move({ at });
    else if ('speed' in command) {
      this.#move({ at, run: { from: at, since: wall, speed: command.speed } });
    } else {
      const { advanceMs } = command;
      if (this.#motion.run || this.#motion.advance) return 'the clock is moving: stop it first';
      this.#move({ at, advance: { from: at, until: at + Math.ceil(advanceMs) } });
    }
    return undefined;
  }

  state(wall: number): ClockState {
    const now = this.now(wall);
    const { advance, run } = this.#motion;
    const state = run ? 'running' : advance ? 'advancing' : 'standing';
    return { mode: 'virtual', state, now, ...advance, ...(run && { speed: run.speed }) };
  }
}
