import type { Sync } from '../lib/sqlite-port.ts';

/** Rolls back a dry run: thrown through its transaction, with the answer inside. */
export class DryRun extends Error {
  readonly answer: unknown;
  constructor(answer: unknown) {
    super('dry run');
    this.answer = answer;
  }

  /** Runs `fn` in a transaction that leaves nothing behind. */
  static run<T>(transaction: (body: () => never) => unknown, fn: () => Sync<T>): T {
    try {
      transaction(() => {
        throw new DryRun(fn());
      });
    } catch (error) {
      if (error instanceof DryRun) return error.answer as T;
      throw error;
    }
    throw new Error('a dry run was committed');
  }
}
