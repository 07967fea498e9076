import { invalid } from '../api/machinery/field-errors.ts';
import { contains, formatIP, parseCIDR, parseIP, type Network } from '../api/machinery/ip.ts';
import { internalError, invalidError, type StatusError } from '../api/machinery/status-errors.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { ClusterObjects } from '../registry/ports.ts';

/** Cluster IPs: an IPAddress object for each, as upstream's ipallocator keeps them (registry/core/service/ipallocator). */

export const SERVICE_CIDR = '10.96.0.0/16';
const IP_ADDRESSES = 'networking.k8s.io/ipaddresses';
const range = parseCIDR(SERVICE_CIDR) as Network;
const BASE = (10 << 24) | (96 << 16);
/** Offsets into the range: neither the network's address nor the broadcast address; the low band is left to static requests. */
const FIRST = 1;
const LAST = 65_534;
const DYNAMIC = FIRST + 256;

/** The writer of the IPAddress objects: the API server itself. */
export const apiserver = { username: 'system:apiserver', groups: ['system:masters'] };

export interface AllocationCx {
  now: number;
  dryRun: boolean;
}

const nth = (offset: number): string => {
  const n = BASE + offset;
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
};

const offsetOf = (bytes: number[]): number => ((bytes[2] as number) << 8) | (bytes[3] as number);

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
  const inside = contains(range, address);
  if (!inside && !cx.dryRun) throw refusal(service, ip, 'the provided network does not match the current range');
  const offset = inside ? offsetOf(address.bytes) : 0;
  if (offset < FIRST || offset > LAST) {
    const valid = `The range of valid IPs is ${SERVICE_CIDR}`;
    throw refusal(service, ip, `the provided IP (${formatIP(address)}) is not in the valid range. ${valid}`);
  }
  if (cx.dryRun) return;
  if (taken(cluster, formatIP(address))) throw refusal(service, ip, 'provided IP is already allocated');
  reserve(service, formatIP(address), cluster, cx);
}

/** Takes any free address, from the dynamic band first. A dry run gets the network's own address, as upstream's does. */
export function allocateNextIP(service: KubeObject, seed: number, cluster: ClusterObjects, cx: AllocationCx): string {
  if (cx.dryRun) return nth(0);
  for (const [first, last] of [
    [DYNAMIC, LAST],
    [FIRST, DYNAMIC - 1],
  ] as const) {
    const size = last - first + 1;
    for (let i = 0; i < size; i++) {
      const ip = nth(first + ((seed + i) % size));
      if (taken(cluster, ip)) continue;
      reserve(service, ip, cluster, cx);
      return ip;
    }
  }
  throw internalError(`failed to allocate a serviceIP for Service ${JSON.stringify(service.metadata.name)}: range is full`);
}

/** Releases an address. One that is not allocated is no error. */
export function releaseIP(ip: string, cluster: ClusterObjects, cx: AllocationCx): void {
  const address = parseIP(ip);
  if (cx.dryRun || !address || !taken(cluster, formatIP(address))) return;
  cluster.delete(IP_ADDRESSES, { namespace: '', name: formatIP(address), user: apiserver, now: cx.now });
}
