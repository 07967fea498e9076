import { type Plugin, unresolvable } from '../framework.ts';
import { tolerated } from './tolerations.ts';

const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Cordoned nodes take only pods that tolerate it (plugins/nodeunschedulable). */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  events: ['node/add', 'node/taint'],
  filter: ({ pod }, { node }) =>
    node?.spec?.unschedulable && !tolerated(TAINT, pod.spec.tolerations) ? unresolvable('node(s) were unschedulable') : undefined,
};
