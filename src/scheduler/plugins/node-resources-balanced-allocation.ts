import { MAX_SCORE, type Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';

const RESOURCES = ['cpu', 'memory'];

/** How evenly a node's CPU and memory are used: 100 when both are used to the same share, or it has only one of them. */
function balance({ allocatable }: NodeInfo, cpu: number, memory: number): number {
  const cores = allocatable.get('cpu') ?? 0;
  const bytes = allocatable.get('memory') ?? 0;
  if (!cores || !bytes) return MAX_SCORE;
  const deviation = Math.abs((Math.min(cpu / cores, 1) - Math.min(memory / bytes, 1)) / 2);
  return Math.trunc((1 - deviation) * MAX_SCORE);
}

/** Nodes whose CPU and memory the pod brings into balance are better (plugins/noderesources balanced_allocation.go). */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  preScore: ({ requests }) => (RESOURCES.some((name) => requests.get(name)) ? undefined : 'skip'),
  score({ requests }, node) {
    const cpu = node.requested.get('cpu') ?? 0;
    const memory = node.requested.get('memory') ?? 0;
    const before = balance(node, cpu, memory);
    const after = balance(node, cpu + (requests.get('cpu') ?? 0), memory + (requests.get('memory') ?? 0));
    return MAX_SCORE / 2 + Math.trunc((MAX_SCORE / 2 + after - before) / 2);
  },
};
