/** Counts over a cluster's life. */
export interface Counts {
  requests: number;
  writes: number;
  /** Clock seconds in which it worked. */
  awake: number;
}

/** Counts as a log row carries them. */
export interface StoredCounts extends Counts {
  /** Live objects after the row. */
  live: number;
}

/**
 * Counters stored in the rows of the log. A row of their own per write would add half of a write's cost; so each log row carries them in a
 * few characters, and the newest one restores them after a crash. Counts that came with no row are for the caller to store (`isStored`).
 */
export class Counters implements Counts {
  requests = 0;
  writes = 0;
  awake = 0;
  /** Undefined: not read yet. */
  live: number | undefined;
  #stored = '';

  /** The counters alone, as text. */
  get counts(): string {
    return `${this.requests} ${this.writes} ${this.awake}`;
  }

  /** Text for a row that is about to be written. */
  write(live: number): string {
    this.live = live;
    this.#stored = this.counts;
    return `${this.#stored} ${live}`;
  }

  /** Whether all counts are stored in a row. */
  get isStored(): boolean {
    return this.#stored === this.counts;
  }

  /** Notes that the counters were stored. */
  markStored(): void {
    this.#stored = this.counts;
  }

  /** Forgets what was stored: the row may be rolled back. */
  rolledBack(): void {
    this.#stored = '';
    this.live = undefined;
  }
}

/** Parses the text of `write` or `counts`; rows of early versions, and forked ones, have none. */
export function readCounters(text: string | null | undefined): StoredCounts | undefined {
  if (!text) return undefined;
  const [requests, writes, awake, live = 0] = text.split(' ').map(Number);
  return { requests, writes, awake, live };
}
