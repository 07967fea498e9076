import type { KubeObject, Obj } from '../../lib/json.ts';
import { isPodReady } from '../../api/core/pod/conditions.ts';
import { addressesOf, findPort, hostnameOf, isIPv6 } from '../shared/services.ts';
import { slicePort, sortSlicePorts } from '../shared/slices.ts';

const ZONE = 'topology.kubernetes.io/zone';

/** podToEndpoint, in the field order of discovery v1.Endpoint. Undefined when the pod has no address of this family. */
export function endpointOf(pod: KubeObject, node: KubeObject | undefined, service: KubeObject, family: string): Obj | undefined {
  const addresses = addressesOf(pod).filter((ip) => isIPv6(ip) === (family === 'IPv6'));
  if (!addresses.length) return undefined;
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const hostname = hostnameOf(pod, service);
  const { namespace, name, uid } = pod.metadata;
  const zone = node?.metadata.labels?.[ZONE];
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname && { hostname }),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(pod.spec?.nodeName && { nodeName: pod.spec.nodeName }),
    ...(zone && { zone }),
  };
}

/** getEndpointPorts. */
export function portsOf(service: KubeObject, pod: KubeObject): Obj[] {
  const ports: Obj[] = service.spec?.ports ?? [];
  const found = ports.flatMap((port) => {
    const number = findPort(pod, port);
    return number === undefined ? [] : [slicePort(port.name, number, port.protocol, port.appProtocol)];
  });
  return sortSlicePorts(found);
}

/** getAddressTypesForService. */
export function familiesOf(service: KubeObject): string[] {
  const { ipFamilies = [], clusterIP = '' } = service.spec ?? {};
  if (ipFamilies.length) return [...new Set<string>(ipFamilies)];
  if (clusterIP && clusterIP !== 'None') return [isIPv6(clusterIP) ? 'IPv6' : 'IPv4'];
  return ['IPv4', 'IPv6'];
}

/**
 * Hints for spec.trafficDistribution (trafficdist.ReconcileHints): ready endpoints serve their own zone, or also their own node.
 */
export function hintsOf(endpoint: Obj, service: KubeObject): Obj | undefined {
  const distribution = service.spec?.trafficDistribution;
  const close = distribution === 'PreferClose' || distribution === 'PreferSameZone' || distribution === 'PreferSameNode';
  if (!close || !endpoint.conditions.ready) return undefined;
  const hints = {
    ...(endpoint.zone && { forZones: [{ name: endpoint.zone }] }),
    ...(distribution === 'PreferSameNode' && endpoint.nodeName && { forNodes: [{ name: endpoint.nodeName }] }),
  };
  return Object.keys(hints).length ? hints : undefined;
}
