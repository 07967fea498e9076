import type { KubeObject, Obj } from '../../lib/json.ts';
import { always, type Cycle, type Hint, type Plugin, type PreFilterResult, unresolvable, unschedulable } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';

const NAME = 'VolumeRestrictions';

/** Names of the claims that a pod's volumes name; ephemeral volumes have claims of their own. */
export const claimNames = (pod: KubeObject): string[] =>
  ((pod.spec.volumes ?? []) as Obj[]).flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);

const overlap = (a: string[] = [], b: string[] = []): boolean => a.some((one) => b.includes(one));
const writable = (a: Obj, b: Obj): boolean => !(a.readOnly && b.readOnly);

/** By kind of volume, whether two of them cannot be used on one node at the same time (isVolumeConflict). */
const CONFLICTS: Record<string, (a: Obj, b: Obj) => boolean> = {
  gcePersistentDisk: (a, b) => a.pdName === b.pdName && writable(a, b),
  awsElasticBlockStore: (a, b) => a.volumeID === b.volumeID,
  iscsi: (a, b) => a.iqn === b.iqn && writable(a, b),
  rbd: (a, b) =>
    overlap(a.monitors, b.monitors) && (a.pool ?? 'rbd') === (b.pool ?? 'rbd') && a.image === b.image && writable(a, b),
};
const KINDS = Object.keys(CONFLICTS);

function conflict(pod: KubeObject, other: KubeObject): boolean {
  for (const volume of (pod.spec.volumes ?? []) as Obj[]) {
    const kind = KINDS.find((name) => volume[name]);
    if (!kind) continue;
    const others = ((other.spec.volumes ?? []) as Obj[]).filter((one) => one[kind]);
    if (others.some((one) => CONFLICTS[kind](volume[kind], one[kind]))) return true;
  }
  return false;
}

/** Whether another pod uses one of these claims of the pod's namespace. */
const inUse = ({ namespace }: PodInfo, claims: string[], { nodes }: Cycle): boolean =>
  nodes.some((node) =>
    [...node.pods.values()].some((other) => other.namespace === namespace && overlap(claimNames(other.pod), claims)),
  );

const frees: Hint = ({ pod, namespace }, { object }) =>
  object.metadata.namespace === namespace && (conflict(pod, object) || overlap(claimNames(pod), claimNames(object)));

const comes: Hint = ({ pod, namespace }, { resource, type, object }) =>
  resource === 'persistentvolumeclaims' &&
  type === 'ADDED' &&
  object.metadata.namespace === namespace &&
  claimNames(pod).includes(object.metadata.name);

/** Disks that one node or one pod alone may use (plugins/volumerestrictions). */
export const volumeRestrictions: Plugin = {
  name: NAME,
  events: { 'pod/delete': frees, 'node/add': always, 'volume/change': comes },
  preFilter(info, cycle): PreFilterResult {
    const { pod, namespace } = info;
    const exclusive: string[] = [];
    for (const name of claimNames(pod)) {
      const claim = cycle.view.get('persistentvolumeclaims', namespace, name);
      if (!claim) return { reject: unresolvable(`persistentvolumeclaim "${name}" not found`) };
      if (claim.spec.accessModes?.includes('ReadWriteOncePod')) exclusive.push(name);
    }
    const taken = exclusive.length > 0 && inUse(info, exclusive, cycle);
    const hasDisks = ((pod.spec.volumes ?? []) as Obj[]).some((volume) => KINDS.some((kind) => volume[kind]));
    if (!taken && !hasDisks) return 'skip';
    cycle.state.set(NAME, taken);
    return undefined;
  },
  filter({ pod }, node, { state }) {
    for (const other of node.pods.values()) if (conflict(pod, other.pod)) return unschedulable('node(s) had no available disk');
    return state.get(NAME)
      ? unschedulable(
          'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
        )
      : undefined;
  },
};
