import { canTake, claimNamesOf, hasClass, hasModes } from '../../api/core/volume/binding.ts';
import { classOf } from '../../api/core/volume/persistent-volume-claim.ts';
import { DEFAULT_STORAGE_CLASS, isDefault } from '../../api/storage/default-class.ts';
import type { KubeObject } from '../../lib/json.ts';
import { byObject, type Controller, type Key } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { CONSUMER_NOTICE_MS } from '../limits.ts';
import { isTerminal } from '../shared/pods.ts';
import { isDelayed, syncClaim, waitsForNode } from './claim.ts';
import { RECYCLER, RECYCLER_NAMESPACE } from './recycle.ts';
import { CLAIMS, CLASSES, VOLUMES } from './resources.ts';
import { syncVolume } from './volume.ts';
import { volumeIndex } from './volume-index.ts';

const MANAGER = 'kube-controller-manager';
const USER = 'system:serviceaccount:kube-system:persistent-volume-binder';
const NOBODY: Key[] = [];

const volumes: Controller = {
  name: 'persistentvolume-binder-volumes',
  manager: MANAGER,
  user: USER,
  watches: [byObject(VOLUMES), { resource: CLAIMS, keys: volumesOfClaim }, { resource: 'pods', keys: volumesOfPod }],
  reconcile: (key, view, { now }) => {
    const volume = view.get(VOLUMES, '', key.name);
    return volume ? syncVolume(volume, view, now) : { actions: [] };
  },
};

const claims: Controller = {
  name: 'persistentvolume-binder',
  manager: MANAGER,
  user: USER,
  watches: [
    byObject(CLAIMS),
    { resource: VOLUMES, keys: claimsOfVolume },
    { resource: CLASSES, keys: claimsOfClass },
    { resource: 'pods', keys: claimsOfPod, afterMs: CONSUMER_NOTICE_MS },
  ],
  reconcile: (key, view, { now }) => {
    const claim = view.get(CLAIMS, key.namespace, key.name);
    return { actions: claim ? syncClaim(claim, view, now) : [] };
  },
};

/** Volumes, then claims (pkg/controller/volume/persistentvolume). */
export const persistentVolumeBinder: Controller[] = [volumes, claims];

const clusterKey = (name: string): Key => ({ namespace: '', name });
const keyOf = (text: string): Key => ({ namespace: text.slice(0, text.indexOf('/')), name: text.slice(text.indexOf('/') + 1) });

/** Volumes that a claim names or that are kept for it, when it comes, goes, or names another. */
function volumesOfClaim({ type, object, old }: Change, view: View): Key[] {
  const [before, after]: (string | undefined)[] = [old?.spec?.volumeName, object.spec?.volumeName];
  if (type === 'MODIFIED' && before === after && old?.metadata.uid === object.metadata.uid) return NOBODY;
  const { namespace, name } = object.metadata;
  const names = new Set(volumeIndex(view).keptFor(namespace, name));
  for (const volume of [before, after]) if (volume) names.add(volume);
  return [...names].map(clusterKey);
}

/** The volume that a pod cleans, and volumes that a pod no longer uses. */
function volumesOfPod({ type, object: pod }: Change, view: View): Key[] {
  const { namespace, name } = pod.metadata;
  if (namespace === RECYCLER_NAMESPACE && name.startsWith(RECYCLER)) return recycled(pod.metadata);
  if (type === 'ADDED' || (type === 'MODIFIED' && !isTerminal(pod))) return NOBODY;
  return claimNamesOf(pod).flatMap((claim) => [...volumeIndex(view).keptFor(namespace, claim)].map(clusterKey));
}

const recycled = ({ name }: { name: string }): Key[] => [clusterKey(name.slice(RECYCLER.length))];

/** Claims that a volume is kept for, that name it, and that could take it now that nobody has it. */
function claimsOfVolume({ type, object, old }: Change, view: View): Key[] {
  const index = volumeIndex(view);
  const found = new Set(index.naming(object.metadata.name));
  for (const ref of [old?.spec?.claimRef, object.spec?.claimRef]) if (ref) found.add(`${ref.namespace ?? ''}/${ref.name}`);
  const isFree = type !== 'DELETED' && object.status?.phase === 'Available' && !object.spec?.claimRef;
  const keys = [...found].map(keyOf);
  if (!isFree) return keys;
  for (const text of index.waiting(classOf(object))) {
    const key = keyOf(text);
    const claim = view.get(CLAIMS, key.namespace, key.name);
    if (claim && hasModes(object.spec?.accessModes, claim) && canTake(object, claim)) keys.push(key);
  }
  return keys;
}

/** Claims that wait for a volume of the class or, when it is the default, of any. */
function claimsOfClass({ object }: Change, view: View): Key[] {
  const index = volumeIndex(view);
  const keys = [...index.waiting(object.metadata.name)].map(keyOf);
  if (!isDefault(object, DEFAULT_STORAGE_CLASS)) return keys;
  const isClassless = ({ namespace, name }: Key) => {
    const claim = view.get(CLAIMS, namespace, name);
    return claim !== undefined && !hasClass(claim);
  };
  return [...keys, ...[...index.waiting('')].map(keyOf).filter(isClassless)];
}

/** Claims of a pod that came, went, or got a node, while they wait for their first consumer. */
function claimsOfPod({ type, object, old }: Change, view: View): Key[] {
  const waits = (pod: KubeObject | undefined) => pod !== undefined && waitsForNode(pod);
  if (waits(old) === (type !== 'DELETED' && waits(object)) && type === 'MODIFIED') return NOBODY;
  const { namespace = '' } = object.metadata;
  return claimNamesOf(object).flatMap((name) => {
    const claim = view.get(CLAIMS, namespace, name);
    return claim && !claim.spec?.volumeName && isDelayed(claim, view) ? [{ namespace, name }] : [];
  });
}
