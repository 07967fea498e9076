import { type Hint, type Plugin, unresolvable } from '../framework.ts';
import { tolerated } from './tolerations.ts';

const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

const uncordons: Hint = (_pod, { object, old }) => !object.spec?.unschedulable && (!old || old.spec?.unschedulable === true);

/** Cordoned nodes take only pods that tolerate it (plugins/nodeunschedulable). */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  events: {
    'node/add': uncordons,
    'node/taint': uncordons,
    'pod/toleration': ({ uid }, { object }) => object.metadata.uid === uid && tolerated(TAINT, object.spec.tolerations),
  },
  filter: ({ pod }, { node }) =>
    node?.spec?.unschedulable && !tolerated(TAINT, pod.spec.tolerations) ? unresolvable('node(s) were unschedulable') : undefined,
};
