import { aggregate, isHugePages, type Quantities } from './pod/resources.ts';
import type { Resource } from '../machinery/define-kind.ts';
import { add, ofValue, type Quantity, quantity, value } from '../machinery/quantity.ts';
import { parseTime, secondsInMs } from '../machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';

/** Usage of a quota by an object (pkg/quota/v1/evaluator): the same figures for admission and for a recount. */

const ONE = ofValue(1);
const CLASS_SUFFIX = '.storageclass.storage.k8s.io/';
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** The object count of any resource: count/<plural>.<group>. */
export function countName(resource: Resource): string {
  const [group, plural] = resource.includes('/') ? (resource.split('/') as [string, string]) : ['', resource];
  return group ? `count/${plural}.${group}` : `count/${plural}`;
}

/** Old names of some counts. */
const LEGACY: Record<string, string> = {
  pods: 'pods',
  services: 'services',
  replicationcontrollers: 'replicationcontrollers',
  resourcequotas: 'resourcequotas',
  secrets: 'secrets',
  configmaps: 'configmaps',
  persistentvolumeclaims: 'persistentvolumeclaims',
};

const POD_NAMES = new Set([
  'count/pods',
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
]);

/** Does a name of a quota's hard list concern this resource? */
export function concerns(resource: Resource, name: string): boolean {
  if (resource === 'pods') {
    if (POD_NAMES.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-')) return true;
    return name.startsWith('requests.') && name.includes('/') && !name.includes('kubernetes.io/');
  }
  if (resource === 'services')
    return ['count/services', 'services', 'services.nodeports', 'services.loadbalancers'].includes(name);
  if (resource === 'persistentvolumeclaims') {
    if (['count/persistentvolumeclaims', 'persistentvolumeclaims', 'requests.storage'].includes(name)) return true;
    return name.endsWith(`${CLASS_SUFFIX}requests.storage`) || name.endsWith(`${CLASS_SUFFIX}persistentvolumeclaims`);
  }
  return name === countName(resource) || name === LEGACY[resource];
}

/** Usage of one object. `now` decides whether a pod that is being deleted still counts. */
export function usageOf(resource: Resource, object: KubeObject, now: number): Quantities {
  if (resource === 'pods') return podUsage(object, now);
  const usage: Quantities = new Map([[countName(resource), ONE]]);
  const legacy = LEGACY[resource];
  if (legacy) usage.set(legacy, ONE);
  if (resource === 'services') serviceUsage(object, usage);
  else if (resource === 'persistentvolumeclaims') claimUsage(object, usage);
  return usage;
}

function serviceUsage(service: KubeObject, usage: Quantities): void {
  const ports: Obj[] = service.spec?.ports ?? [];
  const { type, allocateLoadBalancerNodePorts } = service.spec ?? {};
  let nodePorts = 0;
  if (type === 'NodePort') nodePorts = ports.length;
  else if (type === 'LoadBalancer') {
    nodePorts = allocateLoadBalancerNodePorts === false ? ports.filter((p) => p.nodePort).length : ports.length;
  }
  usage.set('services.nodeports', ofValue(nodePorts));
  usage.set('services.loadbalancers', ofValue(type === 'LoadBalancer' ? 1 : 0));
}

const whole = (q: Quantity): Quantity => (q.scale >= 0 ? q : ofValue(value(q), q.format));

function claimUsage(claim: KubeObject, usage: Quantities): void {
  const requested = claim.spec?.resources?.requests?.storage;
  const className: string = claim.metadata.annotations?.[BETA_CLASS] ?? claim.spec?.storageClassName ?? '';
  if (className) usage.set(`${className}${CLASS_SUFFIX}persistentvolumeclaims`, ONE);
  if (requested === undefined) return;
  const storage = whole(quantity(requested));
  usage.set('requests.storage', storage);
  if (className) usage.set(`${className}${CLASS_SUFFIX}requests.storage`, storage);
}

/** A pod that has finished, or is past its grace, uses nothing but its place in the count of objects. */
function counts(pod: KubeObject, now: number): boolean {
  const phase = pod.status?.phase;
  if (phase === 'Failed' || phase === 'Succeeded') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds: grace } = pod.metadata;
  if (!deletionTimestamp || grace === undefined) return true;
  return now <= parseTime(deletionTimestamp) + secondsInMs(grace);
}

