import { now } from '../platform/host.worker.ts';

/** How long the database has to answer, and how long an answer counts, ms: anybody may ask, and shall not be felt there. */
const PATIENCE_MS = 2000;
const FRESH_MS = 1000;

let last: { at: number; ready: Promise<boolean> } | undefined;

/** Whether the deployment's database answers. */
export function isReady(db: D1Database): Promise<boolean> {
  const at = now();
  if (!last || at - last.at >= FRESH_MS) last = { at, ready: ask(db) };
  return last.ready;
}

async function ask(db: D1Database): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(false), PATIENCE_MS);
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
