import { parseTime, secondsInMs } from '../../api/machinery/time.ts';
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import type { Action, Controller, Key, Plan } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { findCondition } from '../shared/conditions.ts';
import { deletion } from '../shared/objects.ts';
import { podStatusUpdate, withPodCondition } from '../shared/pod-status.ts';
import { noExecute, tolerates } from '../shared/taints.ts';

const COMPONENT = 'taint-eviction-controller';

/** Deletes pods from nodes whose NoExecute taints they do not tolerate, or no longer (pkg/controller/tainteviction). */
export const taintEviction: Controller = {
  name: COMPONENT,
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:taint-eviction-controller',
  watches: [
    { resource: 'nodes', keys: podsOfTaintedNode },
    { resource: 'pods', keys: podOnTaintedNode },
  ],
  reconcile: (key, view, { now }) => {
    const pod = view.get('pods', key.namespace, key.name);
    const node = pod?.spec?.nodeName ? view.get('nodes', '', pod.spec.nodeName) : undefined;
    const taints = noExecute(node?.spec?.taints);
    if (!pod || !node || pod.metadata.deletionTimestamp || !taints.length) return { actions: [] };
    return judge(pod, node, taints, now);
  },
};

function podsOfTaintedNode({ object, old }: Change, view: View): Key[] {
  const taints = noExecute(object.spec?.taints);
  if (old && equal(taints, noExecute(old.spec?.taints))) return [];
  if (!old && !taints.length) return [];
  return view
    .list('pods')
    .filter((pod) => pod.spec?.nodeName === object.metadata.name)
    .map(({ metadata: { namespace = '', name } }) => ({ namespace, name }));
}

/** Keys of a pod that was bound to a tainted node, or whose tolerations changed there. */
function podOnTaintedNode({ type, object, old }: Change, view: View): Key[] {
  const { nodeName, tolerations } = object.spec ?? {};
  if (!nodeName || type === 'DELETED') return [];
  if (old?.spec?.nodeName === nodeName && equal(old?.spec?.tolerations ?? [], tolerations ?? [])) return [];
  const node = view.get('nodes', '', nodeName);
  if (!noExecute(node?.spec?.taints).length) return [];
  return [{ namespace: object.metadata.namespace ?? '', name: object.metadata.name }];
}

/** processPodOnNode: at once without a toleration, else after the shortest tolerationSeconds of those that match. */
function judge(pod: KubeObject, node: KubeObject, taints: Obj[], now: number): Plan {
  const tolerations: Obj[] = pod.spec.tolerations ?? [];
  const used = taints.map((taint) => tolerations.find((toleration) => tolerates(toleration, taint)));
  if (used.some((toleration) => toleration === undefined)) return { actions: evict(pod, now) };
  const seconds = used.map((toleration) => toleration?.tolerationSeconds).filter((s) => s !== undefined && s !== null);
  if (!seconds.length) return { actions: [] };
  const at = since(pod, node, taints) + secondsInMs(Math.max(0, Math.min(...seconds.map(Number))));
  return at <= now ? { actions: evict(pod, now) } : { actions: [], requeueAt: at };
}

/** The time since which the pod has met these taints, from stored objects: upstream uses the time at which it observed them. */
function since(pod: KubeObject, node: KubeObject, taints: Obj[]): number {
  const bound = findCondition(pod.status?.conditions, 'PodScheduled')?.lastTransitionTime ?? pod.metadata.creationTimestamp;
  const times = [bound, ...taints.map((taint) => taint.timeAdded ?? lastEdit(node))].map((text) => parseTime(text ?? ''));
  return Math.max(...times.filter((time) => !Number.isNaN(time)));
}

/** The time of the node's last taint edit, from managedFields: a taint set by a person carries no time. */
function lastEdit(node: KubeObject): string {
  const times = (node.metadata.managedFields ?? [])
    .filter((entry) => entry.fieldsV1?.['f:spec']?.['f:taints'])
    .map((entry) => entry.time ?? '');
  return times.sort().at(-1) ?? node.metadata.creationTimestamp;
}

function evict(pod: KubeObject, now: number): Action[] {
  const { namespace = '', name } = pod.metadata;
  const said = { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' };
  const status = withPodCondition(pod, 'DisruptionTarget', 'True', now, said);
  const message = `Marking for deletion Pod ${namespace}/${name}`;
  return [
    { verb: 'event', regarding: pod, type: 'Normal', reason: 'TaintManagerEviction', message, component: COMPONENT },
    ...(status ? [podStatusUpdate(pod, status)] : []),
    deletion('pods', pod),
  ];
}
