import type { Lives } from './lives.ts';

/** What a process that is killed may lose of what came with no row of the log, ms: the stated 200, and what a busy machine adds. */
const WINDOW_MS = 1_000;

export interface Figures {
  requests: number;
  writes: number;
}

/** What the clients of one cluster have counted: the bounds of what its own meter may say. */
export class Meter {
  readonly #lives: Lives;
  readonly #sure: Figures = { requests: 0, writes: 0 };
  /** Requests without an answer, and such as nobody may expect to be counted. */
  readonly #unsure: Figures = { requests: 0, writes: 0 };
  /** What kills may have taken. */
  readonly #lost: Figures = { requests: 0, writes: 0 };
  /** What was answered in this life and came with no row, lately. */
  #recent: { at: number; write: boolean }[] = [];
  #life: number;

  constructor(lives: Lives) {
    this.#lives = lives;
    this.#life = lives.number;
  }

  /** An answer; `row`: it changed something, and is counted with what it changed. */
  answered(o: { write: boolean; row: boolean }): void {
    this.#mourn();
    this.#sure.requests++;
    if (o.write) this.#sure.writes++;
    const now = performance.now();
    if (!o.row) this.#recent.push({ at: now, write: o.write });
    if (this.#recent.length > 100) this.#recent = this.#recent.filter(({ at }) => at > now - WINDOW_MS);
  }

  /** A request that may be counted or not. */
  unsure(write: boolean): void {
    this.#unsure.requests++;
    if (write) this.#unsure.writes++;
  }

  /** The server may have been killed since the last answer. */
  #mourn(): void {
    const died = this.#lives.deaths[this.#life - 1];
    if (died === undefined) return;
    for (const { at, write } of this.#recent) {
      if (at < died - WINDOW_MS) continue;
      this.#lost.requests++;
      if (write) this.#lost.writes++;
    }
    this.#recent = [];
    this.#life = this.#lives.number;
  }

  /** What is wrong with what the cluster says, or nothing. */
  differs(found: Figures): string {
    this.#mourn();
    const wrong = (key: keyof Figures) => {
      const [least, most] = [this.#sure[key] - this.#lost[key], this.#sure[key] + this.#unsure[key]];
      return found[key] < least || found[key] > most
        ? `it counted ${found[key]} ${key}, and its clients ${least} to ${most}`
        : '';
    };
    return [wrong('requests'), wrong('writes')].filter(Boolean).join(', ');
  }

  /** Answered requests that the cluster does not know of. */
  missed(found: Figures): number {
    return Math.max(0, this.#sure.requests - found.requests);
  }
}
