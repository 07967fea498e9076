import type { KubeObject, Obj } from '../../lib/json.ts';
import { checkSubdomain } from '../machinery/checks.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { checkConditions, checkPolicy } from './flow-schema-rules.ts';

/** FlowSchema (registry/flowcontrol/flowschema/strategy.go). */

const PRECEDENCE = 1000;

function dangling(object: KubeObject): string {
  return (object.status?.conditions ?? []).find((c: Obj) => c.type === 'Dangling')?.status ?? '?';
}

const PRECEDENCE_MAX = 10000;
const METHODS = ['ByNamespace', 'ByUser'];

function checkPrecedence(precedence: number, name: string): FieldError[] {
  const path = 'spec.matchingPrecedence';
  if (precedence <= 0) return [invalid(path, precedence, 'must be a positive value')];
  if (precedence > PRECEDENCE_MAX) return [invalid(path, precedence, `must not be greater than ${PRECEDENCE_MAX}`)];
  if (precedence !== 1 || name === 'exempt') return [];
  return [invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")];
}

const validateStatus = (object: KubeObject): FieldError[] =>
  checkConditions(object.status?.conditions ?? [], 'status.conditions');

function validate(object: KubeObject): FieldError[] {
  const { matchingPrecedence = 0, distinguisherMethod: method, priorityLevelConfiguration, rules: list } = object.spec ?? {};
  const errors = checkPrecedence(matchingPrecedence, object.metadata.name ?? '');
  if (method && !METHODS.includes(method.type)) {
    errors.push(notSupported('spec.distinguisherMethod.type', { Type: method.type ?? '' }, METHODS));
  }
  const name: string = priorityLevelConfiguration?.name ?? '';
  const path = 'spec.priorityLevelConfiguration.name';
  errors.push(...(name ? checkSubdomain(name, path) : [required(path, 'must reference a priority level')]));
  (list ?? []).forEach((rule: Obj, i: number) => errors.push(...checkPolicy(rule, `spec.rules[${i}]`)));
  return [...errors, ...validateStatus(object)];
}

export const FlowSchema = defineKind({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  resource: 'flowschemas',
  namespaced: false,
  schema: goSchema('io.k8s.api.flowcontrol.v1.FlowSchema'),
  status: true,
  statusResetsMetadata: true,
  countsGenerations: true,
  defaults(object) {
    object.spec ??= {};
    object.spec.matchingPrecedence ||= PRECEDENCE;
  },
  skipsMetaOnUpdate: true,
  validateCreate: validate,
  validateUpdate: (object) => [...validateObjectMeta(object.metadata, false, undefined, 'metadata'), ...validate(object)],
  validateStatus,
  columns: columnsOf(
    'flowcontrol.apiserver.k8s.io/flowschemas',
    nameCell,
    textCell('spec', 'priorityLevelConfiguration', 'name'),
    (object) => object.spec?.matchingPrecedence ?? 0,
    (object) => object.spec?.distinguisherMethod?.type ?? '<none>',
    ageCell,
    dangling,
  ),
  rowOrder: (a, b) => a.spec.matchingPrecedence - b.spec.matchingPrecedence,
});
