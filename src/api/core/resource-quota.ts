import type { KubeObject, Obj } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, invalid, required } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE } from '../machinery/meta.ts';
import { checkResourceName, isQuotaResource } from './resource-names.ts';
import { checkResourceQuantity } from '../machinery/checks.ts';

/** ResourceQuota (registry/core/resourcequota/strategy.go, ValidateResourceQuota). */

const POD_COMPUTE = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
const SCOPES = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'VolumeAttributesClass',
  'CrossNamespacePodAffinity',
];
const EXISTS_ONLY = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const PAIRS = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

/** May a quota of this scope count this resource? */
function scopeCovers(scope: string, resource: string): boolean {
  if (scope === 'BestEffort') return resource === 'pods';
  if (scope === 'VolumeAttributesClass') return resource === 'persistentvolumeclaims' || resource === 'requests.storage';
  return SCOPES.includes(scope) ? resource === 'pods' || POD_COMPUTE.includes(resource) : true;
}

function checkList(list: Record<string, string> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name in list ?? {}) {
    const at = `${path}[${name}]`;
    errors.push(...checkResourceName(name, at));
    if (!name.includes('/') && !isQuotaResource(name)) errors.push(invalid(at, name, 'must be a standard resource for quota'));
    errors.push(...checkResourceQuantity(name, list?.[name] as string, at));
  }
  return errors;
}

/** Checks which resources a scope may be applied to; `shown` is the bad value of the errors. */
function checkScope(scope: string, hard: string[], path: string, shown: unknown): FieldError[] {
  return hard
    .filter((name) => isQuotaResource(name) && !scopeCovers(scope, name))
    .map(() => invalid(path, shown, 'unsupported scope applied to resource'));
}

const conflicts = (scopes: string[], path: string, shown: unknown): FieldError[] =>
  PAIRS.filter((pair) => pair.every((scope) => scopes.includes(scope))).map(() => invalid(path, shown, 'conflicting scopes'));

function checkScopes(spec: Obj): FieldError[] {
  const scopes: string[] = spec.scopes ?? [];
  const hard = Object.keys(spec.hard ?? {}).sort();
  const errors: FieldError[] = [];
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) errors.push(invalid('spec.scopes', scopes, 'unsupported scope'));
    errors.push(...checkScope(scope, hard, 'spec.scopes', scopes));
  }
  return [...errors, ...conflicts(scopes, 'spec.scopes', scopes)];
}

/** The internal selector, as an error prints it. */
const shownSelector = (selector: Obj): unknown => ({
  MatchExpressions: (selector.matchExpressions ?? []).map((e: Obj) => ({
    ScopeName: e.scopeName ?? '',
    Operator: e.operator ?? '',
    Values: e.values ?? null,
  })),
});

function checkSelector(spec: Obj): FieldError[] {
  const selector = spec.scopeSelector;
  if (!selector) return [];
  const path = 'spec.scopeSelector.matchExpressions';
  const hard = Object.keys(spec.hard ?? {}).sort();
  const errors: FieldError[] = [];
  const expressions: Obj[] = selector.matchExpressions ?? [];
  for (const { scopeName = '', operator = '', values = [] } of expressions) {
    if (!SCOPES.includes(scopeName)) errors.push(invalid(`${path}.scopeName`, scopeName, 'unsupported scope'));
    errors.push(...checkScope(scopeName, hard, path, shownSelector(selector)));
    if (EXISTS_ONLY.includes(scopeName) && operator !== 'Exists') {
      const names = EXISTS_ONLY.slice(2, 4)
        .concat(EXISTS_ONLY.slice(0, 2))
        .map((name) => `ResourceQuotaScope${name}`);
      const detail = `must be 'Exists' when scope is any of ${names.join(', ')} or ResourceQuotaScopeCrossNamespacePodAffinity`;
      errors.push(invalid(`${path}.operator`, operator, detail));
    }
    if (operator === 'In' || operator === 'NotIn') {
      const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
      if (!values.length) errors.push(required(`${path}.values`, detail));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      if (values.length) errors.push(invalid(`${path}.values`, values, detail));
    } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'));
  }
  return [
    ...errors,
    ...conflicts(
      expressions.map((e) => e.scopeName),
      path,
      spec.scopes ?? null,
    ),
  ];
}

function validate(object: KubeObject): FieldError[] {
  const spec: Obj = object.spec ?? {};
  return [...checkList(spec.hard, 'spec.hard'), ...checkScopes(spec), ...checkSelector(spec)];
}

const checkStatus = (object: KubeObject): FieldError[] => [
  ...checkList(object.status?.hard, 'status.hard'),
  ...checkList(object.status?.used, 'status.used'),
];

/** Used and hard of some names, "name: used/hard" each. */
const usage = (limits: boolean) => (object: KubeObject) =>
  Object.keys(object.status?.hard ?? {})
    .filter((name) => name.startsWith('limits.') === limits)
    .sort()
    .map((name) => `${name}: ${object.status.used?.[name] ?? '0'}/${object.status.hard[name]}`)
    .join(', ');

export const ResourceQuota = defineKind({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  resource: 'resourcequotas',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.ResourceQuota'),
  shortNames: ['quota'],
  status: true,
  returnsDeleted: true,
  validateCreate: validate,
  validateUpdate(object, old) {
    const scopes: string[] = object.spec?.scopes ?? [];
    const before: string[] = old.spec?.scopes ?? [];
    const same = scopes.every((s) => before.includes(s)) && before.every((s) => scopes.includes(s));
    return [...validate(object), ...(same ? [] : [invalid('spec.scopes', object.spec?.scopes ?? null, FIELD_IMMUTABLE)])];
  },
  validateStatus: checkStatus,
  columns: columnsOf('resourcequotas', nameCell, usage(false), usage(true), ageCell),
});
