import { equal, type KubeObject, type Obj } from '../../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell, textOr } from '../../machinery/columns.ts';
import { sentEmpty } from '../../machinery/decode-fast.ts';
import { defineKind } from '../../machinery/define-kind.ts';
import { goSchema } from '../../schema/go.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../../machinery/meta.ts';
import { isDns1123Subdomain } from '../../machinery/names.ts';
import { cmp, quantity, value, ZERO } from '../../machinery/quantity.ts';
import { rfc3339 } from '../../machinery/time.ts';
import { classOf, modesText } from './persistent-volume-claim.ts';
import { volumeWarnings } from './warnings.ts';
import { checkSources, SOURCE_FIELDS } from './persistent-volume-sources.ts';
import { validateNodeSelector } from '../pod/spec-affinity.ts';
import { shownNodeSelector, volumeSourceDiff } from '../pod/update-diff.ts';
import { each, keepSpec, keepStatus } from '../../machinery/checks.ts';

/** PersistentVolume (registry/core/persistentvolume/strategy.go, ValidatePersistentVolume). */

const MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const RECLAIM = ['Delete', 'Recycle', 'Retain'];
const VOLUME_MODES = ['Block', 'Filesystem'];

function defaults(object: KubeObject): void {
  object.spec ??= {};
  const { spec } = object;
  object.status ??= {};
  object.status.phase ||= 'Pending';
  spec.persistentVolumeReclaimPolicy ||= 'Retain';
  spec.volumeMode ??= 'Filesystem';
  if (spec.hostPath) spec.hostPath.type ??= '';
  if (spec.iscsi) spec.iscsi.iscsiInterface ||= 'default';
  if (spec.rbd) {
    spec.rbd.pool ||= 'rbd';
    spec.rbd.user ||= 'admin';
    spec.rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (spec.scaleIO) {
    spec.scaleIO.storageMode ||= 'ThinProvisioned';
    spec.scaleIO.fsType ||= 'xfs';
  }
  if (spec.azureDisk) {
    spec.azureDisk.cachingMode ??= 'ReadWrite';
    spec.azureDisk.kind ??= 'Shared';
    spec.azureDisk.fsType ??= 'ext4';
    spec.azureDisk.readOnly ??= false;
  }
}

function checkModes(modes: string[]): FieldError[] {
  const path = 'spec.accessModes';
  const errors: FieldError[] = modes.length ? [] : [required(path)];
  for (const mode of modes) if (!MODES.includes(mode)) errors.push(notSupported(path, mode, MODES));
  const known = modes.filter((mode) => MODES.includes(mode));
  if (known.includes('ReadWriteOncePod') && known.some((mode) => mode !== 'ReadWriteOncePod')) {
    errors.push(forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
  }
  return errors;
}

/** `sent` is empty when it was sent empty, undefined when it was not sent. */
function checkCapacity(sent: Record<string, string> | undefined): FieldError[] {
  const path = 'spec.capacity';
  const capacity = sent ?? {};
  const names = Object.keys(capacity);
  const errors: FieldError[] = names.length ? [] : [required(path)];
  if (capacity.storage === undefined || names.length > 1) {
    errors.push(notSupported(path, sent ?? null, ['storage']));
  }
  for (const name of names) {
    const amount = quantity(capacity[name]);
    if (value(amount) < 0) errors.push(invalid(`${path}[${name}]`, value(amount), 'must be a valid resource quantity'));
    if (cmp(amount, ZERO) <= 0) errors.push(invalid(`${path}[${name}]`, capacity[name], 'must be greater than zero'));
  }
  return errors;
}

function checkNodeAffinity(affinity: Obj | undefined): FieldError[] {
  if (!affinity) return [];
  const errors: FieldError[] = [];
  const path = 'spec.nodeAffinity.required';
  if (!affinity.required) return [required(path, 'must specify required node constraints')];
  validateNodeSelector(affinity.required, false, path, errors);
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const { spec } = object;
  const errors = [...checkModes(spec.accessModes ?? []), ...checkCapacity(spec.capacity ?? sentEmpty(spec, 'capacity'))];
  const reclaim = spec.persistentVolumeReclaimPolicy;
  if (reclaim && !RECLAIM.includes(reclaim)) errors.push(notSupported('spec.persistentVolumeReclaimPolicy', reclaim, RECLAIM));
  errors.push(...checkNodeAffinity(spec.nodeAffinity), ...checkSources(spec, 'spec'));
  if (spec.hostPath && /^\/+$/.test(spec.hostPath.path ?? '') && reclaim === 'Recycle') {
    errors.push(forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"));
  }
  if (spec.storageClassName)
    errors.push(...each('spec.storageClassName', spec.storageClassName, isDns1123Subdomain(spec.storageClassName)));
  if (spec.volumeMode !== undefined && !VOLUME_MODES.includes(spec.volumeMode)) {
    errors.push(notSupported('spec.volumeMode', spec.volumeMode, VOLUME_MODES));
  }
  const className = spec.volumeAttributesClassName;
  if (className === undefined) return errors;
  const path = 'spec.volumeAttributesClassName';
  if (!className) errors.push(required(path, 'an empty string is disallowed'));
  else errors.push(...each(path, className, isDns1123Subdomain(className)));
  if (!spec.csi) errors.push(required('spec.csi', 'has to be specified when using volumeAttributesClassName'));
  return errors;
}

function sameSource(object: KubeObject, old: KubeObject): boolean {
  return SOURCE_FIELDS.every((field) => {
    let now = object.spec[field];
    const before = old.spec[field];
    // A secret for expansion may be added later.
    if (field === 'csi' && now && before && !before.controllerExpandSecretRef) {
      const { controllerExpandSecretRef: _, ...rest } = now;
      now = rest;
    }
    return equal(now ?? null, before ?? null);
  });
}

/** Upstream's strategy and its update check both look at the whole object. */
function validateUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  const errors = [...validate(object), ...validateObjectMeta(object.metadata, false, undefined, 'metadata'), ...validate(object)];
  if (!sameSource(object, old)) {
    const diff = volumeSourceDiff(old.spec, object.spec);
    errors.push(forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${diff}`));
  }
  if (object.spec.volumeMode !== old.spec.volumeMode) {
    errors.push(invalid('volumeMode', object.spec.volumeMode ?? null, FIELD_IMMUTABLE));
  }
  if (old.spec.nodeAffinity && !equal(object.spec.nodeAffinity ?? null, old.spec.nodeAffinity)) {
    const detail = `${FIELD_IMMUTABLE}, except for updating from beta label to GA`;
    const required = object.spec.nodeAffinity?.required;
    const shown = object.spec.nodeAffinity && { Required: required ? shownNodeSelector(required) : null };
    errors.push(invalid('nodeAffinity', shown ?? null, detail));
  }
  if (old.spec.volumeAttributesClassName !== undefined && object.spec.volumeAttributesClassName === undefined) {
    errors.push(forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'));
  }
  return errors;
}

function claim(object: KubeObject): string {
  const ref = object.spec?.claimRef;
  return ref ? `${ref.namespace ?? ''}/${ref.name ?? ''}` : '';
}

export const PersistentVolume = defineKind({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  resource: 'persistentvolumes',
  namespaced: false,
  schema: goSchema('io.k8s.api.core.v1.PersistentVolume'),
  shortNames: ['pv'],
  status: true,
  returnsDeleted: true,
  defaults,
  prepareCreate(object, cx) {
    object.status = { phase: 'Pending', lastPhaseTransitionTime: rfc3339(cx.now) };
  },
  prepareUpdate: keepStatus,
  prepareStatus(object, old, cx) {
    keepSpec(object, old);
    if (object.status?.phase === old.status?.phase) return;
    if (object.status?.lastPhaseTransitionTime !== old.status?.lastPhaseTransitionTime) return;
    object.status = { ...object.status, lastPhaseTransitionTime: rfc3339(cx.now) };
  },
  validateCreate: validate,
  validateUpdate,
  warnings: volumeWarnings,
  columns: columnsOf(
    'persistentvolumes',
    nameCell,
    (object) => object.spec?.capacity?.storage ?? '0',
    (object) => modesText(object.spec?.accessModes),
    textCell('spec', 'persistentVolumeReclaimPolicy'),
    (object) => (object.metadata.deletionTimestamp ? 'Terminating' : (object.status?.phase ?? '')),
    claim,
    classOf,
    textOr('<unset>', 'spec', 'volumeAttributesClassName'),
    textCell('status', 'reason'),
    ageCell,
    textOr('<unset>', 'spec', 'volumeMode'),
  ),
});
