import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import { bindingCells, bindingDefaults, checkBinding, checkRoleRefChange, metaAgain, rbacName } from './validation.ts';

/** ClusterRoleBinding (registry/rbac/clusterrolebinding/strategy.go). */
export const rules: KindRules = {
  names: rbacName,
  createOnUpdate: true,
  defaults: bindingDefaults,
  validateCreate: (object) => checkBinding(object, false),
  validateUpdate: (object, old) => [
    ...metaAgain(object, false),
    ...checkBinding(object, false),
    ...checkRoleRefChange(object, old),
  ],
  columns: columnsOf(
    'rbac.authorization.k8s.io/clusterrolebindings',
    nameCell,
    bindingCells.role,
    ageCell,
    bindingCells.users,
    bindingCells.groups,
    bindingCells.serviceAccounts,
  ),
};
