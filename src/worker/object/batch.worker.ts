/**
 * Writes that arrive together are handled in one turn, so that they commit together: one sync of the disk, one drain and one message to
 * each watcher for all of them. Waiting costs nothing when nobody else is there: the timer fires once what has arrived is read.
 */
export class Batch {
  #next: Promise<void> | undefined;

  /** Resolves for everybody who waits, in the order of arrival, in one turn. */
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
