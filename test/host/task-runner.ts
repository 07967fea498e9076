import type { TaskRunner } from '../../src/management/task-runner.ts';
import type { Task, Failures } from '../../src/management/task.ts';
import { TASKS, runTasks } from '../../src/management/tasks.ts';
import type { ManagementDeps } from '../../src/management/deps.ts';

/** The taskRunner in plain Node: its alarm is a number, and rings when a test says that it is late enough. */
export class NodeTaskRunner implements TaskRunner {
  at: number | undefined;
  readonly failures: Failures = {};

  async wakeBy(at: number): Promise<void> {
    if (this.at === undefined || at < this.at) this.at = at;
  }

  /** Does all that is due until `until`, moving the clock from alarm to alarm as time would. */
  async run(deps: ManagementDeps, clock: { now: number }, until = clock.now, tasks: readonly Task[] = TASKS): Promise<void> {
    while (this.at !== undefined && this.at <= until) {
      clock.now = Math.max(clock.now, this.at);
      this.at = undefined;
      const at = await runTasks(deps, this.failures, tasks);
      if (at !== undefined) await this.wakeBy(at);
    }
    clock.now = Math.max(clock.now, until);
  }
}
