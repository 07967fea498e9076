import type { Kind } from '../api/machinery/define-kind.ts';
import { virtualNodes } from '../kubelet/node.ts';
import type { Registry } from '../registry/registry.ts';
import { SYSTEM } from './roles.ts';

/** Creates the virtual nodes of a new cluster. */
export function createNodes(registry: Registry, count: number, now: number): void {
  const kind = registry.kinds.byResource('nodes');
  for (const node of kind ? virtualNodes(count, now) : []) {
    registry.create(kind as Kind, node, { namespace: '', user: SYSTEM, now, fieldManager: 'atoll' });
  }
}
