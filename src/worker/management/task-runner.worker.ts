import { DurableObject } from 'cloudflare:workers';
import type { Failures } from '../../management/task.ts';
import { TASKS_LOOK_AGAIN_MS } from '../../management/limits.ts';
import type { Env } from '../platform/env.worker.ts';
import { now } from '../platform/host.worker.ts';

const FAILURES = 'failures';

/**
 * The one object that does the deployment's tasks when they are due: an alarm at the earliest time that anybody announced or a task
 * knows of. The tasks themselves stand in management.
 */
export class TaskRunnerDO extends DurableObject<Env> {
  #armed: number | undefined;
  #announced = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    void ctx.blockConcurrencyWhile(async () => {
      this.#armed = (await ctx.storage.getAlarm()) ?? undefined;
    });
  }

  /** RPC: wakes at this time, at the latest. */
  async wakeBy(at: number): Promise<void> {
    this.#announced = now();
    await this.#arm(at);
  }

  async #arm(at: number): Promise<void> {
    if (this.#armed !== undefined && this.#armed <= at) return;
    this.#armed = at;
    await this.ctx.storage.setAlarm(at);
  }

  /** Whatever happens, an alarm stands afterwards as long as anything is or may be due. */
  override async alarm(): Promise<void> {
    this.#armed = undefined;
    const before = now();
    try {
      // Loaded when needed, as in index.worker.ts.
      const [{ managementDeps }, { runTasks }] = await Promise.all([
        import('./management.worker.ts'),
        import('../../management/tasks.ts'),
      ]);
      const failures = (await this.ctx.storage.get<Failures>(FAILURES)) ?? {};
      const at = await runTasks(managementDeps(this.env), failures);
      await this.ctx.storage.put(FAILURES, failures);
      if (at !== undefined) await this.#arm(at);
      if (this.#announced >= before - TASKS_LOOK_AGAIN_MS) await this.#arm(now() + TASKS_LOOK_AGAIN_MS);
    } catch (error) {
      console.error('the task runner failed', error);
      await this.#arm(now() + TASKS_LOOK_AGAIN_MS);
    }
  }
}
