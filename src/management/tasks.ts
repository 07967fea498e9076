import { accountTasks } from './accounts/deletion.ts';
import { planTask } from './accounts/plan.ts';
import { auditTask } from './audit/service.ts';
import { clusterTasks } from './clusters/tasks.ts';
import { credentialTasks } from './clusters/credential-tasks.ts';
import type { ManagementDeps } from './deps.ts';
import { idempotencyTask } from './http/idempotency.ts';
import { TASK_AGAIN_MS, TASK_RETRY_FIRST_MS, TASK_RETRY_MAX_MS } from './limits.ts';
import { operationTasks } from './operations/tasks.ts';
import type { Failures, Task } from './task.ts';

/** Every task of the deployment. */
export const TASKS: readonly Task[] = [
  ...operationTasks,
  ...accountTasks,
  planTask,
  ...clusterTasks,
  ...credentialTasks,
  idempotencyTask,
  auditTask,
];

/** Runs the due tasks one by one and returns when to run again; `failures` holds the tasks that back off. */
export async function runTasks(
  deps: ManagementDeps,
  failures: Failures,
  tasks: readonly Task[] = TASKS,
): Promise<number | undefined> {
  const times: number[] = [];
  for (const task of tasks) {
    const failed = failures[task.name];
    if (failed && failed.until > deps.now()) {
      times.push(failed.until);
      continue;
    }
    try {
      const at = await runTask(deps, task);
      delete failures[task.name];
      if (at !== undefined) times.push(at);
    } catch (error) {
      console.error(`task ${task.name} failed`, error);
      const count = (failed?.count ?? 0) + 1;
      const until = deps.now() + Math.min(TASK_RETRY_FIRST_MS * 2 ** (count - 1), TASK_RETRY_MAX_MS);
      failures[task.name] = { count, until };
      times.push(until);
    }
  }
  return times.length ? Math.min(...times) : undefined;
}

async function runTask(deps: ManagementDeps, task: Task): Promise<number | undefined> {
  const at = await task.next(deps);
  if (at === undefined || at > deps.now()) return at;
  await task.run(deps, deps.now());
  const again = await task.next(deps);
  return again === undefined ? undefined : Math.max(again, deps.now() + TASK_AGAIN_MS);
}
