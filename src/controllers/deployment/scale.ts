import type { KubeObject } from '../../lib/json.ts';
import { byCreation } from '../shared/owners.ts';
import { annotate, change, type Draft, isActiveDraft, type Rollout, recordEvent, wantedIn } from './rollout.ts';
import { DESIRED, MAX, replicaAnnotations } from './revision.ts';
import { isRolling, maxSurge, replicasOf } from './spec.ts';

/**
 * Sets a size and the size annotations; `force` also when only the annotations differ (scaleReplicaSet). True when the size
 * changed.
 */
export function scaleTo(r: Rollout, draft: Draft, size: number, force = false): boolean {
  const before = replicasOf(draft.set);
  const annotations = replicaAnnotations(r.d);
  const had = draft.set.metadata.annotations ?? {};
  const stale = had[DESIRED] !== annotations[DESIRED] || had[MAX] !== annotations[MAX];
  if (before === size && !(force && stale)) return false;
  const next = annotate(draft.set, annotations);
  change(draft, { ...next, spec: { ...next.spec, replicas: size } });
  if (before === size) return false;
  const way = before < size ? 'up' : 'down';
  recordEvent(r, 'Normal', 'ScalingReplicaSet', `Scaled ${way} replica set ${draft.set.metadata.name} from ${before} to ${size}`);
  return true;
}

/** Whether an active set's annotation has another size than the Deployment (isScalingEvent). */
export function isScalingEvent(r: Rollout): boolean {
  const drafts = r.fresh ? [...r.old, r.fresh] : r.old;
  return drafts.filter(isActiveDraft).some(({ set }) => {
    const desired = count(set, DESIRED);
    return desired !== undefined && desired !== replicasOf(r.d);
  });
}

/** A non-negative int32 from an annotation. */
function count(set: KubeObject, annotation: string): number | undefined {
  const text = set.metadata.annotations?.[annotation];
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value < 2 ** 31 ? value : undefined;
}

/** On a scaling event or while paused: all of it to the only active set, or each active set its share (sync.go scale). */
export function scaleProportionally(r: Rollout): void {
  const wanted = replicasOf(r.d);
  const only = activeOrLatest(r);
  if (only) {
    scaleTo(r, only, wanted);
    return;
  }
  if (isSaturated(r)) {
    for (const draft of r.old.filter(isActiveDraft)) scaleTo(r, draft, 0);
    return;
  }
  if (!isRolling(r.d)) return;
  const active = [...r.old, ...(r.fresh ? [r.fresh] : [])].filter(isActiveDraft);
  const toAdd = (wanted > 0 ? wanted + maxSurge(r.d) : 0) - wantedIn(active.map((draft) => draft.set));
  active.sort((a, b) => bySize(a.set, b.set, toAdd));
  for (const [draft, size] of shares(r, active, toAdd)) scaleTo(r, draft, size, true);
}

/** Order by size, larger first; of equal ones the newer when growing, the older when shrinking. */
function bySize(a: KubeObject, b: KubeObject, toAdd: number): number {
  if (toAdd === 0) return 0;
  const difference = replicasOf(b) - replicasOf(a);
  return difference || (toAdd > 0 ? byCreation(b, a) : byCreation(a, b));
}

function shares(r: Rollout, active: Draft[], toAdd: number): [Draft, number][] {
  let added = 0;
  const sizes = active.map((draft): [Draft, number] => {
    const share = toAdd === 0 ? 0 : proportion(r, draft.set, toAdd, added);
    added += share;
    return [draft, replicasOf(draft.set) + share];
  });
  if (toAdd !== 0 && sizes.length) sizes[0][1] = Math.max(0, sizes[0][1] + toAdd - added);
  return sizes;
}

/** GetReplicaSetProportion. */
function proportion(r: Rollout, set: KubeObject, toAdd: number, added: number): number {
  if (replicasOf(set) === 0 || toAdd === added) return 0;
  const fraction = fractionOf(r, set);
  return toAdd > 0 ? Math.min(fraction, toAdd - added) : Math.max(fraction, toAdd - added);
}

/** getReplicaSetFraction: the set's gain if it kept its part of the Deployment's largest size. */
function fractionOf(r: Rollout, set: KubeObject): number {
  const size = replicasOf(set);
  if (replicasOf(r.d) === 0) return -size;
  const before = count(set, MAX) || (r.d.status?.replicas ?? 0);
  if (!before) return 0;
  const share = (size * (replicasOf(r.d) + maxSurge(r.d))) / before;
  return Math.trunc(share + 0.5) - size;
}

/** The only active set, or the newest when none is (FindActiveOrLatest). */
function activeOrLatest(r: Rollout): Draft | undefined {
  const drafts = [...r.old].reverse();
  const active = [...drafts, ...(r.fresh ? [r.fresh] : [])].filter(isActiveDraft);
  if (active.length === 0) return r.fresh ?? drafts[0];
  return active.length === 1 ? active[0] : undefined;
}

function isSaturated(r: Rollout): boolean {
  if (!r.fresh) return false;
  const wanted = replicasOf(r.d);
  const { set } = r.fresh;
  const desired = set.metadata.annotations?.[DESIRED] ?? '';
  return (
    /^[+-]?\d+$/.test(desired) &&
    Number(desired) === wanted &&
    replicasOf(set) === wanted &&
    (set.status?.availableReplicas ?? 0) === wanted
  );
}
