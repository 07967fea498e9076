import type { ManagementDeps } from './deps.ts';

/** Background work: due at a time, or left over by a crashed request. Nothing polls: the task runner wakes at the earliest `next`. */
export interface Task {
  name: string;
  /** Next due time (ms; the past: now); undefined: nothing known. */
  next(deps: ManagementDeps): Promise<number | undefined>;
  /** Runs due work, or a bounded part of it. Idempotent, also when early. */
  run(deps: ManagementDeps, now: number): Promise<void>;
}

/** Failed tasks by name: consecutive failures, and end of the backoff. */
export type Failures = Record<string, { count: number; until: number }>;
