import type { KubeObject, Obj } from '../lib/json.ts';
import { initRole, shouldRestart } from './restart-policy.ts';
import { endOf, hasRun, type Statuses } from './turns.ts';

/** How many containers of a kind are in which state. */
interface Count {
  unknown: number;
  running: number;
  waiting: number;
  stopped: number;
  stoppedForGood: number;
  succeeded: number;
}

/** The phase of a pod (pkg/kubelet getPhase). `isTerminal`: nothing of it is going to run again, whatever the policies say. */
export function phaseOf(pod: KubeObject, statuses: Statuses, isTerminal: boolean): string {
  const { spec } = pod;
  const isInitialized = (spec.containers as Obj[]).some((c) => statuses.get(c.name)?.state?.running);
  const count: Count = { unknown: 0, running: 0, waiting: 0, stopped: 0, stoppedForGood: 0, succeeded: 0 };
  let isPending = false;
  for (const container of (spec.initContainers ?? []) as Obj[]) {
    const status = statuses.get(container.name);
    if (initRole(container) === 'sidecar') {
      isPending ||= countSidecar(status, count) && !isInitialized;
      continue;
    }
    const end = endOf(status);
    if (!end) isPending = true;
    else if (end.exitCode !== 0 && !shouldRestart(container, spec, end.exitCode)) return 'Failed';
  }
  for (const container of spec.containers as Obj[]) countMain(container, spec, statuses.get(container.name), count);
  if (isPending || count.waiting > 0) return 'Pending';
  if (count.running > 0 && count.unknown === 0) return 'Running';
  if (count.running > 0 || count.stopped === 0 || count.unknown > 0) return 'Pending';
  if (!isTerminal && count.stopped !== count.stoppedForGood) return 'Running';
  return count.stopped === count.succeeded ? 'Succeeded' : 'Failed';
}

/** Counts a sidecar, and tells whether it has still to start. One that has ended does not count. */
function countSidecar(status: Obj | undefined, count: Count): boolean {
  if (!status) {
    count.unknown++;
    return false;
  }
  if (status.state?.running) {
    count.running++;
    return status.started !== true;
  }
  if (hasRun(status)) return false;
  if (status.state?.waiting) count.waiting++;
  else count.unknown++;
  return true;
}

function countMain(container: Obj, spec: Obj, status: Obj | undefined, count: Count): void {
  const end = endOf(status);
  if (status?.state?.running) count.running++;
  else if (end) {
    count.stopped++;
    if (!shouldRestart(container, spec, end.exitCode)) count.stoppedForGood++;
    if (status?.state?.terminated?.exitCode === 0) count.succeeded++;
  } else if (status?.state?.waiting) count.waiting++;
  else count.unknown++;
}
