import type { KubeObject, Obj } from '../../lib/json.ts';
import { each } from '../machinery/checks.ts';
import { duplicate, type FieldError, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { validateLabelSelector } from '../machinery/labels.ts';
import { isDns1035Label, isDns1123Subdomain, isPort, isQualifiedName } from '../machinery/names.ts';

/** Validation shared by both webhook configurations (admissionregistration/validation). */

const FAILURE = ['Fail', 'Ignore'];
const MATCH = ['Equivalent', 'Exact'];
const EFFECTS = ['None', 'NoneOnDryRun'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const REINVOCATION = ['IfNeeded', 'Never'];
const REVIEWS = ['v1', 'v1beta1'];
const CONDITIONS_MAX = 64;

/** SetDefaults_ValidatingWebhook and _MutatingWebhook. */
export function webhookDefaults(object: KubeObject, mutating: boolean): void {
  for (const hook of object.webhooks ?? []) {
    hook.failurePolicy ??= 'Fail';
    hook.matchPolicy ??= 'Equivalent';
    hook.namespaceSelector ??= {};
    hook.objectSelector ??= {};
    hook.timeoutSeconds ??= 10;
    if (mutating) hook.reinvocationPolicy ??= 'Never';
    for (const rule of hook.rules ?? []) rule.scope ??= '*';
    if (hook.clientConfig?.service) hook.clientConfig.service.port ??= 443;
  }
}

function only(list: string[], path: string, what: string): FieldError[] {
  return list.length > 1 && list.includes('*') ? [invalid(path, list, `if '*' is present, must not specify other ${what}`)] : [];
}

function checkResources(resources: string[], path: string): FieldError[] {
  const errors: FieldError[] = resources.length ? [] : [required(path)];
  const wholes = new Set<string>();
  const everywhere = new Set<string>();
  let plain = false;
  resources.forEach((text, i) => {
    if (!text) {
      errors.push(required(`${path}[${i}]`));
      return;
    }
    const slash = text.indexOf('/');
    if (slash < 0) {
      plain = text !== '*';
      return;
    }
    const [resource, sub] = [text.slice(0, slash), text.slice(slash + 1)];
    const wrong = (present: string) =>
      errors.push(invalid(`${path}[${i}]`, text, `if '${present}' is present, must not specify ${text}`));
    if (wholes.has(resource)) wrong(`${resource}/*`);
    if (everywhere.has(sub)) wrong(`*/${sub}`);
    if (sub === '*') wholes.add(resource);
    if (resource === '*') everywhere.add(sub);
  });
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes('*') && plain) {
    errors.push(invalid(path, resources, "if '*' is present, must not specify other resources without subresources"));
  }
  return errors;
}

/** validateRuleWithOperations */
export function checkRule(rule: Obj, path: string): FieldError[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  const errors: FieldError[] = operations.length ? [] : [required(`${path}.operations`)];
  errors.push(...only(operations, `${path}.operations`, 'operations'));
  operations.forEach((operation: string, i: number) => {
    if (!OPERATIONS.includes(operation)) errors.push(notSupported(`${path}.operations[${i}]`, operation, OPERATIONS));
  });
  if (!apiGroups.length) errors.push(required(`${path}.apiGroups`));
  errors.push(...only(apiGroups, `${path}.apiGroups`, 'API groups'));
  if (!apiVersions.length) errors.push(required(`${path}.apiVersions`));
  errors.push(...only(apiVersions, `${path}.apiVersions`, 'API versions'));
  apiVersions.forEach((version: string, i: number) => {
    if (!version) errors.push(required(`${path}.apiVersions[${i}]`));
  });
  errors.push(...checkResources(resources, `${path}.resources`));
  if (scope !== undefined && !SCOPES.includes(scope)) errors.push(notSupported(`${path}.scope`, scope, SCOPES));
  return errors;
}

/** At least three labels (IsFullyQualifiedName). */
function checkFullName(name: string, path: string): FieldError[] {
  if (!name) return [required(path)];
  const messages = isDns1123Subdomain(name);
  if (messages.length) return [invalid(path, name, messages.join(','))];
  if (name.split('.').length >= 3) return [];
  return [invalid(path, name, 'should be a domain with at least three segments separated by dots')];
}

const URL_FORM = '; desired format: https://host[/path]';

function checkUrl(text: string, path: string): FieldError[] {
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/.exec(text);
  const errors: FieldError[] = [];
  const [, scheme = '', authority = '', , query = '', fragment = ''] = match ?? [];
  if (scheme !== 'https') errors.push(invalid(path, scheme, `'https' is the only allowed URL scheme${URL_FORM}`));
  const at = authority.lastIndexOf('@');
  if (!authority.slice(at + 1)) errors.push(invalid(path, authority, `host must be specified${URL_FORM}`));
  if (at >= 0) errors.push(invalid(path, authority.slice(0, at), 'user information is not permitted in the URL'));
  if (fragment.length > 1) errors.push(invalid(path, fragment.slice(1), 'fragments are not permitted in the URL'));
  if (query.length > 1) errors.push(invalid(path, query.slice(1), 'query parameters are not permitted in the URL'));
  return errors;
}

function checkService({ name = '', namespace = '', path: url, port = 0 }: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  // Upstream hands the two over in each other's place.
  if (!namespace) errors.push(required(`${path}.name`));
  if (!name) errors.push(required(`${path}.namespace`));
  for (const message of isPort(port)) errors.push(invalid(`${path}.port`, port, `port is not valid: ${message}`));
  if (url === undefined) return errors;
  const at = `${path}.path`;
  if (url === '/' || !url) return errors;
  if (url === '//') return [...errors, invalid(at, url, 'segment[0] may not be empty')];
  if (!url.startsWith('/')) errors.push(invalid(at, url, "must start with a '/'"));
  const segments = (url.endsWith('/') ? url.slice(0, -1) : url).slice(1).split('/');
  segments.forEach((segment: string, i: number) => {
    if (!segment) errors.push(invalid(at, url, `segment[${i}] may not be empty`));
    else for (const message of isDns1123Subdomain(segment)) errors.push(invalid(at, url, `segment[${i}]: ${message}`));
  });
  return errors;
}

function checkClient({ url, service }: Obj, path: string): FieldError[] {
  if ((url === undefined) === (service === undefined)) return [required(path, 'exactly one of url or service is required')];
  return url === undefined ? checkService(service, `${path}.service`) : checkUrl(url, `${path}.url`);
}

/** validateMatchConditions, but for whether the expressions compile. */
export function checkConditions(conditions: Obj[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  if (conditions.length > CONDITIONS_MAX) {
    errors.push({
      type: 'FieldValueTooMany',
      field: path,
      value: conditions.length,
      detail: `must have at most ${CONDITIONS_MAX} items`,
    });
  }
  conditions.forEach(({ name = '', expression = '' }, i) => {
    const at = `${path}[${i}]`;
    if (!expression.trim()) errors.push(required(`${at}.expression`));
    if (!name) errors.push(required(`${at}.name`));
    else {
      errors.push(...each(`${at}.name`, name, isQualifiedName(name)));
      if (seen.has(name)) errors.push(duplicate(`${at}.name`, name));
      seen.add(name);
    }
  });
  return errors;
}

function checkReviewVersions(versions: string[], path: string): FieldError[] {
  if (!versions.length) return [required(path, `must specify one of ${REVIEWS.join(', ')}`)];
  const errors: FieldError[] = [];
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) errors.push(invalid(`${path}[${i}]`, version, 'duplicate version'));
    else errors.push(...each(`${path}[${i}]`, version, isDns1035Label(version)));
  });
  if (!versions.some((v) => REVIEWS.includes(v))) {
    errors.push(invalid(path, versions, `must include at least one of ${REVIEWS.join(', ')}`));
  }
  return errors;
}

