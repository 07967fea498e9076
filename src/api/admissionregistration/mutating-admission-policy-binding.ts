import type { KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import type { FieldError } from '../machinery/field-errors.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { checkMutatingOperations, checkBinding } from './binding.ts';
import { matchDefaults, paramRef } from './webhook.ts';

const validate = (object: KubeObject): FieldError[] => [
  ...checkBinding(object),
  ...checkMutatingOperations(object.spec?.matchResources, 'spec.matchResources.resourceRules.operations'),
];

/** MutatingAdmissionPolicyBinding (registry/admissionregistration/mutatingadmissionpolicybinding/strategy.go). */
export const MutatingAdmissionPolicyBinding = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicyBinding',
  resource: 'mutatingadmissionpolicybindings',
  namespaced: false,
  schema: goSchema('io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding'),
  categories: ['api-extensions'],
  storageVersion: 'v1beta1',
  countsGenerations: true,
  plainFinalizers: true,
  needsResourceVersion: true,
  skipsMetaOnUpdate: true,
  defaults: (object) => matchDefaults(object.spec?.matchResources),
  validateCreate: validate,
  validateUpdate: (object) => [...validateObjectMeta(object.metadata, false, undefined, 'metadata'), ...validate(object)],
  columns: columnsOf(
    'admissionregistration.k8s.io/mutatingadmissionpolicybindings',
    nameCell,
    textCell('spec', 'policyName'),
    paramRef,
    ageCell,
  ),
});
