/** What a virtual clock is told: to advance by a span (ms), to run so many times as fast as the wall clock, or to stop. */
export type ClockCommand = { advanceMs: number } | { speed: number } | { stop: true };

/** What a clock shows. Times are ms since the epoch. */
export interface ClockState {
  mode: 'real' | 'virtual';
  state: 'running' | 'advancing' | 'standing';
  now: number;
  /** Where an advance began, and where it ends. */
  from?: number;
  until?: number;
  /** Seconds of the cluster per second of the wall clock. */
  speed?: number;
}

/** Result of a command: what the clock shows then, or why it was not carried out. */
export type ClockSet = { clock: ClockState } | { refused: string };
