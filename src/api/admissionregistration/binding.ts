import type { KubeObject, Obj } from '../../lib/json.ts';
import { each } from '../machinery/checks.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { validateLabelSelector } from '../machinery/labels.ts';
import { isDns1123Subdomain, isPathSegmentName } from '../machinery/names.ts';
import { checkRule } from './webhook.ts';

/** Validation shared by both bindings of admission policies (admissionregistration/validation). */

const MATCH = ['Equivalent', 'Exact'];
const NOT_FOUND = ['Deny', 'Allow'];
const EXCLUSIVE = 'name and selector are mutually exclusive';

function checkParam(ref: Obj | undefined, path: string): FieldError[] {
  if (!ref) return [];
  const { name = '', selector, parameterNotFoundAction: action } = ref;
  const errors: FieldError[] = name ? each(`${path}.name`, name, isPathSegmentName(name)) : [];
  if (name && selector) errors.push(forbidden(`${path}.name`, EXCLUSIVE));
  if (selector) errors.push(...validateLabelSelector(selector, {}, `${path}.selector`));
  if (name && selector) errors.push(forbidden(`${path}.selector`, EXCLUSIVE));
  if (!name && !selector) errors.push(required(path, 'one of name or selector must be specified'));
  const at = `${path}.parameterNotFoundAction`;
  if (!action) errors.push(required(at));
  else if (!NOT_FOUND.includes(action)) errors.push(notSupported(at, action, NOT_FOUND));
  return errors;
}

function checkNamedRule(rule: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names: string[] = rule.resourceNames ?? [];
  names.forEach((name, i) => {
    errors.push(...each(`${path}.resourceNames[${i}]`, name, isPathSegmentName(name)));
    if (names.indexOf(name) < i) errors.push(duplicate(`${path}.resourceNames[${i}]`, name));
  });
  return [...errors, ...checkRule(rule, path)];
}

/** validateMatchResources */
export function checkMatch(match: Obj | undefined, path: string): FieldError[] {
  if (!match) return [];
  const errors: FieldError[] = [];
  if (!MATCH.includes(match.matchPolicy)) errors.push(notSupported(`${path}.matchPolicy`, match.matchPolicy, MATCH));
  for (const selector of ['namespaceSelector', 'objectSelector'] as const) {
    errors.push(...validateLabelSelector(match[selector], {}, `${path}.${selector}`));
  }
  for (const list of ['resourceRules', 'excludeResourceRules'] as const) {
    (match[list] ?? []).forEach((rule: Obj, i: number) => errors.push(...checkNamedRule(rule, `${path}.${list}[${i}]`)));
  }
  return errors;
}

/** The policy, its parameters and what it is bound to. */
export function checkBinding(object: KubeObject): FieldError[] {
  const { policyName = '', paramRef, matchResources } = object.spec ?? {};
  const errors = policyName ? each('spec.policyName', policyName, isDns1123Subdomain(policyName)) : [required('spec.policyName')];
  return [...errors, ...checkParam(paramRef, 'spec.paramRef'), ...checkMatch(matchResources, 'spec.matchResources')];
}

const ACTIONS = ['Audit', 'Deny', 'Warn'];
const REPEATED =
  'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers ' +
  'serves no purpose)';

export function checkActions(actions: string[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  actions.forEach((action, i) => {
    if (!ACTIONS.includes(action)) errors.push(notSupported(`${path}[${i}]`, action, ACTIONS));
    if (actions.indexOf(action) < i) errors.push(duplicate(`${path}[${i}]`, action));
  });
  if (actions.includes('Deny') && actions.includes('Warn')) errors.push(invalid(path, actions, REPEATED));
  if (!actions.length) errors.push(required(path, 'at least one validation action is required'));
  return errors;
}

const MUTATING = ['*', 'CONNECT', 'CREATE', 'UPDATE'];

/** Nothing is mutated while it goes. */
export function checkMutatingOperations(match: Obj | undefined, path: string): FieldError[] {
  const operations: string[] = (match?.resourceRules ?? []).flatMap((rule: Obj) => rule.operations ?? []);
  return operations.filter((op) => !MUTATING.includes(op)).map((op) => notSupported(path, op, MUTATING));
}
