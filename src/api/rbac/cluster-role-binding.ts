import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { bindingCells, bindingDefaults, checkBinding, checkRoleRefChange, metaAgain, rbacName } from './validation.ts';

/** ClusterRoleBinding (registry/rbac/clusterrolebinding/strategy.go). */
export const ClusterRoleBinding = defineKind({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRoleBinding',
  resource: 'clusterrolebindings',
  namespaced: false,
  schema: goSchema('io.k8s.api.rbac.v1.ClusterRoleBinding'),
  versions: [
    droppedVersion(
      'rbac.authorization.k8s.io/v1beta1 ClusterRoleBinding',
      'rbac.authorization.k8s.io/v1 ClusterRoleBinding',
      17,
      22,
    ),
  ],
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
});
