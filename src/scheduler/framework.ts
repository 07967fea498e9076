import type { View } from '../registry/view.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** Scores of one plugin lie between 0 and this, after normalisation. */
export const MAX_SCORE = 100;

/**
 * Why a pod may not go somewhere, in upstream's words. "Unschedulable" may be cured by removing pods from the node (preemption is tried);
 * "UnschedulableAndUnresolvable" may not.
 */
export interface Rejection {
  code: 'Unschedulable' | 'UnschedulableAndUnresolvable';
  reasons: string[];
  /** Set by the framework. */
  plugin?: string;
}

export const unschedulable = (...reasons: string[]): Rejection => ({ code: 'Unschedulable', reasons });
export const unresolvable = (...reasons: string[]): Rejection => ({ code: 'UnschedulableAndUnresolvable', reasons });

/** What may happen in a cluster that gives a pod another chance (SPEC SCH6). */
export type ClusterEvent =
  | 'node/add'
  | 'node/delete'
  | 'node/label'
  | 'node/taint'
  | 'node/allocatable'
  | 'pod/add'
  | 'pod/delete'
  | 'pod/label'
  | 'pod/scale-down'
  | 'volume/change';

/** What one attempt to schedule one pod knows. Plugins keep what they computed for it in `state`, under their name. */
export interface Cycle {
  /** All nodes, in order of their names. */
  readonly nodes: readonly NodeInfo[];
  readonly view: View;
  readonly state: Map<string, unknown>;
}

/** What a plugin answers before nodes are looked at: it has nothing to say, or nobody may pass, or only these nodes. */
export type PreFilterResult = 'skip' | { reject: Rejection } | { nodes: Set<string> } | undefined;

/** One concern of placement, one file. All functions are pure in (pod, node, cycle). */
export interface Plugin {
  name: string;
  /** Weight of its score; upstream's default profile. */
  weight?: number;
  /** What may cure its rejections. */
  events?: readonly ClusterEvent[];
  /** May the pod be tried at all? False keeps it out of the queue silently. */
  preEnqueue?(pod: PodInfo): boolean;
  preFilter?(pod: PodInfo, cycle: Cycle): PreFilterResult;
  filter?(pod: PodInfo, node: NodeInfo, cycle: Cycle): Rejection | undefined;
  /** "skip": the plugin's score says nothing about this pod. */
  preScore?(pod: PodInfo, nodes: readonly NodeInfo[], cycle: Cycle): 'skip' | undefined;
  score?(pod: PodInfo, node: NodeInfo, cycle: Cycle): number;
  /** Brings raw scores into 0..MAX_SCORE, in place; scores[i] is of nodes[i]. */
  normalize?(scores: number[], nodes: readonly NodeInfo[], cycle: Cycle): void;
}

/** Scales to the greatest score; `reverse` makes the lowest the best (helper.DefaultNormalizeScore). */
export function normalizeToMax(scores: number[], reverse: boolean): void {
  const max = Math.max(0, ...scores);
  for (let i = 0; i < scores.length; i++) {
    const scaled = max === 0 ? 0 : Math.trunc((MAX_SCORE * scores[i]) / max);
    scores[i] = reverse ? MAX_SCORE - scaled : scaled;
  }
}

/** What two sets share. */
export const common = (a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> =>
  new Set([...a].filter((item) => b.has(item)));
