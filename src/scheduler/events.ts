import type { KubeObject } from '../lib/json.ts';
import { equal } from '../lib/json.ts';
import type { Change } from '../registry/view.ts';
import type { ClusterEvent } from './framework.ts';
import { podAmounts } from './resources.ts';

const NONE: readonly ClusterEvent[] = [];
/** Resources that the claims of pods depend on. */
export const VOLUME_RESOURCES: readonly string[] = [
  'persistentvolumeclaims',
  'persistentvolumes',
  'storage.k8s.io/storageclasses',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csistoragecapacities',
];
const VOLUME_CHANGE: readonly ClusterEvent[] = ['volume/change'];

/** Whether the pod has a node or is promised one: only such pods are counted where they are. */
export const isPlaced = ({ spec, status }: KubeObject): boolean => Boolean(spec.nodeName || status?.nominatedNodeName);

/** Whether the pod names this scheduler. */
export const isOurs = (pod: KubeObject): boolean => (pod.spec?.schedulerName ?? 'default-scheduler') === 'default-scheduler';
/** Whether the pod has ended: it uses nothing of its node. */
export const isFinished = (pod: KubeObject): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
/** Whether the pod waits for a node. */
export const isPending = (pod: KubeObject): boolean =>
  !pod.spec?.nodeName && !pod.metadata.deletionTimestamp && isOurs(pod) && !isFinished(pod);
/** The node whose resources the pod uses. */
export const heldNode = (pod: KubeObject | undefined): string | undefined =>
  pod && !isFinished(pod) ? (pod.spec?.nodeName as string | undefined) || undefined : undefined;

/** Cluster events of a change, for waiting pods: upstream's framework/events.go. */
export function clusterEvents(change: Change): readonly ClusterEvent[] {
  if (change.resource === 'pods') return podEvents(change);
  if (change.resource === 'nodes') return nodeEvents(change);
  return VOLUME_RESOURCES.includes(change.resource) ? VOLUME_CHANGE : NONE;
}

function nodeEvents({ type, object, old }: Change): readonly ClusterEvent[] {
  if (type === 'DELETED') return ['node/delete'];
  if (!old) return ['node/add'];
  const out: ClusterEvent[] = [];
  if (!equal(object.status?.allocatable, old.status?.allocatable)) out.push('node/allocatable');
  if (!equal(object.metadata.labels, old.metadata.labels)) out.push('node/label');
  const { spec = {} } = object;
  if ((old.spec?.unschedulable && !spec.unschedulable) || !equal(spec.taints, old.spec?.taints)) out.push('node/taint');
  return out;
}

function podEvents(change: Change): readonly ClusterEvent[] {
  const { type, object, old } = change;
  const before = heldNode(old);
  const after = type === 'DELETED' ? undefined : heldNode(object);
  if (!before && !after) return waitingEvents(change);
  if (!before) return ['pod/add'];
  if (!after) return ['pod/delete'];
  return changesOf(object, old as KubeObject);
}

/** Events of a pod without a node. When it goes, or is no longer nominated to a node, the room that it was promised is free. */
function waitingEvents({ type, object, old }: Change): readonly ClusterEvent[] {
  const promised: string | undefined = (old ?? object).status?.nominatedNodeName;
  if (type === 'DELETED') return promised ? ['pod/delete'] : NONE;
  const freed: ClusterEvent[] = promised && promised !== object.status?.nominatedNodeName ? ['pod/delete'] : [];
  return old && isPending(object) ? [...changesOf(object, old), ...freed] : freed;
}

/** Events of a changed pod (PodSchedulingPropertiesChange); those of a waiting pod are of interest to itself alone. */
function changesOf(pod: KubeObject, old: KubeObject): readonly ClusterEvent[] {
  const relabelled = !equal(pod.metadata.labels, old.metadata.labels);
  if (!relabelled && pod.metadata.generation === old.metadata.generation) return NONE;
  const out: ClusterEvent[] = relabelled ? ['pod/label'] : [];
  if (shrinks(pod, old)) out.push('pod/scale-down');
  if ((pod.spec.tolerations?.length ?? 0) !== (old.spec.tolerations?.length ?? 0)) out.push('pod/toleration');
  return out;
}

function shrinks(pod: KubeObject, old: KubeObject): boolean {
  const after = podAmounts(pod.spec, false);
  for (const [name, n] of podAmounts(old.spec, false)) if ((after.get(name) ?? 0) < n) return true;
  return false;
}
