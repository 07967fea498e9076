import { LOW_PRIORITY_SHARE, LOW_PRIORITY_SINGLE_KEYS } from './limits.ts';
import type { Answered, Question } from '../lib/ask.ts';
import { type Parked, ParkedKeys, type Work } from './parked-keys.ts';
import type { Key } from './plan.ts';

const idOf = (controller: string, namespace: string, name: string) => `${controller}\u0000${namespace}\u0000${name}`;

interface Waiting {
  work: Work;
  lowPriority: boolean;
  /** From when it may be taken, ms. */
  at: number;
  /** The change that made it dirty. */
  revision: number;
}

/**
 * Dirty keys: deduplicated, first in, first out; low-priority ones after all others, a few at a time; some not before their time. Only in
 * memory: what is dirty is derived from the log after the persisted cursor and from due timers, so a crash loses nothing and a write costs
 * no row here. Keys that wait for answers from the outside are parked: they are not dirty until the answers are there.
 */
export class WorkQueue {
  readonly #items = new Map<string, Work>();
  readonly #low = new Map<string, Work>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #counts = new Map<string, number>();
  readonly #parked = new ParkedKeys();

  add(controller: string, key: Key, lowPriority = false): void {
    const id = idOf(controller, key.namespace, key.name);
    if (this.#items.has(id)) return;
    const queue = lowPriority ? this.#low : this.#items;
    if (!queue.has(id)) queue.set(id, { controller, namespace: key.namespace, name: key.name });
  }

  /** A key that is dirty since `revision` and to be taken at a time; one that waits already keeps its own. */
  addAt(controller: string, key: Key, lowPriority: boolean, at: number, revision: number): void {
    const id = idOf(controller, key.namespace, key.name);
    if (this.#waiting.has(id)) return;
    const work = { controller, namespace: key.namespace, name: key.name };
    this.#waiting.set(id, { work, lowPriority, at, revision });
  }

  /** Lets those go whose time has come. */
  release(now: number): void {
    for (const [id, { work, lowPriority, at }] of this.#waiting) {
      if (at > now) continue;
      this.#waiting.delete(id);
      this.add(work.controller, work, lowPriority);
    }
  }

  /** When the first of those that wait may be taken. */
  next(): number | undefined {
    let first: number | undefined;
    for (const { at } of this.#waiting.values()) if (first === undefined || at < first) first = at;
    return first;
  }

  /** The oldest change whose key waits: what follows from the log up to it is not done. */
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

  /** Nobody else is waiting: some of the low-priority keys may go on. */
  #admit(): void {
    const { size } = this.#low;
    let left = size <= LOW_PRIORITY_SINGLE_KEYS ? 1 : Math.ceil(size * LOW_PRIORITY_SHARE);
    for (const [id, work] of this.#low) {
      if (left-- === 0) return;
      this.#low.delete(id);
      this.#items.set(id, work);
    }
  }

  /** How many failures in a row are counted. */
  failures(work: Work): number {
    return this.#counts.get(idOf(work.controller, work.namespace, work.name)) ?? 0;
  }

  /** Counts a failure and returns how many there were in a row, this one included. */
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

  /** Takes a key out of the parked ones. */
  unpark(work: Work): Parked | undefined {
    return this.#parked.size ? this.#parked.unpark(idOf(work.controller, work.namespace, work.name)) : undefined;
  }

  /** How many keys wait for answers. */
  get parked(): number {
    return this.#parked.size;
  }

  takeQuestions(): Question[] {
    return this.#parked.takeQuestions();
  }

  /** Gives answers to the keys that wait for them; returns those that have all. */
  answer(answers: readonly Answered[]): Work[] {
    return this.#parked.answer(answers);
  }

  /** How many could be taken now. */
  get size(): number {
    return this.#items.size + this.#low.size;
  }
}
