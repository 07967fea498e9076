import { contains, masked, type Network, parseCIDR, parseIP } from '../../api/machinery/ip.ts';
import { parseTime, rfc3339 } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { byObject, type Controller, type Key, type Plan } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { SERVICE_CIDR_DELETION_MS } from '../limits.ts';
import { findCondition } from '../shared/conditions.ts';
import { hasFinalizer, withoutFinalizer } from '../shared/objects.ts';

const CIDRS = 'networking.k8s.io/servicecidrs';
const ADDRESSES = 'networking.k8s.io/ipaddresses';
const FINALIZER = 'networking.k8s.io/service-cidr-finalizer';
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by';
const ALLOCATOR = 'ipallocator.k8s.io';

const READY = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' };
const TERMINATING = {
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
};

/** Marks ServiceCIDRs as ready, and keeps those whose addresses would be nobody's (pkg/controller/servicecidrs). */
export const serviceCidr: Controller = {
  name: 'service-cidr',
  manager: 'service-cidr-controller',
  user: 'system:serviceaccount:kube-system:service-cidrs-controller',
  watches: [byObject(CIDRS), { resource: CIDRS, keys: overlapping }, { resource: ADDRESSES, keys: containing }],
  reconcile,
};

const networksOf = ({ spec }: KubeObject): Network[] =>
  ((spec?.cidrs ?? []) as string[]).flatMap((text) => parseCIDR(text) ?? []);

const isWithin = (inner: Network, outer: Network): boolean =>
  outer.bits <= inner.bits && contains(outer, { ...inner.address, bytes: masked(inner) });

const keyOf = ({ metadata }: KubeObject): Key => ({ namespace: '', name: metadata.name });

/** Keys of the ServiceCIDRs that contain this one or are contained: its coming or going may unblock their deletion. */
function overlapping({ object }: Change, view: View): Key[] {
  const own = networksOf(object);
  return view
    .list(CIDRS)
    .filter((other) => networksOf(other).some((a) => own.some((b) => isWithin(a, b) || isWithin(b, a))))
    .map(keyOf);
}

/** Keys of the ServiceCIDRs that an allocated address lies in. */
function containing({ type, object }: Change, view: View): Key[] {
  if (type === 'MODIFIED' || object.metadata.labels?.[MANAGED_BY] !== ALLOCATOR) return [];
  return around(object, view).map(keyOf);
}

function around({ metadata }: KubeObject, view: View): KubeObject[] {
  const address = parseIP(metadata.name);
  return address ? view.list(CIDRS).filter((cidr) => networksOf(cidr).some((network) => contains(network, address))) : [];
}

function reconcile(key: Key, view: View, { now }: { now: number }): Plan {
  const cidr = view.get(CIDRS, '', key.name);
  if (!cidr) return { actions: [] };
  const { deletionTimestamp, finalizers = [] } = cidr.metadata;
  if (!deletionTimestamp) {
    if (hasFinalizer(cidr, FINALIZER)) return condition(cidr, READY, now);
    const object = { ...cidr, metadata: { ...cidr.metadata, finalizers: [...finalizers, FINALIZER] } };
    return { actions: [{ verb: 'update', resource: CIDRS, object }] };
  }
  if (!hasFinalizer(cidr, FINALIZER)) return { actions: [] };
  if (!mayGo(cidr, view)) return condition(cidr, TERMINATING, now);
  // Upstream lets allocators of other API servers hear of the deletion first.
  const at = parseTime(deletionTimestamp) + SERVICE_CIDR_DELETION_MS;
  if (now < at) return { actions: [], requeueAt: at };
  return { actions: [{ verb: 'update', resource: CIDRS, object: withoutFinalizer(cidr, FINALIZER) }] };
}

/** Whether every address of it lies in another ServiceCIDR too (canDeleteCIDR). */
function mayGo(cidr: KubeObject, view: View): boolean {
  const others = view.list(CIDRS).filter(({ metadata }) => metadata.name !== cidr.metadata.name);
  const networks = networksOf(cidr);
  if (networks.every((one) => others.some((other) => networksOf(other).some((outer) => isWithin(one, outer))))) return true;
  return !view
    .list(ADDRESSES)
    .filter(({ metadata }) => metadata.labels?.[MANAGED_BY] === ALLOCATOR)
    .some((address) => {
      const all = around(address, view);
      return all.length === 1 && all[0].metadata.name === cidr.metadata.name;
    });
}

function condition(cidr: KubeObject, wanted: { status: string; reason: string; message: string }, now: number): Plan {
  const conditions: Obj[] = cidr.status?.conditions ?? [];
  const known = findCondition(conditions, 'Ready');
  if (known && known.status === wanted.status && known.reason === wanted.reason && known.message === wanted.message) {
    return { actions: [] };
  }
  const next = { lastTransitionTime: rfc3339(now), ...wanted, type: 'Ready' };
  const object = { ...cidr, status: { ...cidr.status, conditions: [...conditions.filter((c) => c !== known), next] } };
  return { actions: [{ verb: 'update', resource: CIDRS, subresource: 'status', object }] };
}
