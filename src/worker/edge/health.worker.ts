import { now } from '../platform/host.worker.ts';

/** Timeout of the query, and lifetime of its cached result, ms: unauthenticated requests cause at most one query a second. */
const TIMEOUT_MS = 2000;
const CACHE_MS = 1000;

let last: { at: number; ready: Promise<boolean> } | undefined;

/** Whether the deployment's database answers a query within TIMEOUT_MS. */
export function isReady(db: D1Database): Promise<boolean> {
  const at = now();
  if (!last || at - last.at >= CACHE_MS) last = { at, ready: ask(db) };
  return last.ready;
}

async function ask(db: D1Database): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(false), TIMEOUT_MS);
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
