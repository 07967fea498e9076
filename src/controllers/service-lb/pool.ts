import { masked, parseCIDR, parseIP } from '../../api/machinery/ip.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Change, IndexDefinition, Reader, View } from '../../registry/view.ts';

/** ConfigMap with the pools by name: IPv4 networks. The pool "default" is there without it. */
export const POOLS = { namespace: 'kube-system', name: 'load-balancer-pools' };
const DEFAULT_POOL = { name: 'default', cidr: '198.18.0.0/16' };

/** Annotation of a Service: the name of the pool that its address comes from. */
const POOL = 'atoll.dev/address-pool';

const toNumber = (bytes: readonly number[]): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
const toText = (n: number): string => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');

/** Addresses that load balancers have, with how many Services hold each. */
class Held {
  readonly #held = new Map<string, number>();

  constructor(view: Reader) {
    for (const service of view.list('services')) this.#count(service, 1);
  }

  has(ip: string): boolean {
    return this.#held.has(ip);
  }

  apply({ type, object, old }: Change): void {
    if (old) this.#count(old, -1);
    if (type !== 'DELETED') this.#count(object, 1);
  }

  #count(service: KubeObject, by: number): void {
    for (const ip of addressesOf(service)) {
      const holders = (this.#held.get(ip) ?? 0) + by;
      if (holders > 0) this.#held.set(ip, holders);
      else this.#held.delete(ip);
    }
  }
}

const HELD: IndexDefinition<Held> = {
  name: 'load balancer addresses',
  resources: ['services'],
  build: (view) => new Held(view),
  apply: (held, change) => held.apply(change),
};

/** Addresses of a Service's load balancer. */
export const addressesOf = ({ status }: KubeObject): string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }: Obj) => ip ?? []);

/** A free address for a Service: the one that it asks for, else the lowest of its pool. Or why there is none, in a sentence. */
export function freeAddress(service: KubeObject, view: View): { ip: string } | { why: string } {
  const name = service.metadata.annotations?.[POOL] ?? DEFAULT_POOL.name;
  const pools = view.get('configmaps', POOLS.namespace, POOLS.name)?.data as Record<string, string> | undefined;
  const cidr = pools && Object.hasOwn(pools, name) ? pools[name] : name === DEFAULT_POOL.name ? DEFAULT_POOL.cidr : undefined;
  if (cidr === undefined) return { why: `there is no address pool ${JSON.stringify(name)}` };
  const network = parseCIDR(cidr.trim());
  if (network?.address.family !== 4) return { why: `address pool ${JSON.stringify(name)} is no IPv4 network: ${cidr}` };
  const base = toNumber(masked(network));
  const end = base + 2 ** (32 - network.bits) - 1;
  const held = view.index(HELD);
  const wanted: string | undefined = service.spec.loadBalancerIP;
  if (wanted) {
    const n = toNumber(parseIP(wanted)?.bytes ?? []);
    if (n <= base || n >= end) return { why: `address ${wanted} is not in address pool ${JSON.stringify(name)} (${cidr})` };
    return held.has(wanted) ? { why: `address ${wanted} is already allocated` } : { ip: wanted };
  }
  for (let n = base + 1; n < end; n++) if (!held.has(toText(n))) return { ip: toText(n) };
  return { why: `address pool ${JSON.stringify(name)} (${cidr}) is full` };
}
