import type { Change } from '../../registry/view.ts';
import { normalizeToMax, type Plugin, unresolvable } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import { repelling, tolerated } from './tolerations.ts';

/** Whether the pod tolerates a node that it did not before. */
function opens({ pod }: PodInfo, { object, old }: Change): boolean {
  const { tolerations } = pod.spec;
  if (repelling(object.spec?.taints ?? [], tolerations)) return false;
  return !old || repelling(old.spec?.taints ?? [], tolerations) !== undefined;
}

/** Taints exclude pods or, with PreferNoSchedule, lower a node's score (plugins/tainttoleration). */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  events: { 'node/add': opens, 'node/taint': opens, 'pod/toleration': ({ uid }, { object }) => object.metadata.uid === uid },
  filter: ({ pod }, { taints }) =>
    taints.length && repelling(taints, pod.spec.tolerations) ? unresolvable('node(s) had untolerated taint(s)') : undefined,
  preScore: (_pod, nodes) => (nodes.some((node) => node.taints.length) ? undefined : 'skip'),
  score({ pod }, { taints }) {
    const able = (pod.spec.tolerations ?? []).filter((t: { effect?: string }) => !t.effect || t.effect === 'PreferNoSchedule');
    return taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerated(taint, able)).length;
  },
  normalize: (scores) => normalizeToMax(scores, true),
};
