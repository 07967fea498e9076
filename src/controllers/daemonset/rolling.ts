import { scaled } from '../../api/machinery/intstr.ts';
import type { KubeObject } from '../../lib/json.ts';

/** The daemons of one node, by revision and state, for the rolling update. */
export interface NodeState {
  name: string;
  run: boolean;
  /** Of the current template, and of an older one; more than one of either is left to the core loop. */
  fresh: KubeObject[];
  old: KubeObject[];
}

export interface Bounds {
  surge: number;
  unavailable: number;
}

/** updatedDesiredNodeCounts. */
export function boundsOf(set: KubeObject, desired: number): Bounds {
  const { maxSurge = 0, maxUnavailable = 1 } = set.spec?.updateStrategy?.rollingUpdate ?? {};
  const surge = scaled(maxSurge, desired, true) ?? 0;
  const unavailable = scaled(maxUnavailable, desired, true) ?? 0;
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** Old daemons to delete, and nodes that get a second one (update.go rollingUpdate). */
export function step(
  nodes: NodeState[],
  bounds: Bounds,
  desired: number,
  isAvailable: (pod: KubeObject) => boolean,
): { remove: KubeObject[]; add: string[] } {
  const tidy = nodes.filter((node) => node.fresh.length <= 1 && node.old.length <= 1);
  return bounds.surge === 0
    ? { remove: replace(tidy, bounds.unavailable, isAvailable, nodes.length - tidy.length), add: [] }
    : surge(tidy, bounds.surge, desired, isAvailable, nodes.length - tidy.length);
}

/** Unavailable old daemons go at once, available ones as far as the bound allows. */
function replace(
  nodes: NodeState[],
  maxRemovals: number,
  isAvailable: (pod: KubeObject) => boolean,
  messy: number,
): KubeObject[] {
  let unavailable = messy;
  const [broken, candidates]: KubeObject[][] = [[], []];
  for (const { fresh, old, run } of nodes) {
    if (!fresh.length && !old.length) unavailable += run ? 1 : 0;
    else if (fresh.length) unavailable += isAvailable(fresh[0]) ? 0 : 1;
    else if (isAvailable(old[0])) candidates.push(old[0]);
    else {
      broken.push(old[0]);
      unavailable++;
    }
  }
  return [...broken, ...candidates.slice(0, Math.max(0, maxRemovals - unavailable))];
}

/** A second daemon beside the old one, which goes when the new one is available. */
function surge(
  nodes: NodeState[],
  maxRemovals: number,
  desired: number,
  isAvailable: (pod: KubeObject) => boolean,
  messy: number,
): { remove: KubeObject[]; add: string[] } {
  const remove: KubeObject[] = [];
  const [allowed, candidates]: string[][] = [[], []];
  const misplaced: KubeObject[] = [];
  let [surging, available] = [messy, 0];
  for (const { name, fresh, old, run } of nodes) {
    const counted = old[0] ?? fresh[0];
    if (counted && isAvailable(counted)) available++;
    if (!old.length) continue;
    if (fresh.length) {
      if (isAvailable(fresh[0])) remove.push(old[0]);
      else surging++;
    } else if (!run) (isAvailable(old[0]) ? misplaced : remove).push(old[0]);
    else (isAvailable(old[0]) ? candidates : allowed).push(name);
  }
  remove.push(...misplaced.slice(0, Math.max(0, available - desired)));
  return { remove, add: [...allowed, ...candidates.slice(0, Math.max(0, maxRemovals - surging))] };
}
