import type { KubeObject, Obj } from '../../lib/json.ts';
import { each } from '../machinery/checks.ts';
import { type FieldError, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { isDns1123Subdomain, isPathSegmentName } from '../machinery/names.ts';

/** Checks of RBAC's four kinds (pkg/apis/rbac/validation). */

export const RBAC = 'rbac.authorization.k8s.io';

/** RBAC names are path segments, also with generateName. */
export const rbacName = (name: string): string[] => isPathSegmentName(name);

/** ValidatePolicyRule */
export function checkRule(rule: Obj, namespaced: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.verbs?.length) errors.push(required(`${path}.verbs`, 'verbs must contain at least one value'));
  if (rule.nonResourceURLs?.length) {
    const wrong = (detail: string) => errors.push(invalid(`${path}.nonResourceURLs`, rule.nonResourceURLs, detail));
    if (namespaced) wrong('namespaced rules cannot apply to non-resource URLs');
    if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
      wrong('rules cannot apply to both regular resources and non-resource URLs');
    }
    return errors;
  }
  if (!rule.apiGroups?.length) errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  if (!rule.resources?.length) errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  return errors;
}

export const checkRules = (object: KubeObject, namespaced: boolean): FieldError[] =>
  (object.rules ?? []).flatMap((rule: Obj, i: number) => checkRule(rule, namespaced, `rules[${i}]`));

function checkSubject(subject: Obj, namespaced: boolean, path: string): FieldError[] {
  const { name = '', kind = '', apiGroup = '', namespace = '' } = subject;
  const errors: FieldError[] = name ? [] : [required(`${path}.name`)];
  switch (kind) {
    case 'ServiceAccount':
      if (name) errors.push(...each(`${path}.name`, name, isDns1123Subdomain(name)));
      if (apiGroup) errors.push(notSupported(`${path}.apiGroup`, apiGroup, ['']));
      if (!namespaced && !namespace) errors.push(required(`${path}.namespace`));
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== RBAC) errors.push(notSupported(`${path}.apiGroup`, apiGroup, [RBAC]));
      break;
    default:
      errors.push(notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}

/** ValidateRoleBinding and ValidateClusterRoleBinding. */
export function checkBinding(object: KubeObject, namespaced: boolean): FieldError[] {
  const { apiGroup = '', kind = '', name = '' } = object.roleRef ?? {};
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const errors: FieldError[] = [];
  if (apiGroup !== RBAC) errors.push(notSupported('roleRef.apiGroup', apiGroup, [RBAC]));
  if (!kinds.includes(kind)) errors.push(notSupported('roleRef.kind', kind, kinds));
  if (!name) errors.push(required('roleRef.name'));
  else errors.push(...each('roleRef.name', name, rbacName(name)));
  (object.subjects ?? []).forEach((s: Obj, i: number) => errors.push(...checkSubject(s, namespaced, `subjects[${i}]`)));
  return errors;
}

/** A binding's roleRef never changes. */
export function checkRoleRefChange(object: KubeObject, old: KubeObject): FieldError[] {
  const { apiGroup = '', kind = '', name = '' } = object.roleRef ?? {};
  const before = old.roleRef ?? {};
  if (apiGroup === before.apiGroup && kind === before.kind && name === before.name) return [];
  return [invalid('roleRef', { APIGroup: apiGroup, Kind: kind, Name: name }, 'cannot change roleRef')];
}

/** On update the whole of the metadata is checked once more, as upstream's Validate*Update call Validate*. */
export const metaAgain = (object: KubeObject, namespaced: boolean): FieldError[] =>
  validateObjectMeta(object.metadata, namespaced, rbacName, 'metadata');

/** Defaults of both bindings. */
export function bindingDefaults(object: KubeObject): void {
  if (object.roleRef) object.roleRef.apiGroup ||= RBAC;
  else object.roleRef = { apiGroup: RBAC, kind: '', name: '' };
  for (const subject of object.subjects ?? []) {
    if (!subject.apiGroup && (subject.kind === 'User' || subject.kind === 'Group')) subject.apiGroup = RBAC;
  }
}

const named = (object: KubeObject, kind: string, show: (s: Obj) => string): string =>
  (object.subjects ?? [])
    .filter((s: Obj) => s.kind === kind)
    .map(show)
    .join(', ');

/** Cells of both bindings. */
export const bindingCells = {
  role: (object: KubeObject): string => `${object.roleRef?.kind ?? ''}/${object.roleRef?.name ?? ''}`,
  users: (object: KubeObject): string => named(object, 'User', (s) => s.name),
  groups: (object: KubeObject): string => named(object, 'Group', (s) => s.name),
  serviceAccounts: (object: KubeObject): string => named(object, 'ServiceAccount', (s) => `${s.namespace ?? ''}/${s.name}`),
};
