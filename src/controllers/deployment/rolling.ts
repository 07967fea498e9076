import { createFresh, freshReplicas } from './revision.ts';
import { allSets, countIn, isActiveDraft, type Rollout, wantedIn } from './rollout.ts';
import { maxUnavailable, replicasOf } from './spec.ts';
import { scaleTo } from './scale.ts';

/** One step of a rolling update: grow the new set if surge allows, else shrink old ones. False on a name collision. */
export function rollOver(r: Rollout): { ok: boolean; scaled: boolean } {
  if (!createFresh(r)) return { ok: false, scaled: false };
  return { ok: true, scaled: scaleFresh(r) || scaleOld(r) };
}

/** reconcileNewReplicaSet. */
function scaleFresh(r: Rollout): boolean {
  if (!r.fresh) return false;
  const [now, wanted] = [replicasOf(r.fresh.set), replicasOf(r.d)];
  if (now === wanted) return false;
  return scaleTo(r, r.fresh, now > wanted ? wanted : freshReplicas(r));
}

/** reconcileOldReplicaSets: unavailable pods of the new set count against the pods that may be removed. */
function scaleOld(r: Rollout): boolean {
  if (!r.fresh || wantedIn(r.old.map((draft) => draft.set)) === 0) return false;
  const minAvailable = replicasOf(r.d) - maxUnavailable(r.d);
  const freshUnavailable = replicasOf(r.fresh.set) - (r.fresh.set.status?.availableReplicas ?? 0);
  const maxRemovals = wantedIn(allSets(r)) - minAvailable - freshUnavailable;
  if (maxRemovals <= 0) return false;
  const cleaned = cleanUnhealthy(r, maxRemovals);
  return cleaned !== undefined && cleaned + scaleDownOld(r, minAvailable) > 0;
}

/**
 * Removes unhealthy pods first: they would block the rollout, and removing them costs no availability
 * (cleanupUnhealthyReplicas). Undefined: the status of a set still counts pods that it is about to remove, so nothing is known of what is
 * available; its next status brings the Deployment back.
 */
function cleanUnhealthy(r: Rollout, maxRemovals: number): number | undefined {
  let gone = 0;
  for (const draft of r.old.filter(isActiveDraft)) {
    if (gone >= maxRemovals) break;
    const size = replicasOf(draft.set);
    const available = draft.set.status?.availableReplicas ?? 0;
    if (size === available) continue;
    const step = Math.min(maxRemovals - gone, size - available);
    if (step < 0) return undefined;
    scaleTo(r, draft, size - step);
    gone += step;
  }
  return gone;
}

/** scaleDownOldReplicaSetsForRollingUpdate. */
function scaleDownOld(r: Rollout, minAvailable: number): number {
  const maxRemovals = countIn(allSets(r), 'availableReplicas') - minAvailable;
  let gone = 0;
  for (const draft of r.old.filter(isActiveDraft)) {
    if (gone >= maxRemovals) break;
    const size = replicasOf(draft.set);
    const step = Math.min(size, maxRemovals - gone);
    scaleTo(r, draft, size - step);
    gone += step;
  }
  return gone;
}
