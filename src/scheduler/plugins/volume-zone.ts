import { equal, type KubeObject } from '../../lib/json.ts';
import type { Reader } from '../../registry/view.ts';
import { always, type Hint, type Plugin, type PreFilterResult, type Rejection, unresolvable } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { claimNames } from './volume-restrictions.ts';

const NAME = 'VolumeZone';
/** Labels of volumes and nodes that name a zone or region, each with the label that replaced it. */
const LABELS: Record<string, string> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region': 'topology.kubernetes.io/region',
};
/** Between the zones of a volume that is in several (volume helpers LabelZonesToSet). */
const SEPARATOR = '__';

interface Place {
  label: string;
  values: string[];
}

const placesOf = ({ metadata }: KubeObject): Place[] =>
  Object.keys(LABELS).flatMap((label) => {
    const value = metadata.labels?.[label];
    return value === undefined ? [] : [{ label, values: value.split(SEPARATOR).map((one) => one.trim()) }];
  });

/** The volume of a claim; undefined while the claim waits for its first consumer. */
function volumeOf(claim: KubeObject, view: Reader): KubeObject | Rejection | undefined {
  const name: string | undefined = claim.spec.volumeName;
  if (name) return view.get('persistentvolumes', '', name) ?? unresolvable(`persistentvolume "${name}" not found`);
  const className: string =
    claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? claim.spec.storageClassName ?? '';
  if (!className) return unresolvable('PersistentVolumeClaim had no pv name and storageClass name');
  const storageClass = view.get('storage.k8s.io/storageclasses', '', className);
  if (!storageClass) return unresolvable(`storageclass.storage.k8s.io "${className}" not found`);
  return storageClass.volumeBindingMode === 'WaitForFirstConsumer' ? undefined : unresolvable('PersistentVolume had no name');
}

const isIn = ({ labels }: NodeInfo, { label, values }: Place): boolean => {
  const value = labels[label] ?? labels[LABELS[label]];
  return value !== undefined && values.includes(value);
};

const changes: Hint = ({ pod, namespace }, { resource, type, object, old }) => {
  if (type === 'DELETED') return false;
  if (resource === 'persistentvolumeclaims')
    return object.metadata.namespace === namespace && claimNames(pod).includes(object.metadata.name);
  if (resource === 'persistentvolumes') return !old || !equal(placesOf(old), placesOf(object));
  return resource === 'storage.k8s.io/storageclasses' && !old && object.volumeBindingMode === 'WaitForFirstConsumer';
};

/** Volumes with labels of a zone or region may be used there alone (plugins/volumezone). */
export const volumeZone: Plugin = {
  name: NAME,
  events: { 'volume/change': changes, 'node/add': always, 'node/label': always },
  preFilter({ pod, namespace }, { view, state }): PreFilterResult {
    const places: Place[] = [];
    for (const name of claimNames(pod)) {
      const claim = view.get('persistentvolumeclaims', namespace, name);
      if (!claim) return { reject: unresolvable(`persistentvolumeclaim "${name}" not found`) };
      const volume = volumeOf(claim, view);
      if (volume && 'reasons' in volume) return { reject: volume as Rejection };
      if (volume) places.push(...placesOf(volume as KubeObject));
    }
    if (!places.length) return 'skip';
    state.set(NAME, places);
    return undefined;
  },
  filter(_pod, node, { state }) {
    if (!Object.keys(LABELS).some((label) => node.labels[label] !== undefined)) return undefined;
    const outside = (state.get(NAME) as Place[]).some((place) => !isIn(node, place));
    return outside ? unresolvable('node(s) had no available volume zone') : undefined;
  },
};
