import type { ManagementDeps } from './deps.ts';

/** Work that is due at some time, or that finishes what a request left undone. Nothing ticks: the task runner wakes at the earliest `next`. */
export interface Task {
  name: string;
  /** When there is something to do (ms; the past: now); undefined: nothing that we know of. */
  next(deps: ManagementDeps): Promise<number | undefined>;
  /** Does what is due, or a bounded part of it. Harmless early, late or twice. */
  run(deps: ManagementDeps, now: number): Promise<void>;
}

/** Tasks that failed, by name: how often in a row, and until when they rest. */
export type Failures = Record<string, { count: number; until: number }>;
