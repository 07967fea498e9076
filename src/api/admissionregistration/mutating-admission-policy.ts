import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { checkMutatingPolicy } from './policy.ts';
import { matchDefaults, paramKind } from './webhook.ts';

/** MutatingAdmissionPolicy (registry/admissionregistration/mutatingadmissionpolicy/strategy.go). */
export const rules: KindRules = {
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
};
