import { DurableObject } from 'cloudflare:workers';
import type { Failures } from '../../management/task.ts';
import { Alarm } from '../../time/alarm.ts';
import { TASKS_LOOK_AGAIN_MS } from '../../management/limits.ts';
import type { Env } from '../platform/env.worker.ts';
import { now } from '../platform/host.worker.ts';

const FAILURES = 'failures';

/**
 * The one object that does the deployment's tasks when they are due: an alarm at the earliest time that anybody announced or a task
 * knows of. The tasks themselves stand in management.
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

  /** RPC: wakes at this time, at the latest. */
  async wakeBy(at: number): Promise<void> {
    this.#announced = now();
    this.#alarm.ensureBy(at, now());
  }

  /** Whatever happens, an alarm stands afterwards as long as anything is or may be due. */
  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    const before = now();
    this.#alarm.fired(info?.scheduledTime ?? before);
    try {
      // Loaded when needed, as in index.worker.ts.
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
