import { concerns, quotaMatches, usageOf } from '../../api/core/quota-usage.ts';
import { type Resource, resourceOf } from '../../api/machinery/define-kind.ts';
import { add, cmp, formatQuantity, parseQuantity, type Quantity, ZERO } from '../../api/machinery/quantity.ts';
import { parseTime, secondsInMs } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { type Controller, type Key, byObject, type Plan } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { isTerminal } from '../shared/pods.ts';

const QUOTAS = 'resourcequotas';
/** Resources that are never counted (quota/v1/install DefaultIgnoredResources). */
const IGNORED = ['events'];

/** Counts what a namespace uses of its quotas (pkg/controller/resourcequota). */
export const resourceQuotaController: Controller = {
  name: 'resourcequota',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:resourcequota-controller',
  watches: [byObject(QUOTAS), { resource: '*', except: [...IGNORED, QUOTAS], keys: quotasOf }],
  reconcile: (key, view, { now }) => {
    const quota = view.get(QUOTAS, key.namespace, key.name);
    return quota ? recount(quota, view, now) : { actions: [] };
  },
};

/** The resources that are counted: all that are namespaced. */
const countedIn = ({ kinds }: View): Resource[] =>
  kinds
    .filter((kind) => kind.namespaced)
    .map(resourceOf)
    .filter((resource) => !IGNORED.includes(resource));

/** Keys of the quotas of a namespace whose usage changed. */
function quotasOf({ resource, type, object, old }: Change, view: View): Key[] {
  const { namespace = '' } = object.metadata;
  if (!namespace) return [];
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
function recount(quota: KubeObject, view: View, now: number): Plan {
  const hard: Record<string, string> = quota.spec?.hard ?? {};
  const names = Object.keys(hard);
  const asked = { ...quota, status: { ...quota.status, hard } } as KubeObject;
  const totals = new Map<string, Quantity>();
  for (const resource of countedIn(view)) {
    const concerned = names.filter((name) => concerns(resource, name));
    if (concerned.length) sum(asked, resource, concerned, totals, view, now);
  }
  const used: Record<string, string> = {};
  for (const name of names) {
    const total = totals.get(name);
    const text = total ? formatQuantity(total) : quota.status?.used?.[name];
    if (text !== undefined) used[name] = text;
  }
  const requeueAt = names.some((name) => concerns('pods', name)) ? nextExpiry(quota, view, now) : undefined;
  const same = quota.status?.used && sameAmounts(quota.status.hard, hard) && sameAmounts(quota.status.used, used);
  if (same || (!names.length && quota.status && !quota.status.hard && !quota.status.used)) return { actions: [], requeueAt };
  const status: Obj = { ...(names.length && { hard, used }) };
  return { requeueAt, actions: [{ verb: 'update', resource: QUOTAS, subresource: 'status', object: { ...quota, status } }] };
}

/** The time at which the next pod's grace period ends: from then on it is not counted, even if it still exists. */
function nextExpiry(quota: KubeObject, view: View, now: number): number | undefined {
  let next: number | undefined;
  for (const { metadata } of view.list('pods', quota.metadata.namespace)) {
    if (!metadata.deletionTimestamp || metadata.deletionGracePeriodSeconds === undefined) continue;
    const at = parseTime(metadata.deletionTimestamp) + secondsInMs(metadata.deletionGracePeriodSeconds) + 1;
    if (at > now && (next === undefined || at < next)) next = at;
  }
  return next;
}

function sum(
  quota: KubeObject,
  resource: Resource,
  names: string[],
  totals: Map<string, Quantity>,
  view: View,
  now: number,
): void {
  for (const name of names) if (!totals.has(name)) totals.set(name, ZERO);
  for (const object of view.list(resource, quota.metadata.namespace)) {
    if (!quotaMatches(quota, resource, object)) continue;
    for (const [name, amount] of usageOf(resource, object, now)) {
      if (names.includes(name)) totals.set(name, add(totals.get(name) ?? ZERO, amount));
    }
  }
}

/** Whether two usages are equal; quantities are compared by value. */
function sameAmounts(a: Record<string, string> | undefined, b: Record<string, string>): boolean {
  const names = Object.keys(b);
  if (!a || Object.keys(a).length !== names.length) return false;
  return names.every((name) => {
    const [x, y] = [parseQuantity(a[name] ?? ''), parseQuantity(b[name])];
    return x !== undefined && y !== undefined && cmp(x, y) === 0;
  });
}
