import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Action, Change, Controller, Key, View } from '../../reconcile/plan.ts';
import { findCondition } from '../shared/conditions.ts';
import { isTerminal } from '../shared/pods.ts';
import { podStatusUpdate, withPodCondition } from '../shared/pod-status.ts';
import { BATCH } from '../shared/objects.ts';

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

/**
 * Force-deletes pods that no kubelet will ever finish (pkg/controller/podgc); events take the place of its rounds every 20
 * seconds.
 */
export const podGc: Controller = {
  name: 'pod-garbage-collector',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:pod-garbage-collector',
  watches: [
    { resource: 'nodes', keys: nodeKeys },
    { resource: 'pods', keys: podKeys },
  ],
  reconcile: (key, view, { now }) => ({
    actions: candidates(key, view)
      .filter((pod) => !isForced(pod))
      .slice(0, BATCH)
      .flatMap((pod) => collect(pod, view, now)),
  }),
};

/** Keys are pods, or nodes (without namespace) whose pods are all looked at. */
function candidates(key: Key, view: View): KubeObject[] {
  if (key.namespace === '') return view.list('pods').filter((pod) => pod.spec?.nodeName === key.name);
  const pod = view.get('pods', key.namespace, key.name);
  return pod ? [pod] : [];
}

function nodeKeys({ type, object }: Change): Key[] {
  return type === 'DELETED' || isOutOfService(object) ? [{ namespace: '', name: object.metadata.name }] : [];
}

/** A pod that goes without a node, that goes on a dead one, or that is bound to none that exists. */
function podKeys({ type, object, old }: Change, view: View): Key[] {
  if (type === 'DELETED') return [];
  const { namespace = '', name, deletionTimestamp } = object.metadata;
  const nodeName = object.spec?.nodeName;
  const going = deletionTimestamp !== undefined && !old?.metadata.deletionTimestamp;
  const bound = nodeName && old?.spec?.nodeName !== nodeName;
  if (!going && !bound) return [];
  const node = nodeName ? view.get('nodes', '', nodeName) : undefined;
  return (going && !nodeName) || (nodeName && !node) || (going && node && isOutOfService(node)) ? [{ namespace, name }] : [];
}

/** Not ready, and somebody has said that it will not come back. */
function isOutOfService(node: KubeObject): boolean {
  const tainted = (node.spec?.taints ?? []).some((taint: Obj) => taint.key === OUT_OF_SERVICE);
  return tainted && findCondition(node.status?.conditions, 'Ready')?.status !== 'True';
}

const isForced = (pod: KubeObject): boolean =>
  pod.metadata.deletionTimestamp !== undefined && pod.metadata.deletionGracePeriodSeconds === 0;

function collect(pod: KubeObject, view: View, now: number): Action[] {
  const { nodeName } = pod.spec ?? {};
  const going = pod.metadata.deletionTimestamp !== undefined;
  if (!nodeName) return going ? forceDelete(pod, isTerminal(pod) ? undefined : { ...pod.status, phase: 'Failed' }) : [];
  const node = view.get('nodes', '', nodeName);
  if (node)
    return going && isOutOfService(node)
      ? forceDelete(pod, isTerminal(pod) ? undefined : { ...pod.status, phase: 'Failed' })
      : [];
  if (isTerminal(pod)) return forceDelete(pod, undefined);
  const said = { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' };
  const status = withPodCondition(pod, 'DisruptionTarget', 'True', now, said) ?? pod.status;
  return forceDelete(pod, { ...status, phase: 'Failed' });
}

function forceDelete(pod: KubeObject, status: Obj | undefined): Action[] {
  const { namespace = '', name, uid } = pod.metadata;
  return [
    ...(status ? [podStatusUpdate(pod, status)] : []),
    { verb: 'delete', resource: 'pods', namespace, name, uid, gracePeriodSeconds: 0 },
  ];
}
