import type { KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE } from '../machinery/meta.ts';

/** PriorityClass (registry/scheduling/priorityclass/strategy.go, scheduling/validation). */

const HIGHEST = 1_000_000_000;
const POLICIES = ['PreemptLowerPriority', 'Never'];
const SYSTEM_PREFIX = 'system-';
const SYSTEM: Record<string, number> = { 'system-node-critical': 2_000_001_000, 'system-cluster-critical': 2_000_000_000 };

/** The error of a name with the system's prefix; undefined for the two that exist. */
function systemProblem(object: KubeObject): string | undefined {
  const { name } = object.metadata;
  const value = SYSTEM[name];
  if (value === undefined) return `${name} is not a known system priority class`;
  if ((object.value ?? 0) !== value) return `value of ${name} PriorityClass must be ${value}`;
  return object.globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const policy: string | undefined = object.preemptionPolicy;
  if (object.metadata.name?.startsWith(SYSTEM_PREFIX)) {
    const problem = systemProblem(object);
    const reserved = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${problem}`;
    if (problem) errors.push(forbidden('metadata.name', reserved));
  } else if ((object.value ?? 0) > HIGHEST) {
    errors.push(forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST}`));
  }
  if (policy === '') errors.push(required('preemptionPolicy'));
  else if (policy !== undefined && !POLICIES.includes(policy)) errors.push(notSupported('preemptionPolicy', policy, POLICIES));
  return errors;
}

function validateUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  if ((object.value ?? 0) !== (old.value ?? 0)) errors.push(forbidden('value', 'may not be changed in an update.'));
  if (object.preemptionPolicy !== old.preemptionPolicy) {
    errors.push(invalid('preemptionPolicy', object.preemptionPolicy ?? null, FIELD_IMMUTABLE));
  }
  return errors;
}

export const PriorityClass = defineKind({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  resource: 'priorityclasses',
  namespaced: false,
  schema: goSchema('io.k8s.api.scheduling.v1.PriorityClass'),
  shortNames: ['pc'],
  countsGenerations: true,
  defaults(object) {
    object.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validateCreate: validate,
  validateUpdate,
  columns: columnsOf(
    'scheduling.k8s.io/priorityclasses',
    nameCell,
    (object) => object.value ?? 0,
    (object) => object.globalDefault ?? false,
    ageCell,
    textCell('preemptionPolicy'),
  ),
});
