import type { KubeObject, Obj } from '../../lib/json.ts';
import { checkQualifiedName } from '../machinery/checks.ts';
import { duplicate, type FieldError, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { byteLength, isDns1035Label, isDns1123Subdomain } from '../machinery/names.ts';
import { checkMatch, checkMutatingOperations } from './binding.ts';
import { checkConditions } from './webhook.ts';

/** Validation shared by both admission policies (admissionregistration/validation); expressions are not compiled. */

const FAILURE = ['Fail', 'Ignore'];
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const PATCHES = ['ApplyConfiguration', 'JSONPatch'];
const REINVOCATION = ['IfNeeded', 'Never'];
const ANNOTATIONS_MAX = 20;
const VALUE_EXPRESSION_MAX = 5 * 1024;
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

const isBlank = (text: string | undefined): boolean => !text?.trim();

function oneOf(value: string | undefined, path: string, allowed: string[]): FieldError[] {
  if (!value) return [required(path)];
  return allowed.includes(value) ? [] : [notSupported(path, value, allowed)];
}

function checkParamKind({ apiVersion = '', kind = '' }: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = `${path}.apiVersion`;
  const parts: string[] = apiVersion === '/' ? [''] : apiVersion.split('/');
  if (!apiVersion) errors.push(required(at));
  else if (parts.length > 2) errors.push(invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    const group = parts.length === 2 ? (parts[0] as string) : '';
    const version = parts.at(-1) as string;
    const wrongGroup = group ? isDns1123Subdomain(group) : [];
    if (wrongGroup.length) errors.push(invalid(at, group, wrongGroup.join(',')));
    const wrongVersion = version ? isDns1035Label(version) : [];
    if (!version) errors.push(invalid(at, apiVersion, 'version must be specified'));
    else if (wrongVersion.length) errors.push(invalid(at, version, wrongVersion.join(',')));
  }
  const wrongKind = kind ? isDns1035Label(kind.toLowerCase()) : [];
  if (!kind) errors.push(required(`${path}.kind`));
  else if (wrongKind.length) {
    errors.push(invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${wrongKind.join(',')}`));
  }
  return errors;
}

function checkVariable({ name = '', expression = '' }: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (isBlank(name)) errors.push(required(`${path}.name`, 'name is not specified'));
  else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || RESERVED.has(name)) {
    errors.push(invalid(`${path}.name`, name, 'must be a valid CEL identifier'));
  }
  if (isBlank(expression)) errors.push(required(`${path}.expression`, 'expression is not specified'));
  return errors;
}

/** Validates the fields of both kinds of policy, which precede their own lists. */
function checkCommon(spec: Obj, mutating: boolean): FieldError[] {
  const errors = oneOf(spec.failurePolicy, 'spec.failurePolicy', FAILURE);
  if (spec.paramKind) errors.push(...checkParamKind(spec.paramKind, 'spec.paramKind'));
  const rules = 'spec.matchConstraints.resourceRules';
  if (!spec.matchConstraints) errors.push(required('spec.matchConstraints'));
  else {
    errors.push(...checkMatch(spec.matchConstraints, 'spec.matchConstraints'));
    if (!spec.matchConstraints.resourceRules?.length) errors.push(required(rules));
    if (mutating) errors.push(...checkMutatingOperations(spec.matchConstraints, `${rules}.operations`));
  }
  errors.push(...checkConditions(spec.matchConditions ?? [], 'spec.matchConditions'));
  (spec.variables ?? []).forEach((v: Obj, i: number) => errors.push(...checkVariable(v, `spec.variables[${i}]`)));
  return errors;
}

function checkValidation({ expression, message = '', messageExpression = '', reason }: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (isBlank(expression)) errors.push(required(`${path}.expression`, 'expression is not specified'));
  if (messageExpression && isBlank(messageExpression)) {
    errors.push(invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'));
  }
  if (message && isBlank(message)) errors.push(invalid(`${path}.message`, message, 'must be non-empty if specified'));
  else if (/[\n\r]/.test(message.trim())) errors.push(invalid(`${path}.message`, message, 'must not contain line breaks'));
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, REASONS));
  return errors;
}

function checkAuditAnnotation(name: string, { key = '', valueExpression = '' }: Obj, path: string): FieldError[] {
  const errors = name
    ? checkQualifiedName(`${name}/${key}`, `${path}.key`)
    : [invalid(`${path}.key`, key, 'requires metadata.name be non-empty')];
  const at = `${path}.valueExpression`;
  if (isBlank(valueExpression)) errors.push(required(at, 'valueExpression is not specified'));
  else if (byteLength(valueExpression.trim()) > VALUE_EXPRESSION_MAX) {
    errors.push(required(at, `must not exceed ${VALUE_EXPRESSION_MAX} bytes in length`));
  }
  return errors;
}

/** validateValidatingAdmissionPolicySpec */
export function checkValidatingPolicy(object: KubeObject): FieldError[] {
  const spec: Obj = object.spec ?? {};
  const errors = checkCommon(spec, false);
  const annotations: Obj[] = spec.auditAnnotations ?? [];
  if (!spec.validations?.length && !annotations.length) {
    const none = 'validations or auditAnnotations must contain at least one item';
    return [...errors, required('spec.validations', none), required('spec.auditAnnotations', none)];
  }
  (spec.validations ?? []).forEach((v: Obj, i: number) => errors.push(...checkValidation(v, `spec.validations[${i}]`)));
  if (annotations.length > ANNOTATIONS_MAX) {
    errors.push(invalid('spec.auditAnnotations', annotations, `must not have more than ${ANNOTATIONS_MAX} auditAnnotations`));
  }
  annotations.forEach((annotation, i) => {
    const path = `spec.auditAnnotations[${i}]`;
    errors.push(...checkAuditAnnotation(object.metadata.name ?? '', annotation, path));
    if (annotations.findIndex((a) => (a.key ?? '') === (annotation.key ?? '')) < i) {
      errors.push(duplicate(`${path}.key`, annotation.key ?? ''));
    }
  });
  return errors;
}

function checkMutation({ patchType, jsonPatch, applyConfiguration }: Obj, path: string): FieldError[] {
  const wrong = oneOf(patchType, `${path}.patchType`, PATCHES);
  if (wrong.length) return wrong;
  const json = patchType === 'JSONPatch';
  const [own, other] = json ? ['jsonPatch', 'applyConfiguration'] : ['applyConfiguration', 'jsonPatch'];
  const [wanted, unwanted] = json ? [jsonPatch, applyConfiguration] : [applyConfiguration, jsonPatch];
  const errors: FieldError[] = [];
  if (!wanted) errors.push(required(`${path}.${own}`, `must be specified when patchType is ${patchType}`));
  else if (isBlank(wanted.expression)) errors.push(required(`${path}.${own}.expression`));
  if (unwanted) errors.push(invalid(`${path}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`));
  return errors;
}

/** validateMutatingAdmissionPolicySpec */
export function checkMutatingPolicy(object: KubeObject): FieldError[] {
  const spec: Obj = object.spec ?? {};
  const errors = checkCommon(spec, true);
  const mutations: Obj[] = spec.mutations ?? [];
  if (!mutations.length) errors.push(required('spec.mutations', 'mutations must contain at least one item'));
  mutations.forEach((mutation, i) => errors.push(...checkMutation(mutation, `spec.mutations[${i}]`)));
  return [...errors, ...oneOf(spec.reinvocationPolicy, 'spec.reinvocationPolicy', REINVOCATION)];
}
