import { DurableObject } from 'cloudflare:workers';
import type { Failures } from '../../management/tasks.ts';
import { KEEPER_LOOK_AGAIN_MS } from '../../management/limits.ts';
import type { Env } from '../platform/env.worker.ts';
import { now } from '../platform/host.worker.ts';

const FAILURES = 'failures';

/**
 * The one object that does the deployment's chores when they are due: an alarm at the earliest time that anybody announced or a chore
 * knows of. The chores themselves stand in management.
 */
export class KeeperDO extends DurableObject<Env> {
  #armed: number | undefined;
  #announced = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    void ctx.blockConcurrencyWhile(async () => {
      this.#armed = (await ctx.storage.getAlarm()) ?? undefined;
    });
  }

  /** RPC: wakes at this time, at the latest. */
  async by(at: number): Promise<void> {
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
      const [{ managementDeps }, { doChores }] = await Promise.all([
        import('./management.worker.ts'),
        import('../../management/tasks.ts'),
      ]);
      const failures = (await this.ctx.storage.get<Failures>(FAILURES)) ?? {};
      const at = await doChores(managementDeps(this.env), failures);
      await this.ctx.storage.put(FAILURES, failures);
      if (at !== undefined) await this.#arm(at);
      if (this.#announced >= before - KEEPER_LOOK_AGAIN_MS) await this.#arm(now() + KEEPER_LOOK_AGAIN_MS);
    } catch (error) {
      console.error('the keeper failed', error);
      await this.#arm(now() + KEEPER_LOOK_AGAIN_MS);
    }
  }
}
