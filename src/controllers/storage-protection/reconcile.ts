import type { Resource } from '../../api/machinery/define-kind.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { type Controller, type Key, byObject, type Plan } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { podsOfClaim } from '../shared/claim-pods.ts';
import { hasFinalizer, withoutFinalizer } from '../shared/objects.ts';
import { isControlledBy } from '../shared/owners.ts';
import { isTerminal } from '../shared/pods.ts';

const CLAIMS = 'persistentvolumeclaims';
const VOLUMES = 'persistentvolumes';
const CLASSES = 'storage.k8s.io/volumeattributesclasses';

/**
 * Removes the protection finalizer when nothing uses the object, and adds it where it is missing
 * (pkg/controller/volume/pvcprotection, pvprotection, vacprotection).
 */
function protection(
  name: string,
  account: string,
  resource: Resource,
  finalizer: string,
  users: Controller['watches'],
  isUsed: (object: KubeObject, view: View) => boolean,
): Controller {
  return {
    name,
    manager: 'kube-controller-manager',
    user: `system:serviceaccount:kube-system:${account}`,
    watches: [byObject(resource), ...users],
    reconcile: (key, view): Plan => {
      const object = view.get(resource, key.namespace, key.name);
      if (!object) return { actions: [] };
      const { deletionTimestamp, finalizers = [] } = object.metadata;
      const isProtected = hasFinalizer(object, finalizer);
      if (deletionTimestamp && isProtected && !isUsed(object, view)) {
        return { actions: [{ verb: 'update', resource, object: withoutFinalizer(object, finalizer) }] };
      }
      if (deletionTimestamp || isProtected) return { actions: [] };
      const marked = { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
      return { actions: [{ verb: 'update', resource, object: marked }] };
    },
  };
}

const volumesOf = (pod: KubeObject): Obj[] => pod.spec?.volumes ?? [];
const ephemeralClaim = (pod: KubeObject, volume: Obj): string => `${pod.metadata.name}-${volume.name}`;

/** Keys of the claims that a pod no longer uses: it is deleted, has ended, or was never scheduled. */
function claimsOfPod({ type, object: pod }: Change): Key[] {
  if (type !== 'DELETED' && !isTerminal(pod) && pod.spec?.nodeName) return [];
  const { namespace = '' } = pod.metadata;
  return volumesOf(pod).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [{ namespace, name: volume.persistentVolumeClaim.claimName as string }];
    return volume.ephemeral ? [{ namespace, name: ephemeralClaim(pod, volume) }] : [];
  });
}

/** Whether a scheduled pod uses the claim: a kubelet starts no pod whose claim is terminating. */
function claimIsUsed(claim: KubeObject, view: View): boolean {
  const { namespace, name } = claim.metadata;
  return podsOfClaim(view, namespace, name).some((pod) => {
    if (!pod.spec?.nodeName) return false;
    return volumesOf(pod).some((volume) => {
      if (volume.persistentVolumeClaim) return volume.persistentVolumeClaim.claimName === name;
      return volume.ephemeral && !isTerminal(pod) && ephemeralClaim(pod, volume) === name && isControlledBy(claim, pod);
    });
  });
}

/** Classes that a claim or a volume has, requests, or had. */
function classesOf(object: KubeObject | undefined): string[] {
  const { spec, status } = object ?? ({} as Partial<KubeObject>);
  const modify = status?.modifyVolumeStatus?.targetVolumeAttributesClassName;
  return [spec?.volumeAttributesClassName, status?.currentVolumeAttributesClassName, modify].filter(Boolean);
}

const lostClasses = (resource: Resource) => ({
  resource,
  keys: ({ type, object, old }: Change): Key[] => {
    if (type === 'ADDED') return [];
    const still = type === 'DELETED' ? [] : classesOf(object);
    return classesOf(type === 'DELETED' ? object : old)
      .filter((name) => !still.includes(name))
      .map((name) => ({ namespace: '', name }));
  },
});

export const storageProtection: Controller[] = [
  protection(
    'persistentvolumeclaim-protection',
    'pvc-protection-controller',
    CLAIMS,
    'kubernetes.io/pvc-protection',
    [{ resource: 'pods', keys: claimsOfPod }],
    claimIsUsed,
  ),
  protection(
    'persistentvolume-protection',
    'pv-protection-controller',
    VOLUMES,
    'kubernetes.io/pv-protection',
    [],
    (volume) => volume.status?.phase === 'Bound',
  ),
  protection(
    'volumeattributesclass-protection',
    'volumeattributesclass-protection-controller',
    CLASSES,
    'kubernetes.io/vac-protection',
    [lostClasses(CLAIMS), lostClasses(VOLUMES)],
    ({ metadata: { name } }, view) =>
      [...view.list(VOLUMES), ...view.list(CLAIMS)].some((object) => classesOf(object).includes(name)),
  ),
];
