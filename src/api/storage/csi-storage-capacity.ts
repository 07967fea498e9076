import { equal, type KubeObject } from '../../lib/json.ts';
import { each } from '../core/validation.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import { type FieldError, invalid } from '../machinery/field-errors.ts';
import { validateLabelSelector } from '../machinery/labels.ts';
import { FIELD_IMMUTABLE } from '../machinery/meta.ts';
import { isDns1123Subdomain } from '../machinery/names.ts';
import { cmp, quantity, ZERO } from '../machinery/quantity.ts';

/** CSIStorageCapacity (registry/storage/csistoragecapacity/strategy.go, storage/validation). */

function validate(object: KubeObject): FieldError[] {
  const errors = validateLabelSelector(object.nodeTopology, {}, 'nodeTopology');
  const className: string = object.storageClassName ?? '';
  errors.push(...each('storageClassName', className, isDns1123Subdomain(className)));
  if (object.capacity !== undefined && cmp(quantity(object.capacity), ZERO) < 0) {
    errors.push(invalid('capacity', object.capacity, 'must be greater than or equal to 0'));
  }
  return errors;
}

export const rules: KindRules = {
  needsResourceVersion: true,
  validateCreate: validate,
  validateUpdate: (object, old) =>
    ['nodeTopology', 'storageClassName']
      .filter((field) => !equal(object[field] ?? null, old[field] ?? null))
      .map((field) => invalid(field, object[field] ?? null, FIELD_IMMUTABLE)),
};
