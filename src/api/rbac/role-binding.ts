import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { bindingCells, bindingDefaults, checkBinding, checkRoleRefChange, metaAgain, rbacName } from './validation.ts';

/** RoleBinding (registry/rbac/rolebinding/strategy.go). */
export const RoleBinding = defineKind({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'RoleBinding',
  resource: 'rolebindings',
  namespaced: true,
  schema: goSchema('io.k8s.api.rbac.v1.RoleBinding'),
  versions: [droppedVersion('rbac.authorization.k8s.io/v1beta1 RoleBinding', 'rbac.authorization.k8s.io/v1 RoleBinding', 17, 22)],
  names: rbacName,
  createOnUpdate: true,
  defaults: bindingDefaults,
  validateCreate: (object) => checkBinding(object, true),
  validateUpdate: (object, old) => [
    ...metaAgain(object, true),
    ...checkBinding(object, true),
    ...checkRoleRefChange(object, old),
  ],
  columns: columnsOf(
    'rbac.authorization.k8s.io/rolebindings',
    nameCell,
    bindingCells.role,
    ageCell,
    bindingCells.users,
    bindingCells.groups,
    bindingCells.serviceAccounts,
  ),
});
