import { DurableObject } from 'cloudflare:workers';
import type { Failures } from '../../management/task.ts';
import { Alarm } from '../../time/alarm.ts';
import { TASKS_LOOK_AGAIN_MS } from '../../management/limits.ts';
import type { Env } from '../platform/env.worker.ts';
import { now } from '../platform/host.worker.ts';

const FAILURES = 'failures';

/**
 * Object that runs the deployment's tasks (management/tasks.ts), one per deployment. Its alarm is set for the earliest time that management
 * announced or that a task returned.
 */
export class TaskRunnerDO extends DurableObject<Env> {
  readonly #alarm = new Alarm({ set: (at) => void this.ctx.storage.setAlarm(at) });
  #announced = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    void ctx.blockConcurrencyWhile(async () => {
      this.#alarm.adopt((await ctx.storage.getAlarm()) ?? undefined);
    });
  }

  /** RPC: wakes the task runner at `at` (ms) at the latest. */
  async wakeBy(at: number): Promise<void> {
    this.#announced = now();
    this.#alarm.ensureBy(at, now());
  }

  /** Runs due tasks. Sets an alarm afterwards while anything is or may be due, also after an error. */
  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    const before = now();
    this.#alarm.fired(info?.scheduledTime ?? before);
    try {
      // Loaded on demand, as in index.worker.ts.
      const [{ managementDeps }, { runTasks }] = await Promise.all([
        import('./management.worker.ts'),
        import('../../management/tasks.ts'),
      ]);
      const failures = (await this.ctx.storage.get<Failures>(FAILURES)) ?? {};
      const at = await runTasks(managementDeps(this.env), failures);
      await this.ctx.storage.put(FAILURES, failures);
      if (at !== undefined) this.#alarm.ensureBy(at, now());
      if (this.#announced >= before - TASKS_LOOK_AGAIN_MS) this.#alarm.ensureBy(now() + TASKS_LOOK_AGAIN_MS, now());
    } catch (error) {
      console.error('the task runner failed', error);
      this.#alarm.ensureBy(now() + TASKS_LOOK_AGAIN_MS, now());
    }
  }
}
