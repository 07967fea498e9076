import type { KubeObject, Obj } from '../../../lib/json.ts';
import { ageCell, columnsOf, formatLabels, nameCell, textCell } from '../../machinery/columns.ts';
import { type ConnectRequest, defineKind, PROXY } from '../../machinery/define-kind.ts';
import { goSchema } from '../../schema/go.ts';
import { type FieldError, forbidden } from '../../machinery/field-errors.ts';
import { cidrWarnings, ipWarnings } from '../../machinery/ip.ts';
import { failure } from '../../machinery/status-errors.ts';
import { parameters } from '../../machinery/subresources.ts';
import { validateClusterIPChange, validateFamilyChange, validateLoadBalancerClass } from './addresses.ts';
import { dropTypeDependentFields, dropUnusedPolicy, isExternal, isLoadBalancer, needsHealthCheck } from './fields.ts';
import { validateService, validateServiceStatus } from './validation.ts';
import { keepSpec, keepStatus, sortedUnique } from '../../machinery/checks.ts';

/** Service (registry/core/service/strategy.go). Addresses and ports are filled in by network/ipam.ts. */

const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';
const AFFINITY_SECONDS = 10_800;

function defaults(object: KubeObject): void {
  object.spec ??= {};
  const { spec } = object;
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: AFFINITY_SECONDS } };
  }
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    port.targetPort ||= port.port ?? 0;
  }
  if (isExternal(object)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.type === 'ClusterIP')
    spec.internalTrafficPolicy ??= 'Cluster';
  object.status ??= {};
  object.status.loadBalancer ??= {};
  if (!isLoadBalancer(object)) return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const point of object.status.loadBalancer.ingress ?? []) if (point.ip) point.ipMode ??= 'VIP';
}

function validateUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  const errors = [
    ...validateClusterIPChange(object, old),
    ...validateFamilyChange(object, old),
    ...validateLoadBalancerClass(object, old),
  ];
  if (needsHealthCheck(old) && needsHealthCheck(object) && old.spec.healthCheckNodePort !== object.spec.healthCheckNodePort) {
    errors.push(forbidden('spec.healthCheckNodePort', 'field is immutable'));
  }
  return [...errors, ...validateService(object, old)];
}

function warnings(object: KubeObject): string[] {
  const { spec } = object;
  const out: string[] = [];
  const external: string[] = spec.externalIPs ?? [];
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === 'None';
  if (object.metadata.annotations?.[HINTS] !== undefined) {
    out.push(`annotation ${HINTS} is deprecated, please use ${MODE} instead`);
  }
  if (spec.clusterIP && spec.clusterIP !== 'None') {
    (spec.clusterIPs ?? []).forEach((ip: string, i: number) => out.push(...ipWarnings(`spec.clusterIPs[${i}]`, ip)));
  }
  if (headless) {
    if (spec.loadBalancerIP) out.push('spec.loadBalancerIP is ignored for headless services');
    if (external.length) out.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') out.push('spec.SessionAffinity is ignored for headless services');
  }
  external.forEach((ip, i) => out.push(...ipWarnings(`spec.externalIPs[${i}]`, ip)));
  if (external.length && !headless && spec.type !== 'ExternalName') {
    out.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  }
  if (spec.loadBalancerIP) out.push(...ipWarnings('spec.loadBalancerIP', spec.loadBalancerIP));
  (spec.loadBalancerSourceRanges ?? []).forEach((cidr: string, i: number) =>
    out.push(...cidrWarnings(`spec.loadBalancerSourceRanges[${i}]`, cidr)),
  );
  if (spec.type === 'ExternalName' && external.length) out.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (spec.type !== 'ExternalName' && spec.externalName)
    out.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === 'PreferClose') {
    out.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  }
  return out;
}

/** Where the service is reached from outside, as the column External-IP says it. */
function externalIP(object: KubeObject): string {
  const { spec } = object;
  const external: string[] = spec.externalIPs ?? [];
  switch (spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.join(',') || '<none>';
    case 'LoadBalancer': {
      const points: string[] = (object.status?.loadBalancer?.ingress ?? []).map((i: Obj) => i.ip || i.hostname).filter(Boolean);
      return [...sortedUnique(points), ...external].join(',') || '<pending>';
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

const ports = (object: KubeObject): string =>
  (object.spec.ports ?? [])
    .map((p: Obj) => (p.nodePort ? `${p.port}:${p.nodePort}/${p.protocol}` : `${p.port}/${p.protocol}`))
    .join(',') || '<none>';

/** The node of any pod behind it (registry/core/service/storage ResourceLocation). */
function locate({ metadata, spec }: KubeObject, { get }: ConnectRequest): string {
  const { name, namespace = '' } = metadata;
  const unavailable = (why: string) => failure(503, 'ServiceUnavailable', why);
  if (!spec.ports?.length) throw unavailable(`no service port "" found for service ${JSON.stringify(name)}`);
  const subsets: Obj[] = get('endpoints', namespace, name)?.subsets ?? [];
  const node = subsets.flatMap((s) => s.addresses ?? []).find((a: Obj) => a.nodeName)?.nodeName;
  if (!node) throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  return node;
}

export const Service = defineKind({
  group: '',
  version: 'v1',
  kind: 'Service',
  resource: 'services',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.Service'),
  shortNames: ['svc'],
  categories: ['all'],
  status: true,
  subresources: { proxy: { takes: parameters('ServiceProxyOptions'), verbs: PROXY, locate, proxies: true } },
  storagePrefix: 'services/specs',
  returnsDeleted: true,
  // RelaxedServiceNameValidation is on in 1.36: names may begin with a digit.
  names: 'dns-label',
  createOnUpdate: true,
  defaults,
  prepareCreate(object) {
    object.status = { loadBalancer: {} };
    dropUnusedPolicy(object);
  },
  prepareUpdate(object, old) {
    keepStatus(object, old);
    dropTypeDependentFields(object, old);
    dropUnusedPolicy(object);
  },
  prepareStatus: keepSpec,
  validateCreate: (object) => validateService(object, undefined),
  validateUpdate,
  validateStatus: validateServiceStatus,
  warnings,
  selectable: { 'spec.clusterIP': ['spec', 'clusterIP'], 'spec.type': ['spec', 'type'] },
  columns: columnsOf(
    'services',
    nameCell,
    textCell('spec', 'type'),
    (object) => object.spec.clusterIPs?.[0] ?? '<none>',
    externalIP,
    ports,
    ageCell,
    (object) => formatLabels(object.spec.selector),
  ),
});
