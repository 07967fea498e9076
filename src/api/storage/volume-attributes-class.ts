import { equal, type KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, forbidden } from '../machinery/field-errors.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { checkParameters, checkProvisioner } from './checks.ts';

/** VolumeAttributesClass (registry/storage/volumeattributesclass/strategy.go, storage/validation). */

const validate = (object: KubeObject): FieldError[] => [
  ...checkProvisioner(object.driverName, 'driverName'),
  ...checkParameters(object.parameters, false, 'parameters'),
];

export const VolumeAttributesClass = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  resource: 'volumeattributesclasses',
  namespaced: false,
  schema: goSchema('io.k8s.api.storage.v1.VolumeAttributesClass'),
  shortNames: ['vac'],
  returnsDeleted: true,
  validateCreate: validate,
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    for (const field of ['driverName', 'parameters'] as const) {
      if (!equal(object[field] ?? null, old[field] ?? null)) errors.push(forbidden(field, `updates to ${field} are forbidden.`));
    }
    return [...errors, ...validateObjectMeta(object.metadata, false, undefined, 'metadata'), ...validate(object)];
  },
  columns: columnsOf('storage.k8s.io/volumeattributesclasses', nameCell, textCell('driverName'), ageCell),
});
