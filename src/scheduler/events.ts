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
  if ((spec.unschedulable ?? false) !== (old.spec?.unschedulable ?? false) || !equal(spec.taints, old.spec?.taints))
    out.push('node/taint');
  return out;
}

function podEvents({ type, object, old }: Change): readonly ClusterEvent[] {
  const before = heldNode(old);
  const after = type === 'DELETED' ? undefined : heldNode(object);
  if (!before && !after) return type === 'DELETED' && object.status?.nominatedNodeName ? ['pod/delete'] : NONE;
  if (!before) return ['pod/add'];
  if (!after) return ['pod/delete'];
  const out: ClusterEvent[] = [];
  if (!equal(object.metadata.labels, old?.metadata.labels)) out.push('pod/label');
  if (!object.metadata.deletionTimestamp !== !old?.metadata.deletionTimestamp) out.push('pod/label');
  if (object.metadata.generation !== old?.metadata.generation && shrinks(object, old as KubeObject)) out.push('pod/scale-down');
  return out;
}

function shrinks(pod: KubeObject, old: KubeObject): boolean {
  const after = podAmounts(pod.spec, false);
  for (const [name, n] of podAmounts(old.spec, false)) if ((after.get(name) ?? 0) < n) return true;
  return false;
}
