import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import { matchDefaults, paramKind } from './webhook.ts';

/** ValidatingAdmissionPolicy (registry/admissionregistration/validatingadmissionpolicy/strategy.go). */
export const rules: KindRules = {
  plainFinalizers: true,
  needsResourceVersion: true,
  defaults(object) {
    object.spec ??= {};
    object.spec.failurePolicy ??= 'Fail';
    matchDefaults(object.spec.matchConstraints);
  },
  columns: columnsOf(
    'admissionregistration.k8s.io/validatingadmissionpolicies',
    nameCell,
    (object) => object.spec?.validations?.length ?? 0,
    paramKind,
    ageCell,
  ),
};
