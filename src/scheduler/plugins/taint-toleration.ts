import { normalizeToMax, type Plugin, unresolvable } from '../framework.ts';
import { repelling, tolerated } from './tolerations.ts';

/** Taints exclude pods or, with PreferNoSchedule, lower a node's score (plugins/tainttoleration). */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  events: ['node/add', 'node/taint'],
  filter: ({ pod }, { taints }) =>
    taints.length && repelling(taints, pod.spec.tolerations) ? unresolvable('node(s) had untolerated taint(s)') : undefined,
  preScore: (_pod, nodes) => (nodes.some((node) => node.taints.length) ? undefined : 'skip'),
  score({ pod }, { taints }) {
    const able = (pod.spec.tolerations ?? []).filter((t: { effect?: string }) => !t.effect || t.effect === 'PreferNoSchedule');
    return taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerated(taint, able)).length;
  },
  normalize: (scores) => normalizeToMax(scores, true),
};
