import type { KubeObject } from '../lib/json.ts';
import { CONTAINERS_STOP_MS } from './limits.ts';
import { type Controller, type Key, byObject, type Plan, type ReconcileCx } from '../reconcile/plan.ts';
import type { Change, View } from '../registry/view.ts';
import { freeAddress } from './ip-pool.ts';
import { isVirtual } from '../api/core/virtual-node.ts';
import { planNode } from './node.ts';
import { SIMULATE } from './runtimes/sim/behaviour.ts';
import { syncPod } from './sync-pod.ts';

const NOBODY: Key[] = [];

/** One agent for all virtual nodes (SPEC.md). A key with a namespace is a pod, one without is a node. */
export const kubelet: Controller = {
  name: 'kubelet',
  manager: 'kubelet',
  user: 'system:node:virtual',
  lowPriority: true,
  watches: [
    { resource: 'pods', keys: podKeys },
    { resource: 'pods', keys: stoppingPod, afterMs: CONTAINERS_STOP_MS },
    byObject('nodes'),
    { resource: 'nodes', keys: podsOfNewNode },
    { resource: 'namespaces', keys: nodesOfLeaseNamespace },
  ],
  reconcile,
};

/** Bound pods that are not where their stages lead. A simulated pod that is gone is looked at once more: it may have left a timer. */
function podKeys(change: Change, view: View): Key[] {
  const { metadata, spec, status } = change.object;
  if (!spec?.nodeName || isStopping(change)) return NOBODY;
  const arrived = change.type === 'DELETED' ? Boolean(status?.podIP) : hasArrived(change.object);
  if (arrived && !isSimulated(change.object, view)) return NOBODY;
  return [{ namespace: metadata.namespace ?? '', name: metadata.name }];
}

/** A pod that is told to stop is seen doing so for a moment. */
function stoppingPod(change: Change): Key[] {
  const { metadata, spec } = change.object;
  return spec?.nodeName && isStopping(change) ? [{ namespace: metadata.namespace ?? '', name: metadata.name }] : NOBODY;
}

const isStopping = ({ type, object }: Change): boolean => type !== 'DELETED' && object.metadata.deletionTimestamp !== undefined;

/** By the fast stages, which are most pods': ready, or a Job's pod that is done. */
function hasArrived({ metadata, status }: KubeObject): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return true;
  return status?.phase === 'Running' && !metadata.ownerReferences?.some((ref) => ref.kind === 'Job');
}

const isSimulated = (pod: KubeObject, view: View): boolean =>
  pod.metadata.annotations?.[SIMULATE] !== undefined ||
  view.get('nodes', '', pod.spec.nodeName)?.metadata.annotations?.[SIMULATE] !== undefined;

/** A node that came or was taken over, or whose behaviour or addresses changed: its pods look again. */
function podsOfNewNode(change: Change, view: View): Key[] {
  const { object, old, type } = change;
  if (type === 'DELETED' || !isVirtual(object) || (old && same(object, old))) return [];
  return view
    .list('pods')
    .filter((pod) => pod.spec?.nodeName === object.metadata.name)
    .map(({ metadata }) => ({ namespace: metadata.namespace ?? '', name: metadata.name }));
}

const same = (a: Change['object'], b: Change['object']): boolean =>
  isVirtual(b) &&
  a.spec?.podCIDR === b.spec?.podCIDR &&
  JSON.stringify(a.metadata.annotations) === JSON.stringify(b.metadata.annotations);

/** Leases wait for their namespace. */
function nodesOfLeaseNamespace(change: Change, view: View): Key[] {
  if (change.object.metadata.name !== 'kube-node-lease' || change.type !== 'ADDED') return [];
  return view.list('nodes').map(({ metadata }) => ({ namespace: '', name: metadata.name }));
}

function reconcile(key: Key, view: View, { now }: ReconcileCx): Plan {
  if (!key.namespace) {
    const node = view.get('nodes', '', key.name);
    return { actions: node ? planNode(node, view, now) : [] };
  }
  const pod = view.get('pods', key.namespace, key.name);
  const node = pod?.spec?.nodeName && view.get('nodes', '', pod.spec.nodeName);
  if (!pod || !node || !isVirtual(node)) return { actions: [] };
  return syncPod(pod, node, () => freeAddress(node.spec?.podCIDR, view), now);
}
