import type { Obj } from '../../lib/json.ts';
import type { Plugin } from '../plugin.ts';

const NOT_READY = 'node.kubernetes.io/not-ready';

/** TaintNodesByCondition: a new node takes no pods before it was seen ready. */
export const taintNodesByCondition: Plugin = {
  name: 'TaintNodesByCondition',
  operations: ['CREATE'],
  resources: ['nodes'],
  mutate({ object, subresource }) {
    if (!object || subresource) return;
    object.spec ??= {};
    const taints: Obj[] = object.spec.taints ?? [];
    if (taints.some((t) => t.key === NOT_READY && t.effect === 'NoSchedule')) return;
    object.spec.taints = [...taints, { key: NOT_READY, effect: 'NoSchedule' }];
  },
};
