/** Roles of a credential: the ClusterRoles view and edit; admin: the group system:masters; none: only what RBAC grants to its user name. */
export const CLUSTER_ROLES = ['none', 'view', 'edit', 'admin'] as const;
export type ClusterRole = (typeof CLUSTER_ROLES)[number];

/** A credential of a cluster: user name, role and groups in its RBAC. */
export interface NewCredential {
  id: string;
  username: string;
  role: ClusterRole;
  /** Groups beside those of the role. */
  groups?: string[];
  /** Expiry, ms since the epoch; absent: never. */
  expires?: number;
}

/** Selection of credentials to revoke. */
export type Revoked = { ids: string[] } | { allBut: string[] };
