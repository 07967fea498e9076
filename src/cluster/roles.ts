import { rfc3339 } from '../api/machinery/time.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { ClusterRole } from '../tenancy/credentials.ts';
import type { Registry } from '../registry/registry.ts';

/** Who makes what a cluster makes by itself. */
export const SYSTEM: UserInfo = { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
const BINDINGS = 'rbac.authorization.k8s.io/clusterrolebindings';
/** What a role means inside: groups that RBAC knows. */
export const ROLE_GROUPS: Record<ClusterRole, string[]> = {
  none: [],
  view: ['atoll:view'],
  edit: ['atoll:edit'],
  admin: ['system:masters'],
};

/**
 * Gives the group of a role the ClusterRole of that name, in the open: RBAC inside of the cluster is its owners' to look at and to change.
 * False: it has it. It is known to be valid and written as bootstrap objects are: no admission plugin of the cluster, and no full plan, can keep
 * its owners from giving somebody a role.
 */
export function bindRole(registry: Registry, role: string, now: number): boolean {
  const kind = registry.kinds.byResource(BINDINGS);
  const name = `atoll:${role}`;
  if (!kind || registry.object(BINDINGS, '', name)) return false;
  const binding = {
    kind: 'ClusterRoleBinding',
    apiVersion: 'rbac.authorization.k8s.io/v1',
    metadata: { name, uid: registry.random.uuid(), creationTimestamp: rfc3339(now) },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  };
  registry.createOwn(kind, binding as Obj as KubeObject, { namespace: '', user: SYSTEM, now, fieldManager: 'atoll' });
  return true;
}
