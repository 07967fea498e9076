const SECOND_MS = 1000;

/** A token bucket: so many a second, and as many at once as have been saved up. Time is an argument. */
export class Bucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number | undefined;

  constructor(perSecond: number, burst: number) {
    this.#perMs = perSecond / SECOND_MS;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes one: 0; or says how many ms to wait, and takes none. */
  take(now: number): number {
    this.#fill(now);
    if (this.#tokens >= 1) {
      this.#tokens--;
      return 0;
    }
    return this.#perMs > 0 ? Math.ceil((1 - this.#tokens) / this.#perMs) : Number.POSITIVE_INFINITY;
  }

  /** Whether nobody has taken any for as long as it takes to fill: one can be made anew in its place. */
  isFull(now: number): boolean {
    this.#fill(now);
    return this.#tokens >= this.#burst;
  }

  #fill(now: number): void {
    // A clock that was set back gives nothing, and takes nothing.
    const passed = Math.max(0, now - (this.#at ?? now));
    this.#at = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + passed * this.#perMs);
  }
}
