/** Roles of a credential: ClusterRoles of Kubernetes, the administrator, or what RBAC inside grants to its name alone. */
export const CLUSTER_ROLES = ['none', 'view', 'edit', 'admin'] as const;
export type ClusterRole = (typeof CLUSTER_ROLES)[number];

/** A credential of a cluster: its identity inside, and its role. */
export interface NewCredential {
  id: string;
  username: string;
  role: ClusterRole;
  /** Groups beside those of the role. */
  groups?: string[];
  /** ms since the epoch; absent: never. */
  expires?: number;
}

/** Selection of credentials to revoke. */
export type Revoked = { ids: string[] } | { allBut: string[] };
