import type { Obj } from '../../lib/json.ts';
import { each } from '../machinery/checks.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { isDns1123Label, isDns1123Subdomain } from '../machinery/names.ts';

/** The rules of a FlowSchema: who does what (flowcontrol/validation). */

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const KINDS = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;
const NAMESPACE_INTRO = "each member of this list must be '*' or a DNS-1123 label; ";

function checkAccount({ name = '', namespace = '' }: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!name) errors.push(required(`${path}.name`));
  else if (name !== '*') errors.push(...each(`${path}.name`, name, isDns1123Subdomain(name)));
  if (namespace) errors.push(...each(`${path}.namespace`, namespace, isDns1123Label(namespace)));
  else errors.push(required(`${path}.namespace`, 'must specify namespace for service account'));
  return errors;
}

function checkSubject(subject: Obj, path: string): FieldError[] {
  const { kind = '' } = subject;
  const field: string | undefined = KINDS[kind as keyof typeof KINDS];
  if (!field) return [notSupported(`${path}.kind`, kind, Object.keys(KINDS).sort())];
  const errors: FieldError[] = [];
  const at = `${path}.${field}`;
  if (!subject[field]) errors.push(required(at, `${field} is required when subject kind is '${kind}'`));
  else if (field === 'serviceAccount') errors.push(...checkAccount(subject[field], at));
  else if (!subject[field].name) errors.push(required(`${at}.name`));
  for (const [other, name] of Object.entries(KINDS)) {
    if (other === kind || !subject[name]) continue;
    errors.push(forbidden(`${path}.${name}`, `${name} is forbidden when subject kind is not '${other}'`));
  }
  return errors;
}

const alone = (list: string[], path: string, what: string): FieldError[] =>
  list.length > 1 ? [invalid(path, list, `if '*' is present, must not specify other ${what}`)] : [];

function checkVerbs(verbs: string[], path: string): FieldError[] {
  if (!verbs.length) return [required(path, 'verbs must contain at least one value')];
  if (verbs.includes('*')) return alone(verbs, path, 'verbs');
  return verbs.every((verb) => VERBS.includes(verb)) ? [] : [notSupported(path, verbs, VERBS)];
}

function urlProblem(url: string): string | undefined {
  if (!url) return 'must not be empty';
  if (url === '/') return undefined;
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const stars = url.split('*').length - 1;
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined;
}

function checkUrls(urls: string[], path: string): FieldError[] {
  if (!urls.length) return [required(path, 'nonResourceURLs must contain at least one value')];
  if (urls.includes('*')) return alone(urls, path, 'non-resource URLs');
  return urls.flatMap((url, i) => {
    const problem = urlProblem(url);
    return problem ? [invalid(`${path}[${i}]`, url, problem)] : [];
  });
}

function checkNamespaces(namespaces: string[], clusterScope: boolean, path: string): FieldError[] {
  if (!namespaces.length && !clusterScope) {
    return [required(path, 'resource rules that are not cluster scoped must supply at least one namespace')];
  }
  if (namespaces.includes('*')) return alone(namespaces, path, 'namespaces');
  return namespaces.flatMap((namespace, i) =>
    isDns1123Label(namespace).map((message) => invalid(`${path}[${i}]`, namespace, NAMESPACE_INTRO + message)),
  );
}

function checkResourceRule(rule: Obj, path: string): FieldError[] {
  const errors = checkVerbs(rule.verbs ?? [], `${path}.verbs`);
  for (const [field, one, many] of [
    ['apiGroups', 'api group', 'api groups'],
    ['resources', 'resource', 'resources'],
  ] as const) {
    const list: string[] = rule[field] ?? [];
    if (!list.length) errors.push(required(`${path}.${field}`, `resource rules must supply at least one ${one}`));
    else if (list.includes('*')) errors.push(...alone(list, `${path}.${field}`, many));
  }
  return [...errors, ...checkNamespaces(rule.namespaces ?? [], rule.clusterScope === true, `${path}.namespaces`)];
}

/** ValidateFlowSchemaPolicyRulesWithSubjects */
export function checkPolicy(rule: Obj, path: string): FieldError[] {
  const { subjects, resourceRules, nonResourceRules } = rule;
  const errors: FieldError[] = [];
  if (!subjects?.length) errors.push(required(`${path}.subjects`, 'subjects must contain at least one value'));
  (subjects ?? []).forEach((s: Obj, i: number) => errors.push(...checkSubject(s, `${path}.subjects[${i}]`)));
  if (!resourceRules?.length && !nonResourceRules?.length) {
    errors.push(required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  }
  (resourceRules ?? []).forEach((r: Obj, i: number) => errors.push(...checkResourceRule(r, `${path}.resourceRules[${i}]`)));
  (nonResourceRules ?? []).forEach((r: Obj, i: number) => {
    const at = `${path}.nonResourceRules[${i}]`;
    errors.push(...checkVerbs(r.verbs ?? [], `${at}.verbs`), ...checkUrls(r.nonResourceURLs ?? [], `${at}.nonResourceURLs`));
  });
  return errors;
}

/** Conditions of FlowSchemas and priority levels: typed, each type once. */
export function checkConditions(conditions: Obj[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const types: string[] = conditions.map((c) => c.type ?? '');
  types.forEach((type, i) => {
    if (types.indexOf(type) < i) errors.push(duplicate(`${path}[${i}].type`, type));
    if (!type) errors.push(required(`${path}[${i}].type`));
  });
  return errors;
}
