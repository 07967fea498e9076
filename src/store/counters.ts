/** What is counted over a cluster's life. */
export interface Counts {
  requests: number;
  writes: number;
  /** Seconds of the clock in which it worked. */
  awake: number;
}

/** A tally as a row carries it. */
export interface StoredCounts extends Counts {
  /** Objects that live after the row. */
  live: number;
}

/**
 * Counters that ride on the rows of the log. A row of their own for every write would be half as much again of what a write costs; so each
 * row of the log says in a few characters how far they were, and the newest one tells after a crash. What was counted since then and came
 * with no row is the business of whoever counts (`isKept`).
 */
export class Counters implements Counts {
  requests = 0;
  writes = 0;
  awake = 0;
  /** Undefined: to be read again. */
  live: number | undefined;
  #kept = '';

  /** The counters alone, as text. */
  get counts(): string {
    return `${this.requests} ${this.writes} ${this.awake}`;
  }

  /** For a row that is about to be written. */
  write(live: number): string {
    this.live = live;
    this.#kept = this.counts;
    return `${this.#kept} ${live}`;
  }

  /** Whether a row says all of it. */
  get isKept(): boolean {
    return this.#kept === this.counts;
  }

  /** Somebody wrote the counters down. */
  keep(): void {
    this.#kept = this.counts;
  }

  /** The row that said so may be gone. */
  rolledBack(): void {
    this.#kept = '';
    this.live = undefined;
  }
}

/** Reads what `write` or `counts` made; rows from before there were tallies, and copies from another cluster, have none. */
export function readCounters(text: string | null | undefined): StoredCounts | undefined {
  if (!text) return undefined;
  const [requests, writes, awake, live = 0] = text.split(' ').map(Number);
  return { requests, writes, awake, live };
}
