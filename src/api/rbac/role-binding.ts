import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import { bindingCells, bindingDefaults, checkBinding, checkRoleRefChange, metaAgain, rbacName } from './validation.ts';

/** RoleBinding (registry/rbac/rolebinding/strategy.go). */
export const rules: KindRules = {
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
};
