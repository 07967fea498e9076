import type { KubeObject } from '../../lib/json.ts';
import { type Action, type Controller, type Key, byObject, type Plan, type ReconcileCx } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { findCondition } from '../shared/conditions.ts';
import { isPodReady } from '../../api/core/pod/conditions.ts';
import { podStatusUpdate, withPodCondition } from '../shared/pod-status.ts';
import { deadline, lostStatus } from './health.ts';
import { nodeRemoval } from './removal.ts';
import { isNewcomer, wantedTaints } from './taints.ts';

const NODES = 'nodes';
const LEASES = 'coordination.k8s.io/leases';
const LEASE_NAMESPACE = 'kube-node-lease';
const COMPONENT = 'node-controller';
const USER = 'system:serviceaccount:kube-system:node-controller';
const MANAGER = 'kube-controller-manager';

/** Deprecated labels that follow their stable forms (labelReconcileInfo). */
const OLD_LABELS: [string, string][] = [
  ['kubernetes.io/os', 'beta.kubernetes.io/os'],
  ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
];

/** Sets the health of nodes, and the taints and labels that follow from their conditions (pkg/controller/nodelifecycle). */
const health: Controller = {
  name: 'node-lifecycle',
  manager: MANAGER,
  user: USER,
  watches: [byObject(NODES), { resource: LEASES, keys: leaseKeys }],
  reconcile: (key, view, cx) => {
    const node = view.get(NODES, '', key.name);
    return node ? reconcile(node, view, cx) : { actions: [] };
  },
};

/** Marks pods not ready when their node stops being ready (MarkPodsNotReady). */
const podsOfLostNodes: Controller = {
  name: 'node-pods-readiness',
  manager: MANAGER,
  user: USER,
  watches: [{ resource: NODES, keys: (change, view) => (stoppedBeingReady(change) ? byObject(NODES).keys(change, view) : []) }],
  reconcile: (key, view, cx) => {
    const node = view.get(NODES, '', key.name);
    if (!isNotReady(node)) return { actions: [] };
    const pods = view.list('pods').filter((pod) => pod.spec?.nodeName === key.name && isPodReady(pod));
    const actions = pods.slice(0, cx.maxWrites).flatMap((pod) => notReady(pod, cx.now));
    return { actions, requeueAt: pods.length > cx.maxWrites ? cx.now : undefined };
  },
};

export const nodeLifecycle: Controller[] = [health, podsOfLostNodes, nodeRemoval];

/**
 * Whether the change made the node not ready. The change counts, not the state: a kubelet that is back reports its pods itself.
 */
function stoppedBeingReady({ object, old }: Change): boolean {
  return old !== undefined && !isNotReady(old) && isNotReady(object);
}

function isNotReady(node: KubeObject | undefined): boolean {
  const ready = findCondition(node?.status?.conditions, 'Ready');
  return ready !== undefined && ready.status !== 'True';
}

function notReady(pod: KubeObject, now: number): Action[] {
  const status = withPodCondition(pod, 'Ready', 'False', now, {});
  if (!status) return [];
  const event = { reason: 'NodeNotReady', message: 'Node is not ready', component: COMPONENT };
  return [podStatusUpdate(pod, status), { verb: 'event', regarding: pod, type: 'Warning', ...event }];
}

function leaseKeys({ object }: Change): Key[] {
  return object.metadata.namespace === LEASE_NAMESPACE ? [{ namespace: '', name: object.metadata.name }] : [];
}

/** Plan for a node: a lost one first gets its conditions; its taints follow when these have changed. */
function reconcile(node: KubeObject, view: View, { now }: ReconcileCx): Plan {
  const lost = deadline(node, view.get(LEASES, LEASE_NAMESPACE, node.metadata.name));
  if (lost !== undefined && lost < now) {
    const status = lostStatus(node, now);
    if (status)
      return {
        actions: [{ verb: 'update', resource: NODES, subresource: 'status', object: { ...node, status } }, ...goneEvents(node)],
      };
  }
  return { actions: writeSpec(node, now), requeueAt: lost !== undefined && lost >= now ? lost + 1 : undefined };
}

function goneEvents(node: KubeObject): Action[] {
  if (findCondition(node.status?.conditions, 'Ready')?.status !== 'True') return [];
  const message = `Node ${node.metadata.name} status is now: NodeNotReady`;
  return [{ verb: 'event', regarding: node, type: 'Normal', reason: 'NodeNotReady', message, component: COMPONENT }];
}

function writeSpec(node: KubeObject, now: number): Action[] {
  const taints = wantedTaints(node, now);
  const labels = wantedLabels(node);
  const sameTaints = taints === node.spec?.taints || (!taints.length && !node.spec?.taints?.length);
  if (sameTaints && labels === node.metadata.labels) return [];
  const { taints: _, ...spec } = node.spec ?? {};
  const object = { ...node, metadata: { ...node.metadata, labels }, spec: { ...spec, ...(taints.length && { taints }) } };
  const registered: Action = {
    verb: 'event',
    regarding: node,
    type: 'Normal',
    reason: 'RegisteredNode',
    message: `Node ${node.metadata.name} event: Registered Node ${node.metadata.name} in Controller`,
    component: COMPONENT,
  };
  const welcome = isNewcomer(node) && !isNewcomer(object);
  return [{ verb: 'update', resource: NODES, object }, ...(welcome ? [registered] : [])];
}

function wantedLabels(node: KubeObject): Record<string, string> | undefined {
  const labels = node.metadata.labels;
  const stale = OLD_LABELS.filter(([stable, old]) => labels?.[stable] !== undefined && labels[old] !== labels[stable]);
  if (!stale.length) return labels;
  return { ...labels, ...Object.fromEntries(stale.map(([stable, old]) => [old, labels?.[stable] ?? ''])) };
}
