import type { KubeObject, Obj } from '../../lib/json.ts';
import { isPodReady } from '../../api/core/pod/conditions.ts';
import { availableAt } from '../shared/pods.ts';

/** updateDaemonSetStatus: the oldest daemon of each node counts. Also returns when the next one becomes available. */
export function statusOf(
  set: KubeObject,
  nodes: { run: boolean; pods: KubeObject[] }[],
  isCurrent: (pod: KubeObject) => boolean,
  collisions: number | undefined,
  now: number,
): { status: Obj; next?: number } {
  let [desired, current, misscheduled, ready, available, updated] = [0, 0, 0, 0, 0, 0];
  let next: number | undefined;
  for (const { run, pods } of nodes) {
    const [pod] = pods;
    if (run) desired++;
    if (!pod) continue;
    if (!run) {
      misscheduled++;
      continue;
    }
    current++;
    if (isCurrent(pod)) updated++;
    if (!isPodReady(pod)) continue;
    ready++;
    const at = availableAt(pod, set.spec?.minReadySeconds ?? 0);
    if (at !== undefined && at <= now) available++;
    else if (at !== undefined) next = Math.min(next ?? at, at);
  }
  const status: Obj = {
    currentNumberScheduled: current,
    numberMisscheduled: misscheduled,
    desiredNumberScheduled: desired,
    numberReady: ready,
  };
  if (set.metadata.generation) status.observedGeneration = set.metadata.generation;
  if (updated) status.updatedNumberScheduled = updated;
  if (available) status.numberAvailable = available;
  if (desired - available) status.numberUnavailable = desired - available;
  if (collisions !== undefined) status.collisionCount = collisions;
  if (set.status?.conditions) status.conditions = set.status.conditions;
  return { status, next };
}
