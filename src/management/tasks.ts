import { accountChores } from './accounts/deletion.ts';
import { planChore } from './accounts/plan.ts';
import { auditChore } from './audit/service.ts';
import { clusterChores } from './clusters/tasks.ts';
import { credentialChores } from './clusters/credential-tasks.ts';
import type { ManagementDeps } from './deps.ts';
import { idempotencyChore } from './http/idempotency.ts';
import { CHORE_AGAIN_MS, CHORE_RETRY_FIRST_MS, CHORE_RETRY_MAX_MS } from './limits.ts';
import { operationChores } from './operations/tasks.ts';

/** Work that is due at some time, or that finishes what a request left undone. Nothing ticks: the keeper wakes at the earliest `next`. */
export interface Chore {
  name: string;
  /** When there is something to do (ms; the past: now); undefined: nothing that we know of. */
  next(deps: ManagementDeps): Promise<number | undefined>;
  /** Does what is due, or a bounded part of it. Harmless early, late or twice. */
  run(deps: ManagementDeps, now: number): Promise<void>;
}

/** Every chore of the deployment. */
export const CHORES: readonly Chore[] = [
  ...operationChores,
  ...accountChores,
  planChore,
  ...clusterChores,
  ...credentialChores,
  idempotencyChore,
  auditChore,
];

/** Wakes the keeper at some time, at the latest. Ask before you write what will be due: then dying in between loses nothing. */
export interface Keeper {
  by(at: number): Promise<void>;
}

/** Chores that failed, by name: how often in a row, and until when they rest. */
export type Failures = Record<string, { count: number; until: number }>;

/** Runs what is due, each chore by itself, and says when to look again; notes in `failures` what has to rest for a while. */
export async function doChores(
  deps: ManagementDeps,
  failures: Failures,
  chores: readonly Chore[] = CHORES,
): Promise<number | undefined> {
  const times: number[] = [];
  for (const chore of chores) {
    const failed = failures[chore.name];
    if (failed && failed.until > deps.now()) {
      times.push(failed.until);
      continue;
    }
    try {
      const at = await doChore(deps, chore);
      delete failures[chore.name];
      if (at !== undefined) times.push(at);
    } catch (error) {
      console.error(`chore ${chore.name} failed`, error);
      const count = (failed?.count ?? 0) + 1;
      const until = deps.now() + Math.min(CHORE_RETRY_FIRST_MS * 2 ** (count - 1), CHORE_RETRY_MAX_MS);
      failures[chore.name] = { count, until };
      times.push(until);
    }
  }
  return times.length ? Math.min(...times) : undefined;
}

async function doChore(deps: ManagementDeps, chore: Chore): Promise<number | undefined> {
  const at = await chore.next(deps);
  if (at === undefined || at > deps.now()) return at;
  await chore.run(deps, deps.now());
  const again = await chore.next(deps);
  return again === undefined ? undefined : Math.max(again, deps.now() + CHORE_AGAIN_MS);
}
