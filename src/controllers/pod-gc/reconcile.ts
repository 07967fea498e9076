import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { MISSING_NODE_QUARANTINE_MS } from '../limits.ts';
import type { Action, Controller, Key } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { findCondition } from '../shared/conditions.ts';
import { isTerminal } from '../shared/pods.ts';
import { podStatusUpdate, withPodCondition } from '../shared/pod-status.ts';
import { removedAt, removedNode } from '../node-lifecycle/removal.ts';

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

/** Force-deletes pods that no kubelet will ever finish (pkg/controller/podgc), on changes instead of every 20 seconds. */
export const podGc: Controller = {
  name: 'pod-garbage-collector',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:pod-garbage-collector',
  watches: [
    { resource: 'nodes', keys: nodeKeys },
    { resource: 'pods', keys: podKeys },
    { resource: 'events', keys: eventKeys },
  ],
  reconcile: (key, view, { now, maxWrites }) => {
    const pods = candidates(key, view).filter((pod) => !isForced(pod));
    const due = quarantinedUntil(key, pods, view);
    if (due !== undefined && due > now) return { actions: [], requeueAt: due };
    const actions = pods.slice(0, maxWrites).flatMap((pod) => collect(pod, view, now));
    return { actions, requeueAt: pods.length > maxWrites ? now : undefined };
  },
};

/**
 * End of a missing node's quarantine: it may come back, and all of its pods wait as long as the first (gcOrphaned's nodeQueue).
 */
function quarantinedUntil(key: Key, pods: KubeObject[], view: View): number | undefined {
  if (key.namespace !== '' || !pods.length || view.get('nodes', '', key.name)) return undefined;
  const missing = removedAt(view, key.name) ?? 0;
  return Math.max(missing, Math.min(...pods.map((pod) => parseTime(boundAt(pod))))) + MISSING_NODE_QUARANTINE_MS;
}

function boundAt({ metadata, status }: KubeObject): string {
  const scheduled = findCondition(status?.conditions, 'PodScheduled');
  return (scheduled?.status === 'True' && scheduled.lastTransitionTime) || metadata.creationTimestamp;
}

/** The pods of a key: one pod, or all pods of a node (key without namespace) that is missing. */
function candidates(key: Key, view: View): KubeObject[] {
  if (key.namespace === '') return view.get('nodes', '', key.name) ? [] : podsOf(key.name, view);
  const pod = view.get('pods', key.namespace, key.name);
  return pod ? [pod] : [];
}

const podsOf = (node: string, view: View): KubeObject[] => view.list('pods').filter((pod) => pod.spec?.nodeName === node);

/**
 * The key of a node that comes or goes, and those of pods that terminate on one out of service. A node that is there makes no key of its own
 * dirty, so that key is reconciled after the Event RemovingNode was recorded.
 */
function nodeKeys({ type, object }: Change, view: View): Key[] {
  const { name } = object.metadata;
  const dead = type !== 'DELETED' && isOutOfService(object);
  const going = dead ? podsOf(name, view).filter(({ metadata }) => metadata.deletionTimestamp !== undefined) : [];
  return [
    ...(type === 'MODIFIED' ? [] : [{ namespace: '', name }]),
    ...going.map(({ metadata }) => ({ namespace: metadata.namespace ?? '', name: metadata.name })),
  ];
}

/** The key of a deleted node: its quarantine counts from the Event, which may be written after the key was reconciled. */
function eventKeys({ object }: Change): Key[] {
  const name = removedNode(object);
  return name === undefined ? [] : [{ namespace: '', name }];
}

/** Keys of pods that terminate without a node or on a dead one, and of absent nodes whose quarantine a change may move. */
function podKeys({ type, object, old }: Change, view: View): Key[] {
  const { namespace = '', name, deletionTimestamp } = object.metadata;
  const nodeName = object.spec?.nodeName;
  const gone = type === 'DELETED';
  const going = !gone && deletionTimestamp !== undefined && !old?.metadata.deletionTimestamp;
  const bound = nodeName && old?.spec?.nodeName !== nodeName;
  const moved = nodeName && old && (isForced(old) !== isForced(object) || boundAt(old) !== boundAt(object));
  if (!gone && !going && !bound && !moved) return [];
  if (!nodeName) return going ? [{ namespace, name }] : [];
  const node = view.get('nodes', '', nodeName);
  if (!node) return [{ namespace: '', name: nodeName }];
  return going && isOutOfService(node) ? [{ namespace, name }] : [];
}

/** Whether a node is not ready and has the out-of-service taint. */
function isOutOfService(node: KubeObject): boolean {
  const tainted = (node.spec?.taints ?? []).some((taint: Obj) => taint.key === OUT_OF_SERVICE);
  return tainted && findCondition(node.status?.conditions, 'Ready')?.status !== 'True';
}

const isForced = (pod: KubeObject): boolean =>
  pod.metadata.deletionTimestamp !== undefined && pod.metadata.deletionGracePeriodSeconds === 0;

function collect(pod: KubeObject, view: View, now: number): Action[] {
  const { nodeName } = pod.spec ?? {};
  const going = pod.metadata.deletionTimestamp !== undefined;
  if (!nodeName) return going ? forceDelete(pod, pod.status) : [];
  const node = view.get('nodes', '', nodeName);
  if (node) return going && isOutOfService(node) ? forceDelete(pod, pod.status) : [];
  const said = { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' };
  return forceDelete(pod, withPodCondition(pod, 'DisruptionTarget', 'True', now, said) ?? pod.status);
}

/** Marks a pod that has not ended as Failed, then deletes it (markFailedAndDeletePodWithCondition). */
function forceDelete(pod: KubeObject, status: Obj | undefined): Action[] {
  const { namespace = '', name, uid, generation } = pod.metadata;
  const failed = { ...status, observedGeneration: generation, phase: 'Failed' };
  return [
    ...(isTerminal(pod) ? [] : [podStatusUpdate(pod, failed)]),
    { verb: 'delete', resource: 'pods', namespace, name, uid, gracePeriodSeconds: 0 },
  ];
}
