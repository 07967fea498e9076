const EMPTY = Buffer.alloc(0);
const HEAD_END = Buffer.from('\n\r\n');
const BARE_HEAD_END = Buffer.from('\n\n');
const CR = 0x0d;
const LEAST = 1024;

/**
 * Unread input in one piece. A single chunk is not copied; more go into memory that grows by doubling, so a client that sends single bytes
 * costs no more than their number.
 */
export class Input {
  #bytes: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  /** Whether the memory behind #end may be written. */
  #own = false;
  /** Position up to which the end of a head was searched. */
  #searched = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  push(chunk: Buffer): void {
    if (this.length === 0) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#own = false;
      this.#searched = 0;
      return;
    }
    if (!this.#own || this.#bytes.length - this.#end < chunk.length) this.#grow(chunk.length);
    this.#end += chunk.copy(this.#bytes, this.#end);
  }

  #grow(by: number): void {
    const { length } = this;
    const next = Buffer.allocUnsafeSlow(Math.max(LEAST, 2 * (length + by)));
    this.#bytes.copy(next, 0, this.#start, this.#end);
    this.#bytes = next;
    this.#searched = Math.max(0, this.#searched - this.#start);
    this.#start = 0;
    this.#end = length;
    this.#own = true;
  }

  /** Takes the text of a head, without the blank line that ends it; undefined: incomplete. */
  takeHead(): string | undefined {
    const from = Math.max(this.#start, this.#searched - HEAD_END.length);
    const there = this.#bytes.subarray(from, this.#end);
    const usual = there.indexOf(HEAD_END);
    const bare = there.subarray(0, usual < 0 ? there.length : usual + 1).indexOf(BARE_HEAD_END);
    this.#searched = this.#end;
    if (usual < 0 && bare < 0) return undefined;
    const at = from + (bare < 0 ? usual : bare);
    const hasReturn = at > this.#start && this.#bytes[at - 1] === CR;
    const text = this.#bytes.toString('latin1', this.#start, hasReturn ? at - 1 : at);
    this.#start = at + (bare < 0 ? HEAD_END.length : BARE_HEAD_END.length);
    this.#searched = this.#start;
    return text;
  }

  /** Peeks at the input. */
  peek(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  take(most = Number.POSITIVE_INFINITY): Buffer {
    const taken = this.#bytes.subarray(this.#start, Math.min(this.#end, this.#start + most));
    this.#start += taken.length;
    if (this.length === 0) this.#bytes = EMPTY;
    return taken;
  }
}
