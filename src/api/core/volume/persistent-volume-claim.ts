import { clone, equal, type KubeObject, type Obj } from '../../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell, textOr } from '../../machinery/columns.ts';
import { defineKind } from '../../machinery/define-kind.ts';
import { goSchema } from '../../schema/go.ts';
import { type FieldError, forbidden, invalid, required } from '../../machinery/field-errors.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../../machinery/meta.ts';
import { cmp, quantity, value } from '../../machinery/quantity.ts';
import { claimSpecDiff } from '../pod/update-diff.ts';
import { keepStatus } from '../../machinery/checks.ts';
import { claimWarnings } from './warnings.ts';
import { validateClaimSpec } from './claim.ts';
import { defaultClaimSpec } from './defaults.ts';

/** PersistentVolumeClaim (registry/core/persistentvolumeclaim/strategy.go, ValidatePersistentVolumeClaim). */

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';
const SHORT: [string, string][] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

/** Access modes as Tables show them (helper GetAccessModesAsString). */
export const modesText = (modes: string[] | undefined): string =>
  SHORT.filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');

/** The class of a claim or volume: the old annotation goes before the field. */
export const classOf = (object: KubeObject): string =>
  object.metadata.annotations?.[BETA_CLASS] ?? object.spec?.storageClassName ?? '';

/** dataSource and dataSourceRef mirror each other unless a namespace is named (NormalizeDataSources). */
function normalizeSources(spec: Obj): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) spec.dataSource = { ...dataSourceRef };
}

/** Old clients may name sources of any kind in dataSource; only two kinds stay (EnforceDataSourceBackwardsCompatibility). */
function dropUnknownSource(spec: Obj, old?: Obj): void {
  const { dataSource, dataSourceRef } = spec;
  if (!dataSource || dataSourceRef || (old && (old.dataSource || old.dataSourceRef))) return;
  const group: string = dataSource.apiGroup ?? '';
  const isClaim = dataSource.kind === 'PersistentVolumeClaim' && group === '';
  const isSnapshot = dataSource.kind === 'VolumeSnapshot' && group === 'snapshot.storage.k8s.io';
  if (!isClaim && !isSnapshot) delete spec.dataSource;
}

function checkSpec(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  validateClaimSpec(object.spec ?? {}, 'spec', errors);
  return errors;
}

const storageOf = (spec: Obj | undefined) => quantity(spec?.resources?.requests?.storage);

/** The new spec with everything that may change put back to what it was. */
function frozenSpec(object: KubeObject, old: KubeObject): Obj {
  const spec = clone(object.spec) as Obj;
  const before: Obj = old.spec ?? {};
  const put = (field: string) => {
    if (before[field] === undefined) delete spec[field];
    else spec[field] = before[field];
  };
  const defaulted = before.storageClassName === undefined && old.metadata.annotations?.[BETA_CLASS] === undefined;
  if (defaulted && object.spec?.storageClassName !== undefined) put('storageClassName');
  if (object.status?.phase !== 'Bound') return spec;
  if (spec.resources?.requests) spec.resources.requests.storage = before.resources?.requests?.storage;
  put('volumeAttributesClassName');
  return spec;
}

function validateUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  const errors = [...validateObjectMeta(object.metadata, true, undefined, 'metadata'), ...checkSpec(object)];
  const annotation = object.metadata.annotations?.[BETA_CLASS] ?? '';
  if (annotation !== (old.metadata.annotations?.[BETA_CLASS] ?? '')) {
    errors.push(invalid(`metadata.annotations[${BETA_CLASS}]`, annotation, FIELD_IMMUTABLE));
  }
  // A volume may be chosen once.
  const before = { ...old.spec, volumeName: old.spec?.volumeName || object.spec?.volumeName };
  const frozen = frozenSpec(object, old);
  if (!equal(frozen, before)) {
    const except = 'except resources.requests and volumeAttributesClassName for bound claims';
    const diff = claimSpecDiff(before, frozen, object.spec ?? {});
    errors.push(forbidden('spec', `spec is immutable after creation ${except}\n${diff}`));
  }
  const size = storageOf(object.spec);
  if (cmp(size, storageOf(old.spec)) < 0 && cmp(size, quantity(old.status?.capacity?.storage)) <= 0) {
    errors.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  }
  if (object.spec?.volumeMode !== old.spec?.volumeMode) {
    errors.push(invalid('volumeMode', object.spec?.volumeMode ?? null, FIELD_IMMUTABLE));
  }
  const className = object.spec?.volumeAttributesClassName;
  if (
    className !== old.spec?.volumeAttributesClassName &&
    old.status?.currentVolumeAttributesClassName !== undefined &&
    !className
  ) {
    const to = className === undefined ? 'nil' : 'empty string';
    const detail = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`;
    errors.push(forbidden('spec.volumeAttributesClassName', detail));
  }
  return errors;
}

function validateStatus(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  if (!object.spec?.accessModes?.length) errors.push(required('Spec.accessModes'));
  for (const name in object.status?.capacity ?? {}) {
    const amount = value(quantity(object.status.capacity[name]));
    if (amount < 0) errors.push(invalid(`status.capacity[${name}]`, amount, 'must be a valid resource quantity'));
  }
  return errors;
}

export const PersistentVolumeClaim = defineKind({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  resource: 'persistentvolumeclaims',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.PersistentVolumeClaim'),
  shortNames: ['pvc'],
  status: true,
  returnsDeleted: true,
  defaults(object) {
    object.spec ??= {};
    defaultClaimSpec(object.spec);
    object.status ??= {};
    object.status.phase ||= 'Pending';
  },
  prepareCreate(object) {
    object.status = { phase: 'Pending' };
    dropUnknownSource(object.spec);
    normalizeSources(object.spec);
  },
  prepareUpdate(object, old) {
    keepStatus(object, old);
    dropUnknownSource(object.spec, old.spec);
    normalizeSources(object.spec);
  },
  validateCreate: checkSpec,
  validateUpdate,
  validateStatus,
  warnings: claimWarnings,
  columns: columnsOf(
    'persistentvolumeclaims',
    nameCell,
    (object) => (object.metadata.deletionTimestamp ? 'Terminating' : (object.status?.phase ?? '')),
    textCell('spec', 'volumeName'),
    (object) => (object.spec?.volumeName ? (object.status?.capacity?.storage ?? '0') : ''),
    (object) => (object.spec?.volumeName ? modesText(object.status?.accessModes) : ''),
    classOf,
    textOr('<unset>', 'spec', 'volumeAttributesClassName'),
    ageCell,
    textOr('<unset>', 'spec', 'volumeMode'),
  ),
});
