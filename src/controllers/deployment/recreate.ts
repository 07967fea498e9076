import { isTerminal } from '../shared/pods.ts';
import { createFresh } from './revision.ts';
import { countIn, isActiveDraft, type Rollout } from './rollout.ts';
import { scaleTo } from './scale.ts';
import { replicasOf } from './spec.ts';

/** One step of a Recreate rollout: all old pods are deleted; when none runs any more, the new set gets its full size. */
export function recreate(r: Rollout): { ok: boolean; waiting: boolean } {
  const active = r.old.filter(isActiveDraft);
  for (const draft of active) scaleTo(r, draft, 0);
  if (active.length || oldPodsRunning(r)) return { ok: true, waiting: true };
  if (!createFresh(r)) return { ok: false, waiting: false };
  if (r.fresh) scaleTo(r, r.fresh, replicasOf(r.d));
  return { ok: true, waiting: false };
}

/** Whether old pods run, by the sets' counts or by pods that have not ended (oldPodsRunning). */
function oldPodsRunning(r: Rollout): boolean {
  if (
    countIn(
      r.old.map((draft) => draft.set),
      'replicas',
    ) > 0
  )
    return true;
  return r.old.some(({ set }) => r.view.ownedBy(set.metadata.uid, 'pods').some((pod) => !isTerminal(pod)));
}
