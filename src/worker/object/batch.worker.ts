/**
 * Batches writes that arrive together into one turn and one commit: one disk sync, one drain and one message to each watcher for all of them.
 * A single write waits for no fixed time: the timer of 0 ms fires once the requests that have arrived are read.
 */
export class Batch {
  #next: Promise<void> | undefined;

  /** Resolves together with the other writes of the batch, in the order of arrival. */
  join(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      setTimeout(() => {
        this.#next = undefined;
        resolve();
      }, 0);
    });
    return this.#next;
  }
}
