import { MAX_SCORE, type Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';

const RESOURCES = ['cpu', 'memory'];

/** How evenly a node's resources are used: 100 when all are used to the same share. */
function balance(used: (name: string) => number, node: NodeInfo): number {
  const shares: number[] = [];
  for (const name of RESOURCES) {
    const capacity = node.allocatable.get(name) ?? 0;
    if (capacity) shares.push(Math.min(used(name) / capacity, 1));
  }
  const deviation = shares.length === 2 ? Math.abs((shares[0] - shares[1]) / 2) : 0;
  return Math.trunc((1 - deviation) * MAX_SCORE);
}

/** Nodes whose CPU and memory the pod brings into balance are better (plugins/noderesources balanced_allocation.go). */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  preScore: ({ requests }) => (RESOURCES.some((name) => requests.get(name)) ? undefined : 'skip'),
  score({ requests }, node) {
    const before = (name: string) => node.requested.get(name) ?? 0;
    const after = (name: string) => before(name) + (requests.get(name) ?? 0);
    return MAX_SCORE / 2 + Math.trunc((MAX_SCORE / 2 + balance(after, node) - balance(before, node)) / 2);
  },
};
