/** Addresses as numbers, the ranges of nodes, and the addresses of nodes. */

/** First address of all pods (the reference's --cluster-cidr 10.244.0.0/12 begins here). */
const CLUSTER_BASE = toNumber('10.240.0.0');
/** Length of a node's prefix: 2,048 addresses, more than the 1,100 pods that a virtual node takes. */
const NODE_PREFIX = 21;
const NODE_SIZE = 2 ** (32 - NODE_PREFIX);
/** Addresses of the nodes themselves follow this one. */
const NODE_BASE = toNumber('10.0.0.1');

/** An IPv4 text as a number. */
export function toNumber(ip: string): number {
  let out = 0;
  for (const part of ip.split('.')) out = out * 256 + Number(part);
  return out;
}

/** A number as an IPv4 text. */
export function toText(ip: number): string {
  return `${Math.floor(ip / 2 ** 24)}.${Math.floor(ip / 2 ** 16) % 256}.${Math.floor(ip / 256) % 256}.${ip % 256}`;
}

/** The i-th node's range of pod addresses. */
export const podRange = (i: number): { podCIDR: string } => ({
  podCIDR: `${toText(CLUSTER_BASE + i * NODE_SIZE)}/${NODE_PREFIX}`,
});

/** The address of the node that has this range; nodes with ranges of their own making share the first one, as KWOK's all do. */
export function nodeAddress(podCIDR: string | undefined): string {
  const base = podCIDR?.includes('.') ? toNumber(podCIDR.split('/')[0]) : CLUSTER_BASE;
  const i = (base - CLUSTER_BASE) / NODE_SIZE;
  return toText(NODE_BASE + (Number.isInteger(i) && i > 0 ? i : 0));
}

/** First usable address and how many there are (the network's own and the broadcast address are not used). */
export function usable(podCIDR: string): { first: number; count: number } {
  const [base, prefix] = podCIDR.split('/');
  return { first: toNumber(base) + 1, count: Math.max(2 ** (32 - Number(prefix)) - 2, 1) };
}
