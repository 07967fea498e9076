import { HEALTH_TIMEOUT_MS, HEALTH_KEPT_MS } from '../limits.ts';
import { now } from '../platform/host.worker.ts';

let last: { at: number; ready: Promise<boolean> } | undefined;

/** Whether the deployment's database answers a query within HEALTH_TIMEOUT_MS. */
export function isReady(db: D1Database): Promise<boolean> {
  const at = now();
  if (!last || at - last.at >= HEALTH_KEPT_MS) last = { at, ready: ask(db) };
  return last.ready;
}

async function ask(db: D1Database): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(false), HEALTH_TIMEOUT_MS);
  });
  const answer = db
    .prepare('SELECT 1')
    .run()
    .then(
      () => true,
      () => false,
    );
  return Promise.race([answer, late]);
}
