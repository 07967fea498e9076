import { LOW_PRIORITY_SHARE, LOW_PRIORITY_SINGLE_KEYS } from './limits.ts';
import type { Answered, Question } from '../lib/ask.ts';
import { type Parked, ParkedKeys, type Work } from './parked-keys.ts';
import type { Key } from './plan.ts';

const idOf = (controller: string, namespace: string, name: string) => `${controller}\u0000${namespace}\u0000${name}`;

interface Delayed {
  work: Work;
  lowPriority: boolean;
  /** Earliest time at which it may be taken, ms. */
  at: number;
  /** Revision of the change that made it dirty. */
  revision: number;
}

/**
 * Queue of dirty keys: deduplicated, first in, first out; low-priority keys after all others; delayed keys not before their time. In memory
 * only: dirty keys are derived from the log after the persisted cursor and from due timers, so a crash loses none and a write costs no row.
 * Keys that wait for answers from the outside are parked.
 */
export class WorkQueue {
  readonly #items = new Map<string, Work>();
  readonly #low = new Map<string, Work>();
  readonly #waiting = new Map<string, Delayed>();
  readonly #counts = new Map<string, number>();
  readonly #parked = new ParkedKeys();

  add(controller: string, key: Key, lowPriority = false): void {
    const id = idOf(controller, key.namespace, key.name);
    if (this.#items.has(id)) return;
    const queue = lowPriority ? this.#low : this.#items;
    if (!queue.has(id)) queue.set(id, { controller, namespace: key.namespace, name: key.name });
  }

  /** Adds a key that is dirty since `revision` and may be taken from `at` on, ms; a key that is delayed already keeps its own. */
  addAt(controller: string, key: Key, lowPriority: boolean, at: number, revision: number): void {
    const id = idOf(controller, key.namespace, key.name);
    if (this.#waiting.has(id)) return;
    const work = { controller, namespace: key.namespace, name: key.name };
    this.#waiting.set(id, { work, lowPriority, at, revision });
  }

  /** Makes delayed keys dirty whose time has come. */
  release(now: number): void {
    for (const [id, { work, lowPriority, at }] of this.#waiting) {
      if (at > now) continue;
      this.#waiting.delete(id);
      this.add(work.controller, work, lowPriority);
    }
  }

  /** Earliest time at which a delayed key may be taken, ms; undefined: there is none. */
  next(): number | undefined {
    let first: number | undefined;
    for (const { at } of this.#waiting.values()) if (first === undefined || at < first) first = at;
    return first;
  }

  /** Oldest revision that made a delayed key dirty: the persisted cursor stays before it. */
  oldest(): number | undefined {
    let first: number | undefined;
    for (const { revision } of this.#waiting.values()) if (first === undefined || revision < first) first = revision;
    return first;
  }

  take(): Work | undefined {
    if (!this.#items.size) this.#admit();
    for (const [id, work] of this.#items) {
      this.#items.delete(id);
      return work;
    }
    return undefined;
  }

  /** Moves some low-priority keys to the queue, which is empty. */
  #admit(): void {
    const { size } = this.#low;
    let left = size <= LOW_PRIORITY_SINGLE_KEYS ? 1 : Math.ceil(size * LOW_PRIORITY_SHARE);
    for (const [id, work] of this.#low) {
      if (left-- === 0) return;
      this.#low.delete(id);
      this.#items.set(id, work);
    }
  }

  /** Number of consecutive failures of a key. */
  failures(work: Work): number {
    return this.#counts.get(idOf(work.controller, work.namespace, work.name)) ?? 0;
  }

  /** Counts a failure; returns the number of consecutive ones, this one included. */
  failed(work: Work): number {
    const count = this.failures(work) + 1;
    this.#counts.set(idOf(work.controller, work.namespace, work.name), count);
    return count;
  }

  succeeded(work: Work): void {
    if (this.#counts.size) this.#counts.delete(idOf(work.controller, work.namespace, work.name));
  }

  park(work: Work, parked: Parked): void {
    this.#parked.park(idOf(work.controller, work.namespace, work.name), work, parked);
  }

  /** Removes a key from the parked ones. */
  unpark(work: Work): Parked | undefined {
    return this.#parked.size ? this.#parked.unpark(idOf(work.controller, work.namespace, work.name)) : undefined;
  }

  /** Number of parked keys. */
  get parked(): number {
    return this.#parked.size;
  }

  takeQuestions(): Question[] {
    return this.#parked.takeQuestions();
  }

  /** Hands answers to the parked keys; returns the keys whose questions are all answered. */
  answer(answers: readonly Answered[]): Work[] {
    return this.#parked.answer(answers);
  }

  /** Number of dirty keys, low-priority ones included. */
  get size(): number {
    return this.#items.size + this.#low.size;
  }
}
