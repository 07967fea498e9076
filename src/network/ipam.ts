import { hasNodePorts, needsClusterIP, needsHealthCheck, nodePorts, sameClusterIPs } from '../api/core/service/fields.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Allocator, ClusterObjects } from '../registry/ports.ts';
import { type AllocationCx, allocateIP, allocateNextIP, apiserver, releaseIP } from './addresses.ts';
import { initIPFamilies, isUnchangedPreferDual } from './ip-families.ts';
import { PortOperation } from './ports.ts';

/**
 * Addresses and ports of Services (registry/core/service/storage: beginCreate, beginUpdate, afterDelete). The registry calls this
 * where upstream calls those hooks: before the strategy prepares and validates the object, inside the request's transaction.
 */

/** The start of a search for a free address or port: spread by name and time, the same for the same request (FNV-1a). */
function seedOf(service: KubeObject, now: number): number {
  let hash = 0x811c9dc5;
  for (const c of `${service.metadata.namespace}/${service.metadata.name}/${now}`)
    hash = Math.imul(hash ^ c.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}

/** Sets clusterIPs from clusterIP for an old client that sets that only (normalizeClusterIPs). */
function normalizeClusterIPs(service: KubeObject, old: KubeObject | undefined): void {
  const { spec } = service;
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const before: string = old.spec.clusterIP ?? '';
  const after: string = spec.clusterIP ?? '';
  if (old.spec.clusterIPs?.length && !spec.clusterIPs?.length && before === after) spec.clusterIPs = [...old.spec.clusterIPs];
  if (before === after || !sameClusterIPs(old, service)) return;
  if (before && !after) delete spec.clusterIPs;
  else spec.clusterIPs = [after];
}

const takesNodePorts = (s: KubeObject): boolean =>
  s.spec.type === 'NodePort' || (s.spec.type === 'LoadBalancer' && s.spec.allocateLoadBalancerNodePorts !== false);

/** Keeps allocated values that the update does not name (patchAllocatedValues). */
function patchAllocatedValues(service: KubeObject, old: KubeObject): void {
  const { spec } = service;
  if (needsClusterIP(old) && needsClusterIP(service)) {
    if (!spec.clusterIP && old.spec.clusterIP) spec.clusterIP = old.spec.clusterIP;
    if (!spec.clusterIPs?.length && old.spec.clusterIPs?.length) spec.clusterIPs = [...old.spec.clusterIPs];
  }
  if (takesNodePorts(old) && takesNodePorts(service)) {
    const now = nodePorts(service);
    const used = new Set(nodePorts(old).filter((port) => now.includes(port)));
    const byName = new Map<string, number>();
    for (const port of old.spec.ports ?? []) byName.set(port.name ?? '', port.nodePort ?? 0);
    for (const port of spec.ports ?? []) {
      const known = byName.get(port.name ?? '');
      if (!port.nodePort && known && !used.has(known)) port.nodePort = known;
    }
  }
  if (needsHealthCheck(old) && needsHealthCheck(service) && !spec.healthCheckNodePort && old.spec.healthCheckNodePort) {
    spec.healthCheckNodePort = old.spec.healthCheckNodePort;
  }
}

function allocateClusterIPs(service: KubeObject, seed: number, cluster: ClusterObjects, cx: AllocationCx): void {
  const { spec } = service;
  if (!needsClusterIP(service) || spec.clusterIPs?.[0] === 'None') return;
  const requested: string | undefined = spec.clusterIPs?.[0];
  if (requested) {
    allocateIP(service, requested, cluster, cx);
    return;
  }
  spec.clusterIP = allocateNextIP(service, seed, cluster, cx);
  spec.clusterIPs = [spec.clusterIP];
}

/** initNodePorts: one number serves the same port under several protocols. */
function allocateNodePorts(service: KubeObject, operation: PortOperation): void {
  const ports: Obj[] = service.spec.ports ?? [];
  const byPort = new Map<number, number>();
  ports.forEach((port, i) => {
    if (!port.nodePort && !takesNodePorts(service)) return;
    const known = byPort.get(port.port);
    if (known === undefined) {
      const requested = ports.find((p) => p.port === port.port && p.nodePort)?.nodePort;
      if (requested) operation.request(requested, i);
      port.nodePort = requested ?? operation.next();
      byPort.set(port.port, port.nodePort);
    } else if (!port.nodePort) port.nodePort = known;
    else if (port.nodePort !== known) operation.request(port.nodePort, i);
  });
}

function updateNodePorts(service: KubeObject, old: KubeObject, operation: PortOperation): void {
  const before = nodePorts(old);
  const taken = new Set<number>();
  (service.spec.ports ?? []).forEach((port: Obj, i: number) => {
    if (!port.nodePort) {
      if (takesNodePorts(service)) port.nodePort = operation.next();
    } else if (!before.includes(port.nodePort) && !taken.has(port.nodePort)) {
      operation.request(port.nodePort, i);
      taken.add(port.nodePort);
    }
  });
}

function updateClusterIPs(service: KubeObject, old: KubeObject, seed: number, cluster: ClusterObjects, cx: AllocationCx): void {
  if (isUnchangedPreferDual(service, old)) return;
  if (!needsClusterIP(old)) allocateClusterIPs(service, seed, cluster, cx);
  else if (!needsClusterIP(service) && old.spec.clusterIPs?.[0] !== 'None') {
    for (const ip of old.spec.clusterIPs ?? []) releaseIP(ip, cluster, cx);
  }
}

export const serviceAllocator: Allocator = {
  create(service, cluster, cx) {
    const seed = seedOf(service, cx.now);
    normalizeClusterIPs(service, undefined);
    initIPFamilies(service, undefined);
    allocateClusterIPs(service, seed, cluster, cx);
    const operation = new PortOperation(service, seed, cluster, cx);
    if (hasNodePorts(service)) allocateNodePorts(service, operation);
    if (needsHealthCheck(service)) operation.healthCheck();
  },

  update(service, old, cluster, cx) {
    const seed = seedOf(service, cx.now);
    patchAllocatedValues(service, old);
    normalizeClusterIPs(service, old);
    initIPFamilies(service, old);
    updateClusterIPs(service, old, seed, cluster, cx);
    const operation = new PortOperation(service, seed, cluster, cx);
    if (hasNodePorts(service)) updateNodePorts(service, old, operation);
    if (!needsHealthCheck(old) && needsHealthCheck(service)) operation.healthCheck();
  },

  release(service, cluster, cx) {
    if (cx.dryRun) return;
    const { namespace = '', name } = service.metadata;
    if (needsClusterIP(service)) for (const ip of service.spec.clusterIPs ?? []) if (ip !== 'None') releaseIP(ip, cluster, cx);
    // A new Service of this name must not find the old one's Endpoints (afterDelete).
    if (cluster.object('endpoints', namespace, name)) {
      cluster.delete('endpoints', { namespace, name, user: apiserver, now: cx.now });
    }
  },
};
