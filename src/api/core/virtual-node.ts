import type { KubeObject } from '../../lib/json.ts';

/** Nodes with this annotation set to "true" are run by the cluster itself: no machine, no heartbeat, always alive. */
export const VIRTUAL_NODE = 'atoll.dev/virtual-node';

/** Does the cluster run this node? */
export const isVirtual = (node: KubeObject): boolean => node.metadata.annotations?.[VIRTUAL_NODE] === 'true';
