import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { checkMutatingPolicy } from './policy.ts';
import { matchDefaults, paramKind } from './webhook.ts';

/** MutatingAdmissionPolicy (registry/admissionregistration/mutatingadmissionpolicy/strategy.go). */
export const MutatingAdmissionPolicy = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicy',
  resource: 'mutatingadmissionpolicies',
  namespaced: false,
  schema: goSchema('io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy'),
  categories: ['api-extensions'],
  storageVersion: 'v1beta1',
  countsGenerations: true,
  plainFinalizers: true,
  needsResourceVersion: true,
  defaults(object) {
    object.spec ??= {};
    object.spec.failurePolicy ??= 'Fail';
    matchDefaults(object.spec.matchConstraints);
  },
  skipsMetaOnUpdate: true,
  validateCreate: checkMutatingPolicy,
  validateUpdate: (object) => [
    ...validateObjectMeta(object.metadata, false, undefined, 'metadata', true),
    ...checkMutatingPolicy(object),
  ],
  columns: columnsOf(
    'admissionregistration.k8s.io/mutatingadmissionpolicies',
    nameCell,
    (object) => object.spec?.mutations?.length ?? 0,
    paramKind,
    ageCell,
  ),
});
