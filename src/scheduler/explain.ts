import type { Reader } from '../registry/view.ts';
import type { Rejection } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import { filterAll, type Prepared, promisedNode, type Score, scoreNodes, totalsOf } from './schedule.ts';
import type { Snapshot } from './snapshot.ts';

/** The verdict of one plugin's filter on one node; without a rejection it passed. */
export interface FilterVerdict {
  plugin: string;
  rejection?: Rejection;
}

/** The score of one plugin for one node. */
export interface PluginScore {
  plugin: string;
  weight: number;
  raw: number;
  normalized: number;
}

/** A node as an attempt sees it. */
export interface NodeDecision {
  node: NodeInfo;
  /** Every filter that applies to the pod; an attempt itself stops at the first rejection. */
  filters: FilterVerdict[];
  /** The rejection that counts. */
  rejection?: Rejection;
  scores: PluginScore[];
  /** Absent without a rejection: enough other nodes fit, and the attempt did not look at this one. */
  total?: number;
}

export interface Decision {
  nodes: NodeDecision[];
  /** Nodes of the best total: chance decides between them. */
  best: NodeInfo[];
  /** Set when the pod's nominated node fits: no other is looked at. */
  nominated?: NodeInfo;
  /** Set when a plugin refused all nodes at once, before any filter. */
  everywhere?: Rejection;
}

/** The decision on a pod with everything that leads to it, by the same functions as in an attempt. */
export function decide(pod: PodInfo, snapshot: Snapshot, view: Reader): Decision {
  const nominated = promisedNode(pod, snapshot, view)?.node;
  const { verdict, prepared } = filterAll(pod, snapshot, view);
  const { feasible, rejected, everywhere } = verdict;
  const scores = feasible.length ? scoreNodes(pod, feasible, prepared.cycle) : [];
  const totals = totalsOf(feasible, scores);
  const most = Math.max(...totals);
  const places = new Map(feasible.map((node, i) => [node, i]));
  const nodes = snapshot.nodes.map((node): NodeDecision => {
    const i = places.get(node);
    const filters = verdictsOn(pod, node, prepared);
    const rejection = rejected.get(node.name);
    if (rejection) return { node, filters, rejection, scores: [] };
    if (i === undefined) return { node, filters, scores: [] };
    return { node, filters, scores: scores.map((score) => scoreOf(score, i)), total: totals[i] };
  });
  const best = nominated ? [nominated] : feasible.filter((_, i) => totals[i] === most);
  return { nodes, best, ...(nominated && { nominated }), ...(everywhere && { everywhere }) };
}

const scoreOf = ({ plugin, weight, raw, normalized }: Score, i: number): PluginScore => ({
  plugin,
  weight,
  raw: raw[i],
  normalized: normalized[i],
});

function verdictsOn(pod: PodInfo, node: NodeInfo, { cycle, filters, reject }: Prepared): FilterVerdict[] {
  if (reject) return [];
  return filters.map((plugin) => {
    const rejection = plugin.filter(pod, node, cycle);
    return { plugin: plugin.name, ...(rejection && { rejection }) };
  });
}
