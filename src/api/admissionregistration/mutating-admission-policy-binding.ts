import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import { matchDefaults, paramRef } from './webhook.ts';

/** MutatingAdmissionPolicyBinding (registry/admissionregistration/mutatingadmissionpolicybinding/strategy.go). */
export const rules: KindRules = {
  plainFinalizers: true,
  needsResourceVersion: true,
  defaults: (object) => matchDefaults(object.spec?.matchResources),
  columns: columnsOf(
    'admissionregistration.k8s.io/mutatingadmissionpolicybindings',
    nameCell,
    textCell('spec', 'policyName'),
    paramRef,
    ageCell,
  ),
};
