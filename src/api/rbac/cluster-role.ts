import type { KubeObject, Obj } from '../../lib/json.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { type FieldError, invalid, required } from '../machinery/field-errors.ts';
import { validateLabelSelector } from '../machinery/labels.ts';
import { checkRules, metaAgain, rbacName } from './validation.ts';

/** ClusterRole (registry/rbac/clusterrole/strategy.go). */

const selectorsOf = (object: KubeObject): Obj[] => object.aggregationRule?.clusterRoleSelectors ?? [];
const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

function checkAggregation(object: KubeObject, lax: boolean): FieldError[] {
  if (!object.aggregationRule) return [];
  const errors: FieldError[] = [];
  const base = 'aggregationRule.clusterRoleSelectors';
  if (!selectorsOf(object).length) {
    errors.push(required(base, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
  }
  selectorsOf(object).forEach((selector, i) => {
    const path = `${base}[${i}]`;
    const wrong = validateLabelSelector(selector, { allowInvalidLabelValueInSelector: lax }, path);
    errors.push(...wrong);
    // An invalid selector is reported a second time; upstream prints the nil selector there.
    const unusable = validateLabelSelector(selector, {}, path).length > 0 || hasBadOperator(selector);
    if (unusable) errors.push(invalid(path, null, 'invalid label selector.'));
  });
  return errors;
}

const hasBadOperator = (selector: Obj): boolean =>
  (selector.matchExpressions ?? []).some((e: Obj) => !OPERATORS.includes(e.operator));

const hadInvalidSelector = (old: KubeObject): boolean =>
  selectorsOf(old).some((s) => validateLabelSelector(s, {}, '').length > 0);

export const ClusterRole = defineKind({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  resource: 'clusterroles',
  namespaced: false,
  schema: goSchema('io.k8s.api.rbac.v1.ClusterRole'),
  versions: [droppedVersion('rbac.authorization.k8s.io/v1beta1 ClusterRole', 'rbac.authorization.k8s.io/v1 ClusterRole', 17, 22)],
  names: rbacName,
  createOnUpdate: true,
  validateCreate: (object) => [...checkRules(object, false), ...checkAggregation(object, false)],
  validateUpdate: (object, old) => [
    ...metaAgain(object, false),
    ...checkRules(object, false),
    ...checkAggregation(object, hadInvalidSelector(old)),
  ],
});
