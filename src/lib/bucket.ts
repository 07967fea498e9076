/** What a token counts: so that what comes in a millisecond is a whole number. */
const TOKEN = 1000;

/** A token bucket: so many a second, and as many at once as have been saved up. Time is an argument. */
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

  /** Another bucket that holds as much now. */
  copy(): Bucket {
    const copy = new Bucket(this.#perMs, this.#most / TOKEN);
    copy.#level = this.#level;
    copy.#at = this.#at;
    return copy;
  }

  /** Takes one: 0; or says how many ms to wait, and takes none. */
  take(now: number): number {
    this.#fill(now);
    if (this.#level >= TOKEN) {
      this.#level -= TOKEN;
      return 0;
    }
    return Math.ceil((TOKEN - this.#level) / this.#perMs);
  }

  /** Takes so many, more than there are if need be: it is then owed. */
  spend(count: number, now: number): void {
    this.#fill(now);
    this.#level -= count * TOKEN;
  }

  /** ms until nothing is owed any more. */
  owed(now: number): number {
    this.#fill(now);
    return this.#level >= 0 ? 0 : Math.ceil(-this.#level / this.#perMs);
  }

  /** Whether nobody has taken any for as long as it takes to fill: one can be made anew in its place. */
  isFull(now: number): boolean {
    this.#fill(now);
    return this.#level >= this.#most;
  }

  #fill(now: number): void {
    // A clock that was set back gives nothing, and takes nothing.
    const passed = Math.max(0, now - (this.#at ?? now));
    this.#at = now;
    this.#level = Math.min(this.#most, this.#level + passed * this.#perMs);
  }
}
