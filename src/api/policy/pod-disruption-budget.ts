import type { KubeObject, Obj } from '../../lib/json.ts';
import { checkNonNegative, each } from '../machinery/checks.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { type FieldError, invalid, notSupported } from '../machinery/field-errors.ts';
import { percentOf } from '../machinery/intstr.ts';
import { hasInvalidLabelValue, validateLabelSelector } from '../machinery/labels.ts';
import { isPathSegmentName, isValidPercent } from '../machinery/names.ts';
import { budgetFromStored, budgetToStored } from './convert-budget.ts';

/** PodDisruptionBudget (registry/policy/poddisruptionbudget/strategy.go, policy/validation). */

const EVICTION = ['AlwaysAllow', 'IfHealthyBudget'];
const BOUNDS = ['minAvailable', 'maxUnavailable'] as const;

/** A number that is not negative, or at most 100%. */
function checkAmount(value: number | string, path: string): FieldError[] {
  if (typeof value === 'number') return checkNonNegative(value, path);
  const errors = each(path, value, isValidPercent(value));
  if ((percentOf(value) ?? 0) > 100) errors.push(invalid(path, value, 'must not be greater than 100%'));
  return errors;
}

/** The internal type prints its own field names when the whole spec is the bad value. */
function shown(spec: Obj): unknown {
  return {
    MinAvailable: spec.minAvailable ?? null,
    Selector: spec.selector ?? null,
    MaxUnavailable: spec.maxUnavailable ?? null,
    UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
  };
}

function validate(object: KubeObject, old?: KubeObject): FieldError[] {
  const spec: Obj = object.spec ?? {};
  const errors: FieldError[] = [];
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    errors.push(invalid('spec', shown(spec), 'minAvailable and maxUnavailable cannot be both set'));
  }
  for (const bound of BOUNDS) if (spec[bound] !== undefined) errors.push(...checkAmount(spec[bound], `spec.${bound}`));
  const options = { allowInvalidLabelValueInSelector: hasInvalidLabelValue(old?.spec?.selector) };
  errors.push(...validateLabelSelector(spec.selector, options, 'spec.selector'));
  const policy = spec.unhealthyPodEvictionPolicy;
  if (policy !== undefined && !EVICTION.includes(policy)) {
    errors.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, EVICTION));
  }
  return errors;
}

const COUNTS = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

export const PodDisruptionBudget = defineKind({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  resource: 'poddisruptionbudgets',
  namespaced: true,
  schema: goSchema('io.k8s.api.policy.v1.PodDisruptionBudget'),
  shortNames: ['pdb'],
  status: true,
  versions: [
    droppedVersion('policy/v1beta1 PodDisruptionBudget', 'policy/v1 PodDisruptionBudget', 21, 25, {
      toStored: budgetToStored,
      fromStored: budgetFromStored,
    }),
  ],
  countsGenerations: true,
  needsResourceVersion: true,
  metaLast: true,
  skipsMetaOnUpdate: true,
  names: isPathSegmentName,
  validateCreate: (object) => validate(object),
  validateUpdate: validate,
  validateStatus: (object) => COUNTS.flatMap((count) => checkNonNegative(object.status?.[count], `status.${count}`)),
  columns: columnsOf(
    'policy/poddisruptionbudgets',
    nameCell,
    (object) => String(object.spec?.minAvailable ?? 'N/A'),
    (object) => String(object.spec?.maxUnavailable ?? 'N/A'),
    (object) => object.status?.disruptionsAllowed ?? 0,
    ageCell,
  ),
});
