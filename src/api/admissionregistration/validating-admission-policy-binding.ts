import type { KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import type { FieldError } from '../machinery/field-errors.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { checkActions, checkBinding } from './binding.ts';
import { matchDefaults, paramRef } from './webhook.ts';

const validate = (object: KubeObject): FieldError[] => [
  ...checkBinding(object),
  ...checkActions(object.spec?.validationActions ?? [], 'spec.validationActions'),
];

/** ValidatingAdmissionPolicyBinding (registry/admissionregistration/validatingadmissionpolicybinding/strategy.go). */
export const ValidatingAdmissionPolicyBinding = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  resource: 'validatingadmissionpolicybindings',
  namespaced: false,
  schema: goSchema('io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding'),
  categories: ['api-extensions'],
  countsGenerations: true,
  plainFinalizers: true,
  needsResourceVersion: true,
  skipsMetaOnUpdate: true,
  defaults: (object) => matchDefaults(object.spec?.matchResources),
  validateCreate: validate,
  validateUpdate: (object) => [...validateObjectMeta(object.metadata, false, undefined, 'metadata'), ...validate(object)],
  columns: columnsOf(
    'admissionregistration.k8s.io/validatingadmissionpolicybindings',
    nameCell,
    textCell('spec', 'policyName'),
    paramRef,
    ageCell,
  ),
});
