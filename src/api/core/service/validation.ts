import type { KubeObject, Obj } from '../../../lib/json.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { parseIP } from '../../machinery/ip.ts';
import { validateLabels } from '../../machinery/labels.ts';
import { isCIDR, isDns1123Subdomain, isPort } from '../../machinery/names.ts';
import { validateClusterIPs, validateLoadBalancerClass } from './addresses.ts';
import { isExternal, isHeadless, isLoadBalancer, needsHealthCheck } from './fields.ts';
import {
  checkEndpointIP,
  checkIP,
  checkLabel,
  checkPort,
  checkPortNumOrName,
  checkProtocol,
  checkQualifiedName,
  checkSubdomain,
  each,
} from '../../machinery/checks.ts';

/** validateService of pkg/apis/core/validation, in its order. */

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const TRAFFIC = ['Cluster', 'Local'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const AFFINITY_MAX_SECONDS = 86400;
const LOAD_BALANCER_ONLY = "may only be used when `type` is 'LoadBalancer'";

/** Validates a Service, on creation and on every update. */
export function validateService(service: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const annotations = service.metadata.annotations;
  if (annotations?.[MODE] !== undefined && annotations[HINTS] !== undefined && annotations[MODE] !== annotations[HINTS]) {
    const message = `must match annotations[${HINTS}] when both are specified`;
    errors.push(invalid(`metadata.annotations[${MODE}]`, annotations[MODE], message));
  }
  errors.push(...checkShape(service));
  const ports: Obj[] = service.spec.ports ?? [];
  const names = new Set<string>();
  ports.forEach((port, i) => errors.push(...checkServicePort(port, ports.length > 1, names, `spec.ports[${i}]`)));
  if (service.spec.selector) errors.push(...validateLabels(service.spec.selector, 'spec.selector'));
  errors.push(...checkAffinity(service.spec));
  errors.push(...validateClusterIPs(service, old));
  (service.spec.externalIPs ?? []).forEach((ip: string, i: number) => {
    const path = `spec.externalIPs[${i}]`;
    const wrong = checkIP(ip, path, old?.spec.externalIPs);
    errors.push(...(wrong.length ? wrong : checkEndpointIP(ip, path)));
  });
  if (!service.spec.type) errors.push(required('spec.type'));
  else if (!TYPES.includes(service.spec.type)) errors.push(notSupported('spec.type', service.spec.type, TYPES));
  errors.push(...checkPortNumbers(service.spec, ports));
  errors.push(...checkSourceRanges(service, old));
  if (service.spec.allocateLoadBalancerNodePorts !== undefined && !isLoadBalancer(service)) {
    errors.push(forbidden('spec.allocateLoadBalancerNodePorts', LOAD_BALANCER_ONLY));
  }
  errors.push(...validateLoadBalancerClass(service, undefined));
  errors.push(...checkTraffic(service));
  return errors;
}

/** Ports, clusterIPs and externalName as the type demands. */
function checkShape(service: KubeObject): FieldError[] {
  const { spec } = service;
  const errors: FieldError[] = [];
  const headless = isHeadless(service);
  if (!spec.ports?.length && !headless && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && headless) {
    errors.push(invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`));
  }
  if (spec.type !== 'ExternalName') return errors;
  const no = 'may not be set for ExternalName services';
  if (spec.clusterIPs?.length) errors.push(forbidden('spec.clusterIPs', no));
  if (spec.ipFamilies?.length) errors.push(forbidden('spec.ipFamilies', no));
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbidden('spec.ipFamilyPolicy', no));
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  return [...errors, ...(name ? checkSubdomain(name, 'spec.externalName') : [required('spec.externalName')])];
}

function checkServicePort(port: Obj, named: boolean, names: Set<string>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (port.name) {
    errors.push(...checkLabel(port.name, `${path}.name`));
    if (names.has(port.name)) errors.push(duplicate(`${path}.name`, port.name));
    names.add(port.name);
  } else if (named) errors.push(required(`${path}.name`));
  errors.push(...checkPort(port.port ?? 0, `${path}.port`));
  errors.push(...checkProtocol(port.protocol, `${path}.protocol`));
  errors.push(...checkPortNumOrName(port.targetPort, `${path}.targetPort`));
  if (port.appProtocol !== undefined) errors.push(...checkQualifiedName(port.appProtocol, `${path}.appProtocol`));
  return errors;
}

function checkAffinity(spec: Obj): FieldError[] {
  const config = spec.sessionAffinityConfig;
  const path = 'spec.sessionAffinityConfig';
  switch (spec.sessionAffinity) {
    case undefined:
    case '':
      return [required('spec.sessionAffinity')];
    case 'None':
      return config ? [forbidden(path, 'must not be set when session affinity is None')] : [];
    case 'ClientIP': {
      const needed = 'when session affinity type is ClientIP';
      if (!config) return [required(path, needed)];
      if (!config.clientIP) return [required(`${path}.clientIP`, needed)];
      const seconds = config.clientIP.timeoutSeconds;
      if (seconds === undefined) return [required(`${path}.clientIP.timeoutSeconds`, needed)];
      if (seconds > 0 && seconds <= AFFINITY_MAX_SECONDS) return [];
      return [
        invalid(`${path}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${AFFINITY_MAX_SECONDS}`),
      ];
    }
    default:
      return [notSupported('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None'])];
  }
}

/** Node ports belong to types that have them; no number twice under one protocol. */
function checkPortNumbers(spec: Obj, ports: Obj[]): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.type === 'ClusterIP') {
    ports.forEach((port, i) => {
      if (port.nodePort) errors.push(forbidden(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
    });
  }
  const seen = new Set<string>();
  const twice = (key: string) => seen.size === seen.add(key).size;
  ports.forEach((port, i) => {
    if (port.nodePort && twice(`node ${port.protocol} ${port.nodePort}`)) {
      errors.push(duplicate(`spec.ports[${i}].nodePort`, port.nodePort));
    }
  });
  ports.forEach((port, i) => {
    if (!twice(`${port.protocol} ${port.port}`)) return;
    const shown = {
      Name: '',
      Protocol: port.protocol ?? '',
      AppProtocol: null,
      Port: port.port ?? 0,
      TargetPort: 0,
      NodePort: 0,
    };
    errors.push(duplicate(`spec.ports[${i}]`, shown));
  });
  return errors;
}

function checkSourceRanges(service: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const ranges: string[] = service.spec.loadBalancerSourceRanges ?? [];
  if (ranges.length) {
    const path = 'spec.LoadBalancerSourceRanges';
    if (!isLoadBalancer(service)) errors.push(forbidden(path, LOAD_BALANCER_ONLY));
    const existing: string[] = (old?.spec.loadBalancerSourceRanges ?? []).map((r: string) => r.trim());
    ranges.forEach((range, i) => {
      const text = range.trim();
      if (!existing.includes(text)) errors.push(...each(`${path}[${i}]`, text, isCIDR(text)));
    });
    return errors;
  }
  const annotation = service.metadata.annotations?.[SOURCE_RANGES];
  if (annotation === undefined) return errors;
  const path = `metadata.annotations[${SOURCE_RANGES}]`;
  if (!isLoadBalancer(service)) errors.push(forbidden(path, LOAD_BALANCER_ONLY));
  if (old?.metadata.annotations?.[SOURCE_RANGES] === annotation || !annotation.trim()) return errors;
  for (const part of annotation.trim().split(',')) errors.push(...each(path, part.trim(), isCIDR(part.trim())));
  return errors;
}

function checkTraffic(service: KubeObject): FieldError[] {
  const { spec } = service;
  const errors: FieldError[] = [];
  const policy: string = spec.externalTrafficPolicy ?? '';
  if (!isExternal(service)) {
    const only = 'may only be set for externally-accessible services';
    if (policy) errors.push(invalid('spec.externalTrafficPolicy', policy, only));
  } else if (!policy) errors.push(required('spec.externalTrafficPolicy'));
  else if (!TRAFFIC.includes(policy)) errors.push(notSupported('spec.externalTrafficPolicy', policy, TRAFFIC));
  const health: number = spec.healthCheckNodePort ?? 0;
  if (!needsHealthCheck(service)) {
    const only = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    if (health) errors.push(invalid('spec.healthCheckNodePort', health, only));
  } else if (!health) errors.push(required('spec.healthCheckNodePort'));
  else errors.push(...each('spec.healthCheckNodePort', health, isPort(health)));
  const inner = spec.internalTrafficPolicy;
  if (inner === undefined) {
    if (TYPES.includes(spec.type) && spec.type !== 'ExternalName') errors.push(required('spec.internalTrafficPolicy'));
  } else if (!TRAFFIC.includes(inner)) errors.push(notSupported('spec.internalTrafficPolicy', inner, TRAFFIC));
  const distribution = spec.trafficDistribution;
  if (distribution !== undefined && !DISTRIBUTIONS.includes(distribution)) {
    errors.push(notSupported('spec.trafficDistribution', distribution, DISTRIBUTIONS));
  }
  return errors;
}

/** ValidateLoadBalancerStatus; `path` is status.loadBalancer. */
export function validateServiceStatus(service: KubeObject, old: KubeObject): FieldError[] {
  const ingress: Obj[] = service.status?.loadBalancer?.ingress ?? [];
  const base = 'status.loadBalancer.ingress';
  if (!isLoadBalancer(service)) {
    return ingress.length ? [forbidden(base, "may only be used when `spec.type` is 'LoadBalancer'")] : [];
  }
  const existing: string[] = (old.status?.loadBalancer?.ingress ?? []).map((i: Obj) => i.ip).filter(Boolean);
  const errors: FieldError[] = [];
  ingress.forEach((point, i) => {
    const path = `${base}[${i}]`;
    if (point.ip) errors.push(...checkIP(point.ip, `${path}.ip`, existing));
    if (point.ipMode === undefined) {
      if (point.ip) errors.push(required(`${path}.ipMode`, 'must be specified when `ip` is set'));
    } else if (!point.ip) errors.push(forbidden(`${path}.ipMode`, 'may not be specified when `ip` is not set'));
    else if (!['Proxy', 'VIP'].includes(point.ipMode))
      errors.push(notSupported(`${path}.ipMode`, point.ipMode, ['Proxy', 'VIP']));
    errors.push(...checkHostname(point.hostname, `${path}.hostname`));
  });
  return errors;
}

function checkHostname(hostname: string | undefined, path: string): FieldError[] {
  if (!hostname) return [];
  const errors = each(path, hostname, isDns1123Subdomain(hostname));
  if (parseIP(hostname)) errors.push(invalid(path, hostname, 'must be a DNS name, not an IP address'));
  return errors;
}
