import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { endpointKey, sameEndpoint, type SlicePlan } from '../shared/slices.ts';

/** Endpoints of one slice at most (--max-endpoints-per-slice). */
const MAX = 100;

export interface Wanted {
  /** Endpoints by endpointKey; those that a slice takes are removed. */
  endpoints: Map<string, Obj>;
  labels: Record<string, string>;
  /** A new, empty slice with these ports. */
  fresh(): KubeObject;
}

interface Draft {
  slice: KubeObject;
  endpoints: Obj[];
  state: 'kept' | 'changed' | 'emptied';
}

/**
 * Puts wanted endpoints into slices with as few writes as possible (reconcileByPortMapping): endpoints stay in their slice,
 * changed slices
 * are filled up first, then one unchanged slice that fits best, then new ones.
 */
export function fillSlices(existing: KubeObject[], wanted: Wanted, plan: SlicePlan): void {
  const drafts = existing.map((slice) => keep(slice, wanted));
  const changed = drafts.filter((d) => d.state === 'changed').sort((a, b) => b.endpoints.length - a.endpoints.length);
  for (const draft of changed) take(draft.endpoints, wanted.endpoints);
  while (wanted.endpoints.size) {
    const roomy = wanted.endpoints.size < MAX ? bestFit(drafts, wanted.endpoints.size) : undefined;
    if (roomy) {
      roomy.endpoints = [...roomy.endpoints];
      roomy.state = 'changed';
      take(roomy.endpoints, wanted.endpoints);
      continue;
    }
    const endpoints: Obj[] = [];
    take(endpoints, wanted.endpoints);
    plan.create.push({ ...wanted.fresh(), endpoints });
  }
  for (const { slice, endpoints, state } of drafts) {
    if (state === 'emptied') plan.remove.push(slice);
    if (state === 'changed') plan.update.push({ ...slice, metadata: { ...slice.metadata, labels: wanted.labels }, endpoints });
  }
}

function keep(slice: KubeObject, wanted: Wanted): Draft {
  const had: Obj[] = slice.endpoints ?? [];
  const endpoints: Obj[] = [];
  let updated = false;
  for (const endpoint of had) {
    const key = endpointKey(endpoint);
    const now = wanted.endpoints.get(key);
    if (!now) continue;
    wanted.endpoints.delete(key);
    endpoints.push(now);
    updated ||= !sameEndpoint(now, endpoint) || !equal(now.hints, endpoint.hints);
  }
  if (!updated && endpoints.length === had.length) {
    return { slice, endpoints: had, state: equal(slice.metadata.labels ?? {}, wanted.labels) ? 'kept' : 'changed' };
  }
  return { slice, endpoints, state: endpoints.length ? 'changed' : 'emptied' };
}

function take(into: Obj[], from: Map<string, Obj>): void {
  for (const [key, endpoint] of from) {
    if (into.length >= MAX) return;
    into.push(endpoint);
    from.delete(key);
  }
}

/** The unchanged slice that `count` more would fill most (getSliceToFill). */
function bestFit(drafts: Draft[], count: number): Draft | undefined {
  let best: Draft | undefined;
  for (const draft of drafts) {
    const room = MAX - draft.endpoints.length - count;
    if (draft.state !== 'kept' || room < 0 || room >= MAX) continue;
    if (!best || room < MAX - best.endpoints.length - count) best = draft;
  }
  return best;
}
