import { ipv4Number, ipv4Text } from '../api/machinery/address-pools.ts';

/** The ranges of nodes, and the addresses of nodes. */

/** First address of all pods (the reference's --cluster-cidr 10.244.0.0/12 begins here). */
const CLUSTER_BASE = ipv4Number('10.240.0.0');
/** Length of a node's prefix: 2,048 addresses, more than the 1,100 pods that a virtual node takes. */
const NODE_PREFIX = 21;
const NODE_SIZE = 2 ** (32 - NODE_PREFIX);
/** Addresses of the nodes themselves follow this one. */
const NODE_BASE = ipv4Number('10.0.0.1');

/** The i-th node's range of pod addresses. */
export const podRange = (i: number): { podCIDR: string } => ({
  podCIDR: `${ipv4Text(CLUSTER_BASE + i * NODE_SIZE)}/${NODE_PREFIX}`,
});

/** The address of the node that has this range; nodes with ranges of their own making share the first one, as KWOK's all do. */
export function nodeAddress(podCIDR: string | undefined): string {
  const base = podCIDR?.includes('.') ? ipv4Number(podCIDR.split('/')[0]) : CLUSTER_BASE;
  const i = (base - CLUSTER_BASE) / NODE_SIZE;
  return ipv4Text(NODE_BASE + (Number.isInteger(i) && i > 0 ? i : 0));
}
