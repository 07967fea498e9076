import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { checkRules, metaAgain, rbacName } from './validation.ts';

/** Role (registry/rbac/role/strategy.go). */
export const Role = defineKind({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  resource: 'roles',
  namespaced: true,
  schema: goSchema('io.k8s.api.rbac.v1.Role'),
  versions: [droppedVersion('rbac.authorization.k8s.io/v1beta1 Role', 'rbac.authorization.k8s.io/v1 Role', 17, 22)],
  names: rbacName,
  createOnUpdate: true,
  validateCreate: (object) => checkRules(object, true),
  validateUpdate: (object) => [...metaAgain(object, true), ...checkRules(object, true)],
});
