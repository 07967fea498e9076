import { invalid } from '../api/machinery/field-errors.ts';
import { ipv4Range, ipv4Text, numberOf } from '../api/machinery/address-pools.ts';
import { contains, formatIP, type Network, parseCIDR, parseIP } from '../api/machinery/ip.ts';
import { internalError, invalidError, type StatusError } from '../api/machinery/status-errors.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { ClusterObjects } from '../registry/ports.ts';

/**
 * Cluster IPs: an IPAddress object for each, from the ServiceCIDRs that are ready, as upstream's ipallocator keeps them
 * (registry/core/service/ipallocator, cidrallocator.go).
 */

export const SERVICE_CIDR = '10.96.0.0/16';
const IP_ADDRESSES = 'networking.k8s.io/ipaddresses';
const SERVICE_CIDRS = 'networking.k8s.io/servicecidrs';
const BAND_STEP = 16;
const BAND_MIN = 16;
const BAND_MAX = 256;

/** The addresses of one IPv4 network, as numbers. */
interface Range {
  text: string;
  network: Network;
  base: number;
  /** Neither the network's address nor the broadcast address. */
  first: number;
  last: number;
  /** The low band before it is left to static requests (calculateRangeOffset). */
  dynamic: number;
}

function bandOf(size: number): number {
  if (size <= BAND_MIN) return 0;
  return Math.min(Math.max(Math.floor(size / BAND_STEP), BAND_MIN), BAND_MAX);
}

function rangeOf(text: string): Range | undefined {
  const [range, network] = [ipv4Range(text), parseCIDR(text)];
  if (!range || !network) return undefined;
  const { base, first, end } = range;
  return { text, network, base, first, last: end - 1, dynamic: first + bandOf(2 ** (32 - network.bits)) };
}

const DEFAULT = rangeOf(SERVICE_CIDR) as Range;

/** Whether addresses are taken from it: it says that it is ready, and is not being deleted. */
const isReady = ({ metadata, status }: KubeObject): boolean =>
  !metadata.deletionTimestamp && status?.conditions?.some((c: Obj) => c.type === 'Ready' && c.status === 'True');

/** The ranges of a cluster, that of the cluster itself first. */
function rangesOf(cluster: ClusterObjects): Range[] {
  const more = cluster
    .objects(SERVICE_CIDRS)
    .filter(isReady)
    .flatMap(({ spec }) => (spec.cidrs as string[]).filter((text) => text !== SERVICE_CIDR));
  return [DEFAULT, ...more.flatMap((text) => rangeOf(text) ?? [])];
}

/** The writer of the IPAddress objects: the API server itself. */
export const apiserver = { username: 'system:apiserver', groups: ['system:masters'] };

export interface AllocationCx {
  now: number;
  dryRun: boolean;
}

const taken = (cluster: ClusterObjects, ip: string): boolean => cluster.object(IP_ADDRESSES, '', ip) !== undefined;

function reserve(service: KubeObject, ip: string, cluster: ClusterObjects, cx: AllocationCx): void {
  const object: Obj = {
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
    metadata: {
      name: ip,
      labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' },
    },
    spec: { parentRef: { resource: 'services', namespace: service.metadata.namespace, name: service.metadata.name } },
  };
  cluster.create(IP_ADDRESSES, object as KubeObject, {
    namespace: '',
    user: apiserver,
    now: cx.now,
    fieldManager: 'kube-apiserver',
  });
}

function refusal(service: KubeObject, ip: string, why: string): StatusError {
  const detail = `failed to allocate IP ${ip}: ${why}`;
  return invalidError('', 'Service', service.metadata.name ?? '', [
    invalid('spec.clusterIPs', service.spec.clusterIPs ?? null, detail),
  ]);
}

/** Takes the requested address, or throws upstream's refusal. */
export function allocateIP(service: KubeObject, ip: string, cluster: ClusterObjects, cx: AllocationCx): void {
  const address = parseIP(ip);
  if (!address) throw internalError(`failed to parse service IP ${JSON.stringify(ip)}`);
  const range = rangesOf(cluster).find(({ network }) => contains(network, address));
  if (!range && !cx.dryRun) throw refusal(service, ip, 'the provided network does not match the current range');
  const n = range ? numberOf(address.bytes) : 0;
  if (!range || n < range.first || n > range.last) {
    const valid = `The range of valid IPs is ${(range ?? DEFAULT).text}`;
    throw refusal(service, ip, `the provided IP (${formatIP(address)}) is not in the valid range. ${valid}`);
  }
  if (cx.dryRun) return;
  if (taken(cluster, formatIP(address))) throw refusal(service, ip, 'provided IP is already allocated');
  reserve(service, formatIP(address), cluster, cx);
}

/** Takes any free address, from the dynamic bands first. A dry run gets the network's own address, as upstream's does. */
export function allocateNextIP(service: KubeObject, seed: number, cluster: ClusterObjects, cx: AllocationCx): string {
  if (cx.dryRun) return ipv4Text(DEFAULT.base);
  for (const range of rangesOf(cluster)) {
    const ip = freeIn(range, seed, cluster);
    if (ip === undefined) continue;
    reserve(service, ip, cluster, cx);
    return ip;
  }
  throw internalError(`failed to allocate a serviceIP for Service ${JSON.stringify(service.metadata.name)}: range is full`);
}

function freeIn({ first, last, dynamic }: Range, seed: number, cluster: ClusterObjects): string | undefined {
  for (const [from, to] of [
    [dynamic, last],
    [first, Math.min(dynamic - 1, last)],
  ] as const) {
    const size = to - from + 1;
    for (let i = 0; i < size; i++) {
      const ip = ipv4Text(from + ((seed + i) % size));
      if (!taken(cluster, ip)) return ip;
    }
  }
  return undefined;
}

/** Releases an address. One that is not allocated is no error. */
export function releaseIP(ip: string, cluster: ClusterObjects, cx: AllocationCx): void {
  const address = parseIP(ip);
  if (cx.dryRun || !address || !taken(cluster, formatIP(address))) return;
  cluster.delete(IP_ADDRESSES, { namespace: '', name: formatIP(address), user: apiserver, now: cx.now });
}
