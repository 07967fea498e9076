import { AddressPools, ipv4Number, ipv4Range } from '../../api/machinery/address-pools.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { IndexDefinition, View } from '../../registry/view.ts';

/** ConfigMap with the pools by name: IPv4 networks. The pool "default" is there without it. */
export const POOLS = { namespace: 'kube-system', name: 'load-balancer-pools' };
const DEFAULT_POOL = { name: 'default', cidr: '198.18.0.0/16' };

/** Annotation of a Service: the name of the pool that its address comes from. */
const POOL = 'atoll.dev/address-pool';

/** Addresses that load balancers have. */
const HELD: IndexDefinition<AddressPools> = {
  name: 'load balancer addresses',
  resources: ['services'],
  build(view) {
    const held = new AddressPools();
    for (const service of view.list('services')) count(held, service, 1);
    return held;
  },
  apply(held, { type, object, old }) {
    if (old) count(held, old, -1);
    if (type !== 'DELETED') count(held, object, 1);
  },
};

function count(held: AddressPools, service: KubeObject, by: 1 | -1): void {
  for (const ip of addressesOf(service)) held.count(ip, by);
}

/** Addresses of a Service's load balancer. */
export const addressesOf = ({ status }: KubeObject): string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }: Obj) => ip ?? []);

/** A free address for a Service: the one that it asks for, else the lowest of its pool. Or why there is none, in a sentence. */
export function freeAddress(service: KubeObject, view: View): { ip: string } | { why: string } {
  const name = service.metadata.annotations?.[POOL] ?? DEFAULT_POOL.name;
  const pools = view.get('configmaps', POOLS.namespace, POOLS.name)?.data as Record<string, string> | undefined;
  const cidr = pools && Object.hasOwn(pools, name) ? pools[name] : name === DEFAULT_POOL.name ? DEFAULT_POOL.cidr : undefined;
  if (cidr === undefined) return { why: `there is no address pool ${JSON.stringify(name)}` };
  const range = ipv4Range(cidr.trim());
  if (!range) return { why: `address pool ${JSON.stringify(name)} is no IPv4 network: ${cidr}` };
  const held = view.index(HELD);
  const wanted: string | undefined = service.spec.loadBalancerIP;
  if (wanted) {
    const n = ipv4Number(wanted);
    if (!(n >= range.first && n < range.end)) {
      return { why: `address ${wanted} is not in address pool ${JSON.stringify(name)} (${cidr})` };
    }
    return held.has(wanted) ? { why: `address ${wanted} is already allocated` } : { ip: wanted };
  }
  const ip = held.free(cidr.trim());
  return ip === undefined ? { why: `address pool ${JSON.stringify(name)} (${cidr}) is full` } : { ip };
}
