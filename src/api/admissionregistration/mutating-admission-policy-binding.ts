import type { KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import type { FieldError } from '../machinery/field-errors.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { checkMutatingOperations, checkBinding } from './binding.ts';
import { matchDefaults, paramRef } from './webhook.ts';

const validate = (object: KubeObject): FieldError[] => [
  ...checkBinding(object),
  ...checkMutatingOperations(object.spec?.matchResources, 'spec.matchResources.resourceRules.operations'),
];

/** MutatingAdmissionPolicyBinding (registry/admissionregistration/mutatingadmissionpolicybinding/strategy.go). */
export const rules: KindRules = {
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
};
