import type { KubeObject } from '../../lib/json.ts';
import { type Action, byObject, type Controller, type Key, type Plan } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { hasFinalizer, withoutFinalizer } from '../shared/objects.ts';
import { addressesOf, freeAddress, POOLS } from './pool.ts';

const SERVICES = 'services';
const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';

/** Gives load balancers an address (cloud-provider controllers/service): one write a step, and the write brings the key back. */
export const serviceLb: Controller = {
  name: 'service-lb',
  manager: 'service-controller',
  user: 'system:serviceaccount:kube-system:service-controller',
  watches: [
    byObject(SERVICES),
    { resource: SERVICES, keys: waitingOnRelease },
    { resource: 'configmaps', keys: waitingForPools },
  ],
  reconcile,
};

/** Other controllers serve the classes that they name. */
const wantsBalancer = ({ metadata, spec }: KubeObject): boolean =>
  spec?.type === 'LoadBalancer' && spec.loadBalancerClass === undefined && !metadata.deletionTimestamp;

const waiting = (view: View): Key[] =>
  view
    .list(SERVICES)
    .filter((service) => wantsBalancer(service) && !addressesOf(service).length)
    .map(({ metadata }) => ({ namespace: metadata.namespace ?? '', name: metadata.name }));

/** An address is free again. */
function waitingOnRelease({ type, object, old }: Change, view: View): Key[] {
  const before = type === 'DELETED' ? object : old;
  const isReleased = before && addressesOf(before).some((ip) => type === 'DELETED' || !addressesOf(object).includes(ip));
  return isReleased ? waiting(view) : [];
}

function waitingForPools({ object: { metadata } }: Change, view: View): Key[] {
  return metadata.name === POOLS.name && metadata.namespace === POOLS.namespace ? waiting(view) : [];
}

function reconcile(key: Key, view: View): Plan {
  const service = view.get(SERVICES, key.namespace, key.name);
  if (!service) return { actions: [] };
  if (!wantsBalancer(service)) return { actions: hasFinalizer(service, FINALIZER) ? release(service) : [] };
  if (!hasFinalizer(service, FINALIZER)) {
    const finalizers = [...(service.metadata.finalizers ?? []), FINALIZER];
    const object = { ...service, metadata: { ...service.metadata, finalizers } };
    return { actions: [event(service, 'EnsuringLoadBalancer', 'Ensuring load balancer'), update(object)] };
  }
  return { actions: addressesOf(service).length ? [] : ensure(service, view) };
}

function ensure(service: KubeObject, view: View): Action[] {
  const found = freeAddress(service, view);
  if ('why' in found) {
    const message = `Error syncing load balancer: failed to ensure load balancer: ${found.why}`;
    return [event(service, 'SyncLoadBalancerFailed', message, 'Warning')];
  }
  const loadBalancer = { ingress: [{ ip: found.ip, ipMode: 'VIP' }] };
  const object = { ...service, status: { ...service.status, loadBalancer } };
  return [
    { verb: 'update', resource: SERVICES, subresource: 'status', object },
    event(service, 'EnsuredLoadBalancer', 'Ensured load balancer'),
  ];
}

/** A Service that is deleted, or has another type, gives its address back: the strategy has cleared the status of the latter. */
const release = (service: KubeObject): Action[] => [
  event(service, 'DeletingLoadBalancer', 'Deleting load balancer'),
  update(withoutFinalizer(service, FINALIZER)),
  event(service, 'DeletedLoadBalancer', 'Deleted load balancer'),
];

const update = (object: KubeObject): Action => ({ verb: 'update', resource: SERVICES, object });

const event = (regarding: KubeObject, reason: string, message: string, type: 'Normal' | 'Warning' = 'Normal'): Action => ({
  verb: 'event',
  regarding,
  type,
  reason,
  message,
  component: 'service-controller',
});
