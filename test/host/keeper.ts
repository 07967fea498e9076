import { type Chore, CHORES, doChores, type Failures, type Keeper } from '../../src/management/tasks.ts';
import type { ManagementDeps } from '../../src/management/deps.ts';

/** The keeper in plain Node: its alarm is a number, and rings when a test says that it is late enough. */
export class NodeKeeper implements Keeper {
  at: number | undefined;
  readonly failures: Failures = {};

  async by(at: number): Promise<void> {
    if (this.at === undefined || at < this.at) this.at = at;
  }

  /** Does all that is due until `until`, moving the clock from alarm to alarm as time would. */
  async run(deps: ManagementDeps, clock: { now: number }, until = clock.now, chores: readonly Chore[] = CHORES): Promise<void> {
    while (this.at !== undefined && this.at <= until) {
      clock.now = Math.max(clock.now, this.at);
      this.at = undefined;
      const at = await doChores(deps, this.failures, chores);
      if (at !== undefined) await this.by(at);
    }
    clock.now = Math.max(clock.now, until);
  }
}
