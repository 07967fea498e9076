import type { ClusterLimits } from '../../tenancy/limits.ts';
import type { AuditPort } from '../audit/port.ts';
import type { UsageHour } from '../usage/port.ts';

/** Options of a new cluster. */
export interface NewClusterOptions {
  id: string;
  name: string;
  apiOnly: boolean;
  legacyApis: boolean;
  nodes: number;
  caPem?: string;
  /** Limits of its account's plan. */
  limits?: ClusterLimits;
}

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

/** Platform cost of the object since it woke, for the bench. Tenants are billed by the hours. */
export interface ClusterUsage {
  rowsRead: number;
  rowsWritten: number;
  awakeMs: number;
  databaseBytes: number;
  watchers: number;
}

/** Lifecycle state of a cluster, as in the deployment's database; of two messages the newer version counts. */
export interface Lifecycle {
  version: number;
  state: 'ready' | 'suspended' | 'deleted';
}

/** Progress of a fork, in objects. */
export interface ForkProgress {
  done: number;
  total: number;
}

/** Ports of clusters of their own, where the deployment is one machine. */
export interface ListenersPort {
  /** Serves the cluster on the port in place of its former one; returns the reason of a failure. Idempotent. */
  listen(id: string, port: number): Promise<string | undefined>;
  /** Closes the cluster's port, if any. */
  close(id: string): Promise<void>;
}

/** The clusters, each in its own object. */
export interface ClustersPort extends AuditPort {
  /** Creates the cluster and returns the first credential's bearer token. */
  create(options: NewClusterOptions, first: NewCredential): Promise<string>;
  /** Issues a credential; undefined when there is no such object. */
  issue(id: string, credential: NewCredential): Promise<string | undefined>;
  /** Revokes credentials: when this returns their tokens are unknown and their watches closed. Idempotent; harmless without an object. */
  revoke(id: string, which: Revoked): Promise<void>;
  /** Sets the expiry of credentials, and of the watches that they opened, unless it is sooner. */
  expire(id: string, credentials: string[], at: number): Promise<void>;
  usage(id: string): Promise<ClusterUsage | undefined>;
  /** Usage in the hours that overlap the range, up to now; undefined: no such cluster. */
  hours(id: string, from: number, to: number): Promise<UsageHour[] | undefined>;
  /** Sets limits. False: no such object. */
  limit(id: string, limits: ClusterLimits): Promise<boolean>;
  destroy(id: string): Promise<void>;
  /** Sets the lifecycle state. False: no such object. */
  setLifecycle(id: string, lifecycle: Lifecycle): Promise<boolean>;
  /** Begins a fork of another cluster's present state; undefined: no such cluster, or it is deleted. */
  fork(own: { id: string; name: string; limits?: ClusterLimits }, source: string): Promise<ForkProgress | undefined>;
  /** Continues a fork for about `ms`; undefined: its source no longer exists. */
  copy(id: string, ms: number): Promise<ForkProgress | undefined>;
  /** Completes a fork whose copy is whole; returns its first credential's bearer token. */
  finish(id: string, first: NewCredential | undefined): Promise<string | undefined>;
}
