import { rfc3339 } from '../api/machinery/time.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { ClusterRole } from '../tenancy/credentials.ts';
import type { Registry } from '../registry/registry.ts';

/** User of the objects that a cluster creates by itself. */
export const SYSTEM: UserInfo = { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
const BINDINGS = 'rbac.authorization.k8s.io/clusterrolebindings';
/** Groups of each role, which RBAC bindings name. */
export const ROLE_GROUPS: Record<ClusterRole, string[]> = {
  none: [],
  view: ['atoll:view'],
  edit: ['atoll:edit'],
  admin: ['system:masters'],
};

/**
 * Binds the group of a role to the ClusterRole of that name, with a visible ClusterRoleBinding that the cluster's owners may change. Returns
 * false if the binding exists. Written without admission, as bootstrap objects are: neither an admission plugin nor a full plan can keep the
 * owners from issuing a credential.
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
