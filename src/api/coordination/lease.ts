import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import type { KubeObject } from '../../lib/json.ts';
import { type FieldError, invalid } from '../machinery/field-errors.ts';

/** Lease (registry/coordination/lease/strategy.go). Coordinated leader election is off in 1.36: its fields are dropped. */

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = object.spec ?? {};
  if (duration !== undefined && duration <= 0)
    errors.push(invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  if (transitions !== undefined && transitions < 0) {
    errors.push(invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
  }
  return errors;
}

export const Lease = defineKind({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  resource: 'leases',
  namespaced: true,
  schema: goSchema('io.k8s.api.coordination.v1.Lease'),
  plainFinalizers: true,
  createOnUpdate: true,
  needsResourceVersion: true,
  prepareCreate(object) {
    delete object.spec?.strategy;
    delete object.spec?.preferredHolder;
  },
  prepareUpdate(object, old) {
    if (old.spec?.strategy === undefined) delete object.spec?.strategy;
    if (old.spec?.preferredHolder === undefined) delete object.spec?.preferredHolder;
  },
  validateCreate: validate,
  validateUpdate: validate,
  columns: columnsOf('coordination.k8s.io/leases', nameCell, textCell('spec', 'holderIdentity'), ageCell),
});