function podUsage(pod: KubeObject, now: number): Quantities {
  const usage: Quantities = new Map([['count/pods', ONE]]);
  if (!counts(pod, now)) return usage;
  for (const [name, q] of computeUsage(totals(pod.spec, 'requests'), totals(pod.spec, 'limits'))) usage.set(name, q);
  return usage;
}

function totals(spec: Obj, side: 'requests' | 'limits'): Quantities {
  const total = aggregate(spec, side);
  for (const name in spec.resources?.[side] ?? {}) total.set(name, quantity(spec.resources[side][name]));
  if (side === 'requests' || total.size) {
    for (const name in spec.overhead ?? {}) {
      const own = total.get(name);
      const extra = quantity(spec.overhead[name]);
      if (own) total.set(name, add(own, extra));
      else if (side === 'requests') total.set(name, extra);
    }
  }
  return total;
}

/** podComputeUsageHelper: requests under two names, limits under one. */
export function computeUsage(requests: Quantities, limits: Quantities): Quantities {
  const usage: Quantities = new Map([['pods', ONE]]);
  for (const [name, q] of requests) {
    const computed = name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || isHugePages(name);
    if (computed) usage.set(name, q);
    if (computed || (name.includes('/') && !name.includes('kubernetes.io/'))) usage.set(`requests.${name}`, q);
  }
  for (const [name, q] of limits) {
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage') usage.set(`limits.${name}`, q);
  }
  return usage;
}

/** A pod with a deadline. */
export const isTerminating = (pod: KubeObject): boolean => (pod.spec.activeDeadlineSeconds ?? -1) >= 0;

function isBestEffort(pod: KubeObject): boolean {
  const lists = [pod.spec, ...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])].map((o: Obj) => o.resources ?? {});
  return !lists.some((r) =>
    ['requests', 'limits'].some((side) => ['cpu', 'memory'].some((name) => r[side]?.[name] !== undefined)),
  );
}

function crossesNamespaces(pod: KubeObject): boolean {
  const crosses = (term: Obj) => term.namespaces?.length > 0 || term.namespaceSelector !== undefined;
  return ['podAffinity', 'podAntiAffinity'].some((kind) => {
    const affinity = pod.spec.affinity?.[kind];
    if ((affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).some(crosses)) return true;
    return (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).some((w: Obj) => crosses(w.podAffinityTerm ?? {}));
  });
}

function inClass(name: string, selector: Obj): boolean {
  switch (selector.operator) {
    case 'Exists':
      return name !== '';
    case 'DoesNotExist':
      return name === '';
    case 'In':
      return name !== '' && (selector.values ?? []).includes(name);
    default:
      return name === '' || !(selector.values ?? []).includes(name);
  }
}

function podMatches(selector: Obj, pod: KubeObject): boolean {
  switch (selector.scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return inClass(pod.spec.priorityClassName ?? '', selector);
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod);
    default:
      return false;
  }
}

/** Does the quota count this object? All of its scopes match, and a hard name concerns the resource (generic.Matches). */
export function quotaMatches(quota: KubeObject, resource: Resource, object: KubeObject): boolean {
  const scopes: Obj[] = [
    ...(quota.spec?.scopes ?? []).map((scopeName: string) => ({ scopeName, operator: 'Exists' })),
    ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
  ];
  for (const selector of scopes) {
    if (resource === 'pods') {
      if (!podMatches(selector, object)) return false;
    } else if (resource === 'persistentvolumeclaims' && selector.scopeName === 'VolumeAttributesClass') {
      if (!inClass(object.spec?.volumeAttributesClassName ?? '', selector)) return false;
    } else return false;
  }
  return Object.keys(quota.status?.hard ?? {}).some((name) => concerns(resource, name));
}
