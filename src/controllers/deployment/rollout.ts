import type { KubeObject, Obj } from '../../lib/json.ts';
import { rfc3339 } from '../../api/machinery/time.ts';
import type { Action } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { eventFor } from '../shared/events.ts';
import { byCreation, isControlledBy, released } from '../shared/owners.ts';
import { findCondition, putCondition } from '../shared/conditions.ts';
import { selectorMatcher } from '../shared/selector.ts';
import { replicasOf } from './spec.ts';

export const SETS = 'apps/replicasets';
export const COMPONENT = 'deployment-controller';

/** One ReplicaSet during a sync: its next state, and whether that must be written. */
export interface Draft {
  set: KubeObject;
  state: 'as-is' | 'created' | 'changed' | 'deleted';
}

/**
 * One sync of a Deployment. Upstream writes the Deployment and each ReplicaSet several times; here the steps change
 * drafts, and
 * each object is written at most once at the end.
 */
export interface Rollout {
  /** As read. */
  readonly original: KubeObject;
  /** With the annotations and conditions that the steps have set. */
  d: KubeObject;
  /** Oldest first; the new set is not among them. */
  old: Draft[];
  fresh: Draft | undefined;
  released: Action[];
  events: Action[];
  readonly view: View;
  readonly now: number;
}

/** Reads the Deployment's sets, releasing those that its selector no longer covers (getReplicaSetsForDeployment). */
export function beginRollout(d: KubeObject, view: View, now: number): Rollout {
  const match = selectorMatcher(d.spec?.selector);
  const owned = view.ownedBy(d.metadata.uid, SETS).filter((set) => isControlledBy(set, d));
  const kept = owned.filter((set) => match(set.metadata.labels)).sort(byCreation);
  const lost = d.metadata.deletionTimestamp ? [] : owned.filter((set) => !match(set.metadata.labels));
  return {
    original: d,
    d,
    old: kept.map((set) => ({ set, state: 'as-is' })),
    fresh: undefined,
    released: lost.map((set) => ({ verb: 'update', resource: SETS, object: released(set, d) })),
    events: [],
    view,
    now,
  };
}

/** All sets that exist or will, the new one last. */
export function allSets(r: Rollout): KubeObject[] {
  const drafts = r.fresh ? [...r.old, r.fresh] : r.old;
  return drafts.filter((draft) => draft.state !== 'deleted').map((draft) => draft.set);
}

export const isActiveDraft = (draft: Draft): boolean => draft.state !== 'deleted' && replicasOf(draft.set) > 0;

/** Sums over sets (Get*ReplicaCountForReplicaSets). */
export const wantedIn = (sets: KubeObject[]): number => sets.reduce((sum, set) => sum + replicasOf(set), 0);
export const countIn = (sets: KubeObject[], field: string): number =>
  sets.reduce((sum, set) => sum + (set.status?.[field] ?? 0), 0);

/** Changes a draft; a set that is still to be created stays so. */
export function change(draft: Draft, next: KubeObject): void {
  draft.set = next;
  if (draft.state === 'as-is') draft.state = 'changed';
}

export function recordEvent(r: Rollout, type: 'Normal' | 'Warning', reason: string, message: string): void {
  r.events.push(eventFor(COMPONENT, r.original, type, reason, message));
}

export function annotate(object: KubeObject, annotations: Record<string, string>): KubeObject {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } } };
}

export function setStatus(r: Rollout, status: Obj): void {
  r.d = { ...r.d, status };
}

export function progressing(r: Rollout): Obj | undefined {
  return findCondition(r.d.status?.conditions, 'Progressing');
}

/** A new DeploymentCondition, in the field order of its type. */
export function condition(type: string, status: string, reason: string, message: string, now: number): Obj {
  const at = rfc3339(now);
  return { type, status, lastUpdateTime: at, lastTransitionTime: at, reason, message };
}

export function setProgressing(r: Rollout, status: string, reason: string, message: string): void {
  const conditions = putCondition(r.d.status?.conditions ?? [], condition('Progressing', status, reason, message, r.now));
  setStatus(r, { ...r.d.status, conditions });
}
