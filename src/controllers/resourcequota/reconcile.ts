import type { Kind, Resource } from '../../api/machinery/define-kind.ts';
import { resourceOf } from '../../api/machinery/define-kind.ts';
import { add, cmp, formatQuantity, parseQuantity, type Quantity, ZERO } from '../../api/machinery/quantity.ts';
import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { type Controller, type Key, byObject, type Plan } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { isTerminal } from '../shared/pods.ts';

const QUOTAS = 'resourcequotas';
/** Never counted (quota/v1/install DefaultIgnoredResources). */
const IGNORED = new Set(['events']);

/** What an object uses of a quota; admission and the recount must agree, so whoever composes the cluster gives both the same. */
export interface QuotaUsage {
  /** Does a name of a hard list concern this resource? */
  concerns(resource: Resource, name: string): boolean;
  usageOf(resource: Resource, object: KubeObject, now: number): Map<string, Quantity>;
  /** By scopes, and by the names in status.hard. */
  quotaMatches(quota: KubeObject, resource: Resource, object: KubeObject): boolean;
}

/** Counts what a namespace uses of its quotas (pkg/controller/resourcequota). */
export function resourceQuotaController(kinds: readonly Kind[], usage: QuotaUsage): Controller {
  const counted = kinds.filter((kind) => kind.namespaced && !IGNORED.has(resourceOf(kind))).map(resourceOf);
  return {
    name: 'resourcequota',
    manager: 'kube-controller-manager',
    user: 'system:serviceaccount:kube-system:resourcequota-controller',
    watches: [byObject(QUOTAS), ...counted.filter((r) => r !== QUOTAS).map((resource) => ({ resource, keys: quotasOf }))],
    reconcile: (key, view, { now }) => {
      const quota = view.get(QUOTAS, key.namespace, key.name);
      return quota ? recount(quota, counted, usage, view, now) : { actions: [] };
    },
  };
}

/** Something came or went, or uses more or less than before. */
function quotasOf({ resource, type, object, old }: Change, view: View): Key[] {
  const { namespace = '' } = object.metadata;
  const quotas = view.list(QUOTAS, namespace);
  if (!quotas.length) return [];
  const matters = type !== 'MODIFIED' || !old || changesUsage(resource, old, object);
  return matters ? quotas.map((quota) => ({ namespace, name: quota.metadata.name })) : [];
}

function changesUsage(resource: Resource, old: KubeObject, object: KubeObject): boolean {
  if (resource === 'pods') {
    const leaves = old.metadata.deletionTimestamp !== object.metadata.deletionTimestamp;
    return leaves || isTerminal(old) !== isTerminal(object) || old.metadata.generation !== object.metadata.generation;
  }
  return resource === 'services' || resource === 'persistentvolumeclaims';
}

/** syncResourceQuota. */
function recount(quota: KubeObject, counted: Resource[], usage: QuotaUsage, view: View, now: number): Plan {
  const hard: Record<string, string> = quota.spec?.hard ?? {};
  const names = Object.keys(hard);
  const asked = { ...quota, status: { ...quota.status, hard } } as KubeObject;
  const totals = new Map<string, Quantity>();
  for (const resource of counted) {
    const concerned = names.filter((name) => usage.concerns(resource, name));
    if (concerned.length) sum(asked, resource, concerned, totals, usage, view, now);
  }
  const used: Record<string, string> = {};
  for (const name of names) {
    const total = totals.get(name);
    const text = total ? formatQuantity(total) : quota.status?.used?.[name];
    if (text !== undefined) used[name] = text;
  }
  const requeueAt = names.some((name) => usage.concerns('pods', name)) ? nextLeave(quota, view, now) : undefined;
  const same = quota.status?.used && sameAmounts(quota.status.hard, hard) && sameAmounts(quota.status.used, used);
  if (same || (!names.length && quota.status && !quota.status.hard && !quota.status.used)) return { actions: [], requeueAt };
  const status: Obj = { ...(names.length && { hard, used }) };
  return { requeueAt, actions: [{ verb: 'update', resource: QUOTAS, subresource: 'status', object: { ...quota, status } }] };
}

/** A pod that is past its grace counts no more, even if it is still there. */
function nextLeave(quota: KubeObject, view: View, now: number): number | undefined {
  let next: number | undefined;
  for (const { metadata } of view.list('pods', quota.metadata.namespace)) {
    if (!metadata.deletionTimestamp || metadata.deletionGracePeriodSeconds === undefined) continue;
    const at = parseTime(metadata.deletionTimestamp) + metadata.deletionGracePeriodSeconds * 1000 + 1;
    if (at > now && (next === undefined || at < next)) next = at;
  }
  return next;
}

function sum(
  quota: KubeObject,
  resource: Resource,
  names: string[],
  totals: Map<string, Quantity>,
  usage: QuotaUsage,
  view: View,
  now: number,
): void {
  for (const name of names) if (!totals.has(name)) totals.set(name, ZERO);
  for (const object of view.list(resource, quota.metadata.namespace)) {
    if (!usage.quotaMatches(quota, resource, object)) continue;
    for (const [name, amount] of usage.usageOf(resource, object, now)) {
      if (names.includes(name)) totals.set(name, add(totals.get(name) ?? ZERO, amount));
    }
  }
}

/** Quantities are compared by what they mean. */
function sameAmounts(a: Record<string, string> | undefined, b: Record<string, string>): boolean {
  const names = Object.keys(b);
  if (!a || Object.keys(a).length !== names.length) return false;
  return names.every((name) => {
    const [x, y] = [parseQuantity(a[name] ?? ''), parseQuantity(b[name])];
    return x !== undefined && y !== undefined && cmp(x, y) === 0;
  });
}
