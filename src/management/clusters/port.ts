import type { AuditPort } from '../audit/port.ts';

/** What a new cluster is made with. */
export interface NewClusterOptions {
  id: string;
  name: string;
  apiOnly: boolean;
  legacyApis: boolean;
  nodes: number;
  caPem?: string;
}

/** Cluster roles that a credential may have: ClusterRoles of every Kubernetes, and the administrator. */
export const CLUSTER_ROLES = ['view', 'edit', 'admin'] as const;
export type ClusterRole = (typeof CLUSTER_ROLES)[number];

/** A credential of a cluster: whom it names inside, and what they may. */
export interface NewCredential {
  id: string;
  username: string;
  role: ClusterRole;
  /** ms since the epoch; absent: never. */
  expires?: number;
}

export interface ClusterUsage {
  rowsRead: number;
  rowsWritten: number;
  awakeMs: number;
  databaseBytes: number;
  watchers: number;
}

/** The clusters themselves, each behind its own object. */
export interface ClustersPort extends AuditPort {
  /** Makes the cluster and returns the first credential's bearer token. */
  create(options: NewClusterOptions, first: NewCredential): Promise<string>;
  /** One more credential; undefined when there is no such object. */
  issue(id: string, credential: NewCredential): Promise<string | undefined>;
  usage(id: string): Promise<ClusterUsage | undefined>;
  destroy(id: string): Promise<void>;
}
