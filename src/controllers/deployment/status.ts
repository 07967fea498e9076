import type { KubeObject, Obj } from '../../lib/json.ts';
import { putCondition } from '../shared/conditions.ts';
import { allSets, condition, countIn, type Rollout, wantedIn } from './rollout.ts';
import { maxUnavailable, replicasOf } from './spec.ts';

/** calculateStatus (sync.go), in the field order of DeploymentStatus; zero counts are left out as Go does. */
export function statusOf(r: Rollout): Obj {
  const sets = allSets(r);
  const available = countIn(sets, 'availableReplicas');
  const status: Obj = {};
  if (r.d.metadata.generation) status.observedGeneration = r.d.metadata.generation;
  const counts: [string, number][] = [
    ['replicas', countIn(sets, 'replicas')],
    ['updatedReplicas', r.fresh?.set.status?.replicas ?? 0],
    ['readyReplicas', countIn(sets, 'readyReplicas')],
    ['availableReplicas', available],
    ['unavailableReplicas', Math.max(0, wantedIn(sets) - available)],
  ];
  for (const [field, count] of counts) if (count) status[field] = count;
  const terminating = terminatingIn(sets);
  if (terminating !== undefined) status.terminatingReplicas = terminating;
  status.conditions = putCondition(r.d.status?.conditions ?? [], availability(r, available));
  if (r.d.status?.collisionCount !== undefined) status.collisionCount = r.d.status.collisionCount;
  return status;
}

function availability(r: Rollout, available: number): Obj {
  return available >= replicasOf(r.d) - maxUnavailable(r.d)
    ? condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', r.now)
    : condition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.', r.now);
}

/** Unknown when a set that was synced does not report it; sets that never were do not count. */
function terminatingIn(sets: KubeObject[]): number | undefined {
  let sum = 0;
  for (const { status } of sets) {
    const count = status?.terminatingReplicas;
    if (count === undefined && status?.observedGeneration) return undefined;
    sum += count ?? 0;
  }
  return sum;
}

/** DeploymentComplete. */
export function isComplete(d: KubeObject, status: Obj | undefined): boolean {
  const wanted = replicasOf(d);
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (d.metadata.generation ?? 0)
  );
}