function checkHook(hook: Obj, path: string): FieldError[] {
  const errors = checkFullName(hook.name ?? '', `${path}.name`);
  (hook.rules ?? []).forEach((rule: Obj, i: number) => errors.push(...checkRule(rule, `${path}.rules[${i}]`)));
  for (const [field, allowed] of [
    ['failurePolicy', FAILURE],
    ['matchPolicy', MATCH],
    ['sideEffects', EFFECTS],
  ] as const) {
    const value: string | undefined = hook[field] ?? undefined;
    if (value === undefined && field === 'sideEffects')
      errors.push(required(`${path}.sideEffects`, `must specify one of ${EFFECTS.join(', ')}`));
    if (value !== undefined && !allowed.includes(value)) errors.push(notSupported(`${path}.${field}`, value, [...allowed]));
  }
  const seconds = hook.timeoutSeconds;
  if (seconds !== undefined && (seconds > 30 || seconds < 1)) {
    errors.push(invalid(`${path}.timeoutSeconds`, seconds, 'the timeout value must be between 1 and 30 seconds'));
  }
  errors.push(...validateLabelSelector(hook.namespaceSelector, {}, `${path}.namespaceSelector`));
  errors.push(...validateLabelSelector(hook.objectSelector, {}, `${path}.objectSelector`));
  const again = hook.reinvocationPolicy;
  if (again !== undefined && !REINVOCATION.includes(again))
    errors.push(notSupported(`${path}.reinvocationPolicy`, again, REINVOCATION));
  errors.push(...checkClient(hook.clientConfig ?? {}, `${path}.clientConfig`));
  errors.push(...checkConditions(hook.matchConditions ?? [], `${path}.matchConditions`));
  return errors;
}

/** Every webhook of a configuration. */
export function checkWebhooks(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  (object.webhooks ?? []).forEach((hook: Obj, i: number) => {
    const path = `webhooks[${i}]`;
    errors.push(...checkHook(hook, path));
    errors.push(...checkReviewVersions(hook.admissionReviewVersions ?? [], `${path}.admissionReviewVersions`));
    if (names.has(hook.name)) errors.push(duplicate(`${path}.name`, hook.name));
    if (hook.name) names.add(hook.name);
  });
  return errors;
}

/** paramKind of a policy: apiVersion/kind. */
export const paramKind = (object: KubeObject): string => {
  const kind = object.spec?.paramKind;
  return kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : '<unset>';
};

/** paramRef of a binding: namespace/name, or the selector. */
export function paramRef(object: KubeObject): string {
  const ref = object.spec?.paramRef;
  if (ref?.name) return `${ref.namespace || '*'}/${ref.name}`;
  return ref?.selector ? JSON.stringify(ref.selector) : '<unset>';
}

/** SetDefaults_MatchResources */
export function matchDefaults(match: Obj | undefined): void {
  if (!match) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) rule.scope ??= '*';
}
