import type { KubeObject, Obj } from '../../../lib/json.ts';

/** Dependencies between the fields of a Service (registry/core/service/strategy.go, api/service/util.go). */

export const needsClusterIP = (s: KubeObject): boolean => s.spec.type !== 'ExternalName';
export const isHeadless = (s: KubeObject): boolean => s.spec.clusterIPs?.length === 1 && s.spec.clusterIPs[0] === 'None';
export const isLoadBalancer = (s: KubeObject): boolean => s.spec.type === 'LoadBalancer';
export const hasNodePorts = (s: KubeObject): boolean => s.spec.type === 'NodePort' || s.spec.type === 'LoadBalancer';
export const needsHealthCheck = (s: KubeObject): boolean => isLoadBalancer(s) && s.spec.externalTrafficPolicy === 'Local';
export const isExternal = (s: KubeObject): boolean =>
  hasNodePorts(s) || (s.spec.type === 'ClusterIP' && s.spec.externalIPs?.length > 0);
export const nodePorts = (s: KubeObject): number[] => (s.spec.ports ?? []).map((p: Obj) => p.nodePort).filter(Boolean);

const sameList = (a: string[] | undefined, b: string[] | undefined): boolean =>
  (a?.length ?? 0) === (b?.length ?? 0) && (a ?? []).every((v, i) => v === b?.[i]);

export const sameClusterIPs = (a: KubeObject, b: KubeObject): boolean => sameList(a.spec.clusterIPs, b.spec.clusterIPs);
export const sameIPFamilies = (a: KubeObject, b: KubeObject): boolean => sameList(a.spec.ipFamilies, b.spec.ipFamilies);

/** An ExternalName routes nothing: upstream shows no policy for it whatever is stored (storage.go, defaultOnReadInternalTrafficPolicy). */
export function dropUnusedPolicy({ spec }: KubeObject): void {
  const { type, internalTrafficPolicy: policy } = spec;
  if (type === 'ExternalName' && (policy === 'Cluster' || policy === 'Local')) delete spec.internalTrafficPolicy;
}

/** Wipes what the new type does not use and the user did not also change (upstream's function of this name). */
export function dropTypeDependentFields(service: KubeObject, old: KubeObject): void {
  const { spec } = service;
  const same = (field: string) => (spec[field] ?? '') === (old.spec[field] ?? '');
  if (needsClusterIP(old) && !needsClusterIP(service)) {
    if (same('clusterIP') && sameClusterIPs(old, service)) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (sameIPFamilies(old, service)) delete spec.ipFamilies;
    if (same('ipFamilyPolicy')) delete spec.ipFamilyPolicy;
  }
  if (hasNodePorts(old) && !hasNodePorts(service)) {
    const before = nodePorts(old);
    if (nodePorts(service).every((port) => before.includes(port))) for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (needsHealthCheck(old) && !needsHealthCheck(service) && same('healthCheckNodePort')) delete spec.healthCheckNodePort;
  if (isLoadBalancer(old) && !isLoadBalancer(service)) {
    if (same('allocateLoadBalancerNodePorts')) delete spec.allocateLoadBalancerNodePorts;
    if (same('loadBalancerClass')) delete spec.loadBalancerClass;
  }
  if (isExternal(old) && !isExternal(service) && same('externalTrafficPolicy')) delete spec.externalTrafficPolicy;
  if (!isLoadBalancer(service)) service.status = { ...service.status, loadBalancer: {} };
}
