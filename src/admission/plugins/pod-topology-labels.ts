import type { Plugin } from '../plugin.ts';

const LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

/** PodTopologyLabels: a pod that is bound to a node gets the node's zone and region. */
export const podTopologyLabels: Plugin = {
  name: 'PodTopologyLabels',
  operations: ['CREATE'],
  resources: ['pods'],
  mutate({ object, subresource }, cluster) {
    if (!object) return;
    let node: string | undefined;
    if (!subresource) node = object.spec?.nodeName;
    else if (subresource === 'binding' && object.target?.kind === 'Node') node = object.target.name;
    if (!node) return;
    const labels = cluster.object('nodes', '', node)?.metadata.labels;
    for (const key of LABELS) {
      const value = labels?.[key];
      if (value !== undefined) object.metadata.labels = { ...object.metadata.labels, [key]: value };
    }
  },
};
