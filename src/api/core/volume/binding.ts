import type { KubeObject, Obj } from '../../../lib/json.ts';
import { fromLabelSelector, matches } from '../../machinery/labels.ts';
import { cmp, quantity, value } from '../../machinery/quantity.ts';
import { classOf } from './persistent-volume-claim.ts';

/** What makes a claim and a volume a pair (k8s.io/component-helpers/storage/volume). */

/** Annotation of a claim whose binding is complete. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** Annotation of a claim or volume whose partner the controller chose, not the user. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** Annotation of a claim: the node on which its first consumer will run. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** Annotation of a volume: who provisioned it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** Annotations of a claim: who is to provision its volume. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
/** The provisioner of classes whose volumes are made by hand. */
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner';
/** The built-in provisioner, which simulates directories of nodes. */
export const BUILT_IN_PROVISIONER = 'atoll.dev/hostpath';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

export const annotation = (object: KubeObject, name: string): string | undefined => object.metadata.annotations?.[name];

/** A copy with annotations added. */
export function annotated(object: KubeObject, more: Record<string, string>): KubeObject {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...more } } };
}

/** A copy without some annotations; none left is no map. */
export function withoutAnnotations(object: KubeObject, ...names: string[]): KubeObject {
  const { annotations, ...metadata } = object.metadata;
  const rest = Object.fromEntries(Object.entries(annotations ?? {}).filter(([name]) => !names.includes(name)));
  return { ...object, metadata: Object.keys(rest).length ? { ...metadata, annotations: rest } : metadata };
}

/** Whether a claim names a class, if only the empty one. */
export const hasClass = (claim: KubeObject): boolean =>
  annotation(claim, BETA_CLASS) !== undefined || claim.spec?.storageClassName !== undefined;

/** Whether claim and volume refer to each other for good, as far as the claim says. */
export const isFullyBound = (claim: KubeObject): boolean =>
  Boolean(claim.spec?.volumeName) && annotation(claim, BIND_COMPLETED) !== undefined;

/** Whether a volume is kept for the claim: by name or, once bound, by uid as well (IsVolumeBoundToClaim). */
export function isBoundTo(volume: KubeObject, claim: KubeObject): boolean {
  const ref: Obj | undefined = volume.spec?.claimRef;
  if (!ref || ref.name !== claim.metadata.name || ref.namespace !== claim.metadata.namespace) return false;
  return !ref.uid || ref.uid === claim.metadata.uid;
}

/** The volume bound to the claim; the same object when it was (GetBindVolumeToClaim). */
export function boundVolume(volume: KubeObject, claim: KubeObject): KubeObject {
  const { namespace, name, uid, resourceVersion } = claim.metadata;
  const ref: Obj = volume.spec.claimRef ?? {};
  const isNamed = ref.name === name && ref.namespace === namespace && ref.uid === uid;
  const isOurs = !isBoundTo(volume, claim) && annotation(volume, BOUND_BY_CONTROLLER) === undefined;
  if (isNamed && !isOurs) return volume;
  const claimRef = isNamed ? ref : { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', resourceVersion };
  const bound = { ...volume, spec: { ...volume.spec, claimRef } };
  return isOurs ? annotated(bound, { [BOUND_BY_CONTROLLER]: 'yes' }) : bound;
}

export const modesDiffer = (claim: KubeObject, volume: KubeObject): boolean =>
  (claim.spec?.volumeMode ?? 'Filesystem') !== (volume.spec?.volumeMode ?? 'Filesystem');

/** Whether a volume, or a set of modes, has every access mode that the claim asks for. */
export const hasModes = (modes: readonly string[] | undefined, claim: KubeObject): boolean =>
  (claim.spec?.accessModes ?? []).every((mode: string) => modes?.includes(mode));

export const requestOf = (claim: KubeObject): string | undefined => claim.spec?.resources?.requests?.storage;
export const capacityOf = (volume: KubeObject): string | undefined => volume.spec?.capacity?.storage;

const attributesClass = (object: KubeObject): string => object.spec?.volumeAttributesClassName ?? '';

/** Whether a volume that is kept for a claim can be it: size, mode, attributes class, and not being deleted. */
export const canHold = (volume: KubeObject, claim: KubeObject): boolean =>
  !volume.metadata.deletionTimestamp &&
  !modesDiffer(claim, volume) &&
  attributesClass(claim) === attributesClass(volume) &&
  cmp(quantity(capacityOf(volume)), quantity(requestOf(claim))) >= 0;

/** Whether a volume that nobody has can be the claim's: canHold, and it is available, of the class, and selected. */
export const canTake = (volume: KubeObject, claim: KubeObject): boolean =>
  !volume.spec?.claimRef &&
  volume.status?.phase === 'Available' &&
  classOf(volume) === classOf(claim) &&
  canHold(volume, claim) &&
  (!claim.spec?.selector || matches(fromLabelSelector(claim.spec.selector), volume.metadata.labels ?? {}));

/** Why the volume that a claim names cannot be its volume (checkVolumeSatisfyClaim). */
export function mismatch(volume: KubeObject, claim: KubeObject): string | undefined {
  if (volume.metadata.deletionTimestamp) return `the volume is marked for deletion "${volume.metadata.name}"`;
  if (value(quantity(capacityOf(volume))) < value(quantity(requestOf(claim)))) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if (attributesClass(volume) !== attributesClass(claim)) return 'volumeAttributesClassName does not match';
  if (modesDiffer(claim, volume)) return 'incompatible volumeMode';
  return hasModes(volume.spec?.accessModes, claim) ? undefined : 'incompatible accessMode';
}

/** The name of the claim behind a pod's volume, if one is (component-helpers ephemeral.VolumeClaimName). */
export const claimNameOf = (pod: KubeObject, volume: Obj): string | undefined =>
  volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined);

/** Names of the claims that a pod uses. */
export const claimNamesOf = (pod: KubeObject): string[] =>
  (pod.spec?.volumes ?? [])
    .map((volume: Obj) => claimNameOf(pod, volume))
    .filter((name: string | undefined) => name !== undefined);

/** Why a claim is not that of a pod's ephemeral volume (VolumeIsForPod). */
export function notForPod(pod: KubeObject, claim: KubeObject): string | undefined {
  const owner = claim.metadata.ownerReferences?.find((ref) => ref.controller);
  const { namespace = '', name } = claim.metadata;
  if (owner?.uid === pod.metadata.uid) return undefined;
  return `PVC ${namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`;
}
