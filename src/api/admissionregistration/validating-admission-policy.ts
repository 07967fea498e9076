import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { checkValidatingPolicy } from './policy.ts';
import { matchDefaults, paramKind } from './webhook.ts';

/** ValidatingAdmissionPolicy (registry/admissionregistration/validatingadmissionpolicy/strategy.go). */
export const ValidatingAdmissionPolicy = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  resource: 'validatingadmissionpolicies',
  namespaced: false,
  schema: goSchema('io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy'),
  categories: ['api-extensions'],
  status: true,
  statusResetsMetadata: true,
  countsGenerations: true,
  plainFinalizers: true,
  needsResourceVersion: true,
  defaults(object) {
    object.spec ??= {};
    object.spec.failurePolicy ??= 'Fail';
    matchDefaults(object.spec.matchConstraints);
  },
  skipsMetaOnUpdate: true,
  validateCreate: checkValidatingPolicy,
  validateUpdate: (object) => [
    ...validateObjectMeta(object.metadata, false, undefined, 'metadata', true),
    ...checkValidatingPolicy(object),
  ],
  columns: columnsOf(
    'admissionregistration.k8s.io/validatingadmissionpolicies',
    nameCell,
    (object) => object.spec?.validations?.length ?? 0,
    paramKind,
    ageCell,
  ),
});
