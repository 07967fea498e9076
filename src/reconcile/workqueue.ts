import type { Key } from './plan.ts';

export interface Work extends Key {
  controller: string;
}

const idOf = (controller: string, namespace: string, name: string) => `${controller}\u0000${namespace}\u0000${name}`;

/**
 * Dirty keys: deduplicated, first in, first out. Only in memory: what is dirty is derived from the log after the persisted cursor and from
 * due timers, so a crash loses nothing and a write costs no row here.
 */
export class WorkQueue {
  readonly #items = new Map<string, Work>();
  readonly #attempts = new Map<string, number>();

  add(controller: string, key: Key): void {
    const id = idOf(controller, key.namespace, key.name);
    if (!this.#items.has(id)) this.#items.set(id, { controller, namespace: key.namespace, name: key.name });
  }

  take(): Work | undefined {
    for (const [id, work] of this.#items) {
      this.#items.delete(id);
      return work;
    }
    return undefined;
  }

  /** Counts a failure and returns how many there were in a row, this one included. */
  failed(work: Work): number {
    const id = idOf(work.controller, work.namespace, work.name);
    const attempts = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempts);
    return attempts;
  }

  succeeded(work: Work): void {
    if (this.#attempts.size) this.#attempts.delete(idOf(work.controller, work.namespace, work.name));
  }

  get size(): number {
    return this.#items.size;
  }
}
