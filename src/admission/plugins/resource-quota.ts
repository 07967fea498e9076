import type { Quantities } from '../../api/core/pod/resources.ts';
import { resourceOf } from '../../api/machinery/define-kind.ts';
import { add, cmp, formatQuantity, type Quantity, quantity, sign, sub, ZERO } from '../../api/machinery/quantity.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { AdmissionRequest, ClusterObjects } from '../../registry/ports.ts';
import { type Plugin, refuse, resourceOfRequest } from '../plugin.ts';
import { computeUsage, concerns, isTerminating, quotaMatches, usageOf } from '../../api/core/quota-usage.ts';

/**
 * ResourceQuota: requests that would exceed a quota are refused, the others counted at once (apiserver
 * resourcequota/controller.go).
 */

const QUOTAS = 'resourcequotas';
/** Resources that are never counted: created by the system or no objects of a namespace's owner (quota/v1/install). */
const IGNORED = new Set(['events', 'resourcequotas/status', 'bindings', 'authorization.k8s.io/localsubjectaccessreviews']);
const REQUIRED = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);
const apiserver = { username: 'system:apiserver', groups: ['system:masters'] };

function handles(request: AdmissionRequest, resource: string): boolean {
  const { operation, subresource, object, old } = request;
  if (!object || IGNORED.has(resource)) return false;
  if (resource === 'pods') {
    if (subresource === 'resize') return operation === 'UPDATE';
    if (subresource) return false;
    if (operation === 'UPDATE' && old) return isTerminating(old) !== isTerminating(object);
    return operation === 'CREATE';
  }
  if (subresource) return false;
  if (resource === 'services' || resource === 'persistentvolumeclaims') return true;
  return operation === 'CREATE';
}

/** Containers that do not set a resource that the quota counts. */
function missingOf(pod: KubeObject, names: string[]): string | undefined {
  if (Object.keys(pod.spec.resources?.requests ?? pod.spec.resources?.limits ?? {}).length) return undefined;
  const missing = new Map<string, Set<string>>();
  for (const container of [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])]) {
    const own = computeUsage(parsed(container.resources?.requests), parsed(container.resources?.limits));
    for (const name of names) {
      if (!REQUIRED.has(name) || own.has(name)) continue;
      missing.set(name, (missing.get(name) ?? new Set<string>()).add(container.name));
    }
  }
  if (!missing.size) return undefined;
  const parts = [...missing.keys()].sort().map((name) => `${name} for: ${[...(missing.get(name) ?? [])].sort().join(',')}`);
  return `must specify ${parts.join('; ')}`;
}

const parsed = (list: Record<string, string> | undefined): Quantities =>
  new Map(Object.entries(list ?? {}).map(([name, text]) => [name, quantity(text)]));

/** The increase of usage, without resources that stay the same or shrink. */
function grown(after: Quantities, before: Quantities | undefined): Quantities {
  const delta: Quantities = new Map();
  for (const [name, q] of after) {
    const old = before?.get(name);
    const difference = old ? sub(q, old) : q;
    if (sign(difference) > 0) delta.set(name, difference);
  }
  return delta;
}

const print = (list: [string, Quantity][]): string =>
  list
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, q]) => `${name}=${formatQuantity(q)}`)
    .join(',');

/** The quota's new usage, or undefined when nothing of it changes; throws when it would be exceeded. */
function charge(quota: KubeObject, delta: Quantities, request: AdmissionRequest): Obj | undefined {
  const hard: Record<string, string> = quota.status?.hard ?? {};
  const used: Record<string, string> = { ...quota.status?.used };
  const exceeded: string[] = [];
  let changed = false;
  for (const [name, q] of delta) {
    if (hard[name] === undefined) continue;
    const next = add(quantity(used[name] ?? '0'), q);
    if (cmp(next, quantity(hard[name])) > 0) exceeded.push(name);
    used[name] = formatQuantity(next);
    changed = true;
  }
  if (exceeded.length) {
    const pick = (of: (name: string) => Quantity) => print(exceeded.map((name) => [name, of(name)]));
    const requested = pick((name) => delta.get(name) ?? ZERO);
    const before = pick((name) => quantity(quota.status?.used?.[name] ?? '0'));
    const limited = pick((name) => quantity(hard[name]));
    const head = `exceeded quota: ${quota.metadata.name}, requested: ${requested}`;
    throw refuse(request, `${head}, used: ${before}, limited: ${limited}`);
  }
  return changed ? used : undefined;
}

function review(request: AdmissionRequest, cluster: ClusterObjects): void {
  if (!request.namespace) return;
  const quotas = cluster.objects(QUOTAS, request.namespace);
  if (!quotas.length) return;
  const resource = resourceOfRequest(request);
  if (!handles(request, resource)) return;
  const object = request.object as KubeObject;
  const interesting: KubeObject[] = [];
  for (const quota of quotas) {
    if (!quotaMatches(quota, resource, object)) continue;
    const names = Object.keys(quota.status?.hard ?? {}).filter((name) => concerns(resource, name));
    const missing = resource === 'pods' ? missingOf(object, names) : undefined;
    if (missing) throw refuse(request, `failed quota: ${quota.metadata.name}: ${missing}`);
    if (names.some((name) => quota.status?.used?.[name] === undefined)) {
      throw refuse(request, `status unknown for quota: ${quota.metadata.name}, resources: ${names.sort().join(',')}`);
    }
    interesting.push(quota);
  }
  if (!interesting.length) return;
  const usage = usageOf(resource, object, request.now);
  const before = request.operation === 'UPDATE' && request.old ? usageOf(resource, request.old, request.now) : undefined;
  const charges: [KubeObject, Obj][] = [];
  for (const quota of interesting) {
    const counted = before && request.old && quotaMatches(quota, resource, request.old) ? before : undefined;
    const used = charge(quota, grown(usage, counted), request);
    if (used) charges.push([quota, used]);
  }
  if (!request.dryRun) for (const [quota, used] of charges) writeUsage(quota, used, request, cluster);
}

function writeUsage(quota: KubeObject, used: Obj, request: AdmissionRequest, cluster: ClusterObjects): void {
  const { name, namespace = '' } = quota.metadata;
  const next = { ...quota, status: { ...quota.status, used } };
  const options = { namespace, name, user: apiserver, now: request.now, subresource: 'status', fieldManager: 'kube-apiserver' };
  cluster.update(QUOTAS, next as KubeObject, options);
}

export const resourceQuota: Plugin = {
  name: 'ResourceQuota',
  operations: ['CREATE', 'UPDATE'],
  review(request, cluster) {
    if (resourceOf(request.kind) !== QUOTAS || request.operation === 'CREATE') review(request, cluster);
  },
};
