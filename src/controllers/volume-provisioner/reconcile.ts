import { annotation, BUILT_IN_PROVISIONER, PROVISIONED_BY } from '../../api/core/volume/binding.ts';
import { equal, type KubeObject } from '../../lib/json.ts';
import { type Action, byObject, type Controller, type Key } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { deletion } from '../shared/objects.ts';
import { CLAIMS, classToProvision, provision, refusedVolume, VOLUMES } from './provision.ts';
import { resize } from './resize.ts';

const MANAGER = 'atoll-provisioner';
const USER = 'system:serviceaccount:kube-system:atoll-provisioner';

const isOurs = (volume: KubeObject): boolean => annotation(volume, PROVISIONED_BY) === BUILT_IN_PROVISIONER;

const claims: Controller = {
  name: 'volume-provisioner',
  manager: MANAGER,
  user: USER,
  watches: [byObject(CLAIMS), { resource: VOLUMES, keys: claimOfVolume }],
  reconcile: (key, view, { now }) => {
    const claim = view.get(CLAIMS, key.namespace, key.name);
    return { actions: claim ? sync(claim, view, now) : [] };
  },
  refused: (key, action, error, view) => {
    const claim = view.get(CLAIMS, key.namespace, key.name);
    return { actions: claim && action.verb === 'create' ? [refusedVolume(claim, error.message)] : [] };
  },
};

/** The claim of a volume that has grown. */
function claimOfVolume({ object, old }: Change): Key[] {
  const { claimRef: ref, capacity } = object.spec ?? {};
  if (!ref || !isOurs(object) || equal(capacity, old?.spec?.capacity)) return [];
  return [{ namespace: ref.namespace ?? '', name: ref.name ?? '' }];
}

function sync(claim: KubeObject, view: View, now: number): Action[] {
  const storageClass = classToProvision(claim, view);
  if (storageClass) return provision(claim, storageClass, view, now);
  const volume = claim.status?.phase === 'Bound' ? view.get(VOLUMES, '', claim.spec?.volumeName ?? '') : undefined;
  if (!volume || !isOurs(volume) || volume.spec?.claimRef?.uid !== claim.metadata.uid) return [];
  return resize(claim, volume, now);
}

/** Deletes what it made, once the claim is gone and the policy says so (shouldDelete). */
const volumes: Controller = {
  name: 'volume-provisioner-deletion',
  manager: MANAGER,
  user: USER,
  watches: [byObject(VOLUMES)],
  reconcile: (key, view) => {
    const volume = view.get(VOLUMES, '', key.name);
    if (!volume || !isOurs(volume) || volume.metadata.deletionTimestamp) return { actions: [] };
    const isDone = volume.status?.phase === 'Released' && volume.spec?.persistentVolumeReclaimPolicy === 'Delete';
    return { actions: isDone ? [deletion(VOLUMES, volume)] : [] };
  },
};

/** The built-in provisioner: volumes for claims of its classes, their growth, and their end. */
export const volumeProvisioner: Controller[] = [claims, volumes];
