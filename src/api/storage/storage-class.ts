import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { ageCell, columnsOf, textCell, textOr } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { duplicate, type FieldError, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../machinery/meta.ts';
import { checkQualifiedName } from '../machinery/checks.ts';
import { classWarnings } from '../core/volume/warnings.ts';
import { DEFAULT_STORAGE_CLASS } from './default-class.ts';
import { checkParameters, checkProvisioner } from './checks.ts';

/** StorageClass (registry/storage/storageclass/strategy.go, storage/validation). */

const RECLAIM = ['Delete', 'Retain'];
const BINDING = ['Immediate', 'WaitForFirstConsumer'];
const FIXED = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'];

function checkRequirement(requirement: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const values: string[] = requirement.values ?? [];
  if (!values.length) errors.push(required(`${path}.values`));
  values.forEach((value, i) => {
    if (values.indexOf(value) < i) errors.push(duplicate(`${path}.values[${i}]`, value));
  });
  return [...errors, ...checkQualifiedName(requirement.key ?? '', `${path}.key`)];
}

/** A term without expressions counts as a duplicate: upstream's list of those seen starts with as many empty ones. */
function checkTopologies(terms: Obj[]): FieldError[] {
  const errors: FieldError[] = [];
  const seen: string[] = terms.map(() => '[]');
  terms.forEach((term, i) => {
    const path = `allowedTopologies[${i}].matchLabelExpressions`;
    const expressions: Obj[] = term.matchLabelExpressions ?? [];
    const keys = expressions.map((e) => e.key ?? '');
    expressions.forEach((expression, j) => {
      errors.push(...checkRequirement(expression, `${path}[${j}]`));
      if (keys.indexOf(keys[j]) < j) errors.push(duplicate(`${path}[${j}].key`, keys[j]));
    });
    const text = JSON.stringify(expressions.map((e) => [e.key, [...(e.values ?? [])].sort()]).sort());
    for (const other of seen) if (other === text) errors.push(duplicate(path, ''));
    seen.push(text);
  });
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const errors = [
    ...checkProvisioner(object.provisioner, 'provisioner'),
    ...checkParameters(object.parameters, true, 'parameters'),
  ];
  const { reclaimPolicy, volumeBindingMode } = object;
  if (reclaimPolicy && !RECLAIM.includes(reclaimPolicy)) errors.push(notSupported('reclaimPolicy', reclaimPolicy, RECLAIM));
  if (volumeBindingMode === undefined) errors.push(required('volumeBindingMode'));
  else if (!BINDING.includes(volumeBindingMode)) errors.push(notSupported('volumeBindingMode', volumeBindingMode, BINDING));
  return [...errors, ...checkTopologies(object.allowedTopologies ?? [])];
}

const validateUpdate = (object: KubeObject, old: KubeObject): FieldError[] => [
  ...validateObjectMeta(object.metadata, false, undefined, 'metadata'),
  ...validate(object),
  ...FIXED.filter((field) => !equal(object[field] ?? null, old[field] ?? null)).map((field) =>
    invalid(field, object[field] ?? null, FIELD_IMMUTABLE),
  ),
];

const isDefault = (object: KubeObject): boolean => DEFAULT_STORAGE_CLASS.some((a) => object.metadata.annotations?.[a] === 'true');

export const StorageClass = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  resource: 'storageclasses',
  namespaced: false,
  schema: goSchema('io.k8s.api.storage.v1.StorageClass'),
  shortNames: ['sc'],
  returnsDeleted: true,
  defaults(object) {
    object.reclaimPolicy ??= 'Delete';
    object.volumeBindingMode ??= 'Immediate';
  },
  validateCreate: validate,
  validateUpdate,
  warnings: classWarnings,
  columns: columnsOf(
    'storage.k8s.io/storageclasses',
    (object) => object.metadata.name + (isDefault(object) ? ' (default)' : ''),
    textCell('provisioner'),
    textOr('Delete', 'reclaimPolicy'),
    textOr('Immediate', 'volumeBindingMode'),
    (object) => object.allowVolumeExpansion ?? false,
    ageCell,
  ),
});
