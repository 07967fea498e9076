import { equal, type KubeObject } from '../../lib/json.ts';
import { each } from '../machinery/checks.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, invalid } from '../machinery/field-errors.ts';
import { hasInvalidLabelValue, validateLabelSelector } from '../machinery/labels.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../machinery/meta.ts';
import { isDns1123Subdomain } from '../machinery/names.ts';
import { cmp, quantity, ZERO } from '../machinery/quantity.ts';

/** CSIStorageCapacity (registry/storage/csistoragecapacity/strategy.go, storage/validation). */

function validate(object: KubeObject, old?: KubeObject): FieldError[] {
  const options = { allowInvalidLabelValueInSelector: hasInvalidLabelValue(old?.nodeTopology) };
  const errors = validateLabelSelector(object.nodeTopology, options, 'nodeTopology');
  const className: string = object.storageClassName ?? '';
  errors.push(...each('storageClassName', className, isDns1123Subdomain(className)));
  if (object.capacity !== undefined && cmp(quantity(object.capacity), ZERO) < 0) {
    errors.push(invalid('capacity', object.capacity, 'must be greater than or equal to 0'));
  }
  return errors;
}

export const CSIStorageCapacity = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  resource: 'csistoragecapacities',
  namespaced: true,
  schema: goSchema('io.k8s.api.storage.v1.CSIStorageCapacity'),
  needsResourceVersion: true,
  validateCreate: (object) => validate(object),
  validateUpdate: (object, old) => [
    ...validateObjectMeta(object.metadata, true, undefined, 'metadata'),
    ...validate(object, old),
    ...['nodeTopology', 'storageClassName']
      .filter((field) => !equal(object[field] ?? null, old[field] ?? null))
      .map((field) => invalid(field, object[field] ?? null, FIELD_IMMUTABLE)),
  ],
});
