/** Unit of the bucket, so that the refill of a millisecond is a whole number. */
const TOKEN = 1000;

/** A token bucket with a rate per second and a burst. Time is an argument. */
export class Bucket {
  readonly #perMs: number;
  readonly #most: number;
  #level: number;
  #at: number | undefined;

  constructor(perSecond: number, burst: number) {
    this.#perMs = perSecond;
    this.#most = burst * TOKEN;
    this.#level = this.#most;
  }

  /** A copy of the bucket. */
  copy(): Bucket {
    const copy = new Bucket(this.#perMs, this.#most / TOKEN);
    copy.#level = this.#level;
    copy.#at = this.#at;
    return copy;
  }

  /** Takes one token and returns 0; or takes none and returns the ms to wait. */
  take(now: number): number {
    this.#fill(now);
    if (this.#level >= TOKEN) {
      this.#level -= TOKEN;
      return 0;
    }
    return Math.ceil((TOKEN - this.#level) / this.#perMs);
  }

  /** Takes tokens, into debt if necessary. */
  spend(count: number, now: number): void {
    this.#fill(now);
    this.#level -= count * TOKEN;
  }

  /** ms until the debt is paid. */
  owed(now: number): number {
    this.#fill(now);
    return this.#level >= 0 ? 0 : Math.ceil(-this.#level / this.#perMs);
  }

  /** Whether the bucket is full: a new one can take its place. */
  isFull(now: number): boolean {
    this.#fill(now);
    return this.#level >= this.#most;
  }

  #fill(now: number): void {
    // A clock set back adds nothing and removes nothing.
    const passed = Math.max(0, now - (this.#at ?? now));
    this.#at = now;
    this.#level = Math.min(this.#most, this.#level + passed * this.#perMs);
  }
}
