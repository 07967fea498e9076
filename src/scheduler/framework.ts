import type { Action } from '../reconcile/plan.ts';
import type { Change, Reader } from '../registry/view.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** Scores of one plugin lie between 0 and this, after normalisation. */
export const MAX_SCORE = 100;

/**
 * The refusal of a pod, in upstream's words. "Unschedulable" may be cured by removing pods from the node (preemption is tried);
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

/** Changes in a cluster that may make a rejected pod schedulable (SPEC SCH6). */
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
  | 'pod/toleration'
  | 'volume/change';

/** Whether a change may make a pod schedulable that the plugin refused (QueueingHintFn): if not, another attempt is pointless. */
export type Hint = (pod: PodInfo, change: Change) => boolean;

/** The hint of an event that is always worth another attempt. */
export const always: Hint = () => true;

/** What pods of the plan that is being made take, which the objects do not say yet. */
export interface Taken {
  /** Claims by namespace and name, each with the node where it gets its volume. */
  claims: Map<string, string>;
  /** Volumes by name. */
  volumes: Set<string>;
}

export const nothingTaken = (): Taken => ({ claims: new Map(), volumes: new Set() });

/** State of one attempt to schedule one pod. Plugins store their computed values in `state`, under their name. */
export interface Cycle {
  /** All nodes, in order of their names. */
  readonly nodes: readonly NodeInfo[];
  readonly view: Reader;
  readonly state: Map<string, unknown>;
  readonly taken: Taken;
}

/** The result of a plugin before nodes are filtered: it does not apply, or rejects all nodes, or allows only these. */
export type PreFilterResult = 'skip' | { reject: Rejection } | { nodes: Set<string> } | undefined;

/** One concern of placement, one file. All functions are pure in (pod, node, cycle). */
export interface Plugin {
  name: string;
  /** Weight of its score; upstream's default profile. */
  weight?: number;
  /** Events that may cure its rejections, each with its hint (EventsToRegister). */
  events?: Readonly<Partial<Record<ClusterEvent, Hint>>>;
  /** Whether the pod may be tried. False keeps it out of the queue silently. */
  preEnqueue?(pod: PodInfo): boolean;
  preFilter?(pod: PodInfo, cycle: Cycle): PreFilterResult;
  filter?(pod: PodInfo, node: NodeInfo, cycle: Cycle): Rejection | undefined;
  /** "skip": the plugin's score does not apply to this pod. */
  preScore?(pod: PodInfo, nodes: readonly NodeInfo[], cycle: Cycle): 'skip' | undefined;
  score?(pod: PodInfo, node: NodeInfo, cycle: Cycle): number;
  /** Writes that go before the binding; while there is a list, empty or not, the pod waits for what follows from them. */
  preBind?(pod: PodInfo, node: NodeInfo, cycle: Cycle): Action[] | undefined;
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

/** The intersection of two sets. */
export const common = (a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> =>
  new Set([...a].filter((item) => b.has(item)));
