import type { ClusterLimits } from '../../tenancy/limits.ts';
import type { AuditPort } from '../audit/port.ts';
import type { UsageHour } from '../usage/port.ts';

/** What a new cluster is made with. */
export interface NewClusterOptions {
  id: string;
  name: string;
  apiOnly: boolean;
  legacyApis: boolean;
  nodes: number;
  caPem?: string;
  /** What the plan of its account allows. */
  limits?: ClusterLimits;
}

/** Roles that a credential may have: ClusterRoles of every Kubernetes, the administrator, or what RBAC inside gives to its name alone. */
export const CLUSTER_ROLES = ['none', 'view', 'edit', 'admin'] as const;
export type ClusterRole = (typeof CLUSTER_ROLES)[number];

/** A credential of a cluster: whom it names inside, and what they may. */
export interface NewCredential {
  id: string;
  username: string;
  role: ClusterRole;
  /** Groups beside those of the role. */
  groups?: string[];
  /** ms since the epoch; absent: never. */
  expires?: number;
}

/** Which credentials of a cluster are revoked. */
export type Revoked = { ids: string[] } | { allBut: string[] };

/** What the object has cost its platform since it woke: for the bench. What a tenant is told are the hours. */
export interface ClusterUsage {
  rowsRead: number;
  rowsWritten: number;
  awakeMs: number;
  databaseBytes: number;
  watchers: number;
}

/** How a cluster is to stand, as the deployment's database has it; of two words that cross on their way the newer counts. */
export interface Lifecycle {
  version: number;
  state: 'ready' | 'suspended' | 'deleted';
}

/** How far a copy is, in objects. */
export interface ForkProgress {
  done: number;
  total: number;
}

/** Ports of the machine that clusters have of their own: where there is one machine. */
export interface ListenersPort {
  /** Serves the cluster there, and nowhere else of its own; returns why it cannot. Harmless twice. */
  listen(id: string, port: number): Promise<string | undefined>;
  /** Lets its port go, if it has one. */
  close(id: string): Promise<void>;
}

/** The clusters themselves, each behind its own object. */
export interface ClustersPort extends AuditPort {
  /** Makes the cluster and returns the first credential's bearer token. */
  create(options: NewClusterOptions, first: NewCredential): Promise<string>;
  /** One more credential; undefined when there is no such object. */
  issue(id: string, credential: NewCredential): Promise<string | undefined>;
  /** Their tokens are unknown when this returns, and the watches that they opened are closed. Harmless without an object, or twice. */
  revoke(id: string, which: Revoked): Promise<void>;
  /** They expire then, if not sooner; so do the watches that they opened. */
  expire(id: string, credentials: string[], at: number): Promise<void>;
  usage(id: string): Promise<ClusterUsage | undefined>;
  /** What it was used for in the hours that overlap the time, to this moment; undefined: there is no such cluster. */
  hours(id: string, from: number, to: number): Promise<UsageHour[] | undefined>;
  /** What it may use from now on. False: there is no such object. */
  limit(id: string, limits: ClusterLimits): Promise<boolean>;
  destroy(id: string): Promise<void>;
  /** What it refuses and whether it goes on follows from this. False: there is no such object. */
  setLifecycle(id: string, lifecycle: Lifecycle): Promise<boolean>;
  /** Begins a copy of another cluster as it is now; undefined: there is no such cluster, or it is deleted. */
  fork(own: { id: string; name: string; limits?: ClusterLimits }, source: string): Promise<ForkProgress | undefined>;
  /** Goes on with a copy for about so long; undefined: it cannot go on, for its source is gone. */
  copy(id: string, ms: number): Promise<ForkProgress | undefined>;
  /** Makes a cluster of a copy that has everything, and returns its first credential's bearer token. */
  finish(id: string, first: NewCredential | undefined): Promise<string | undefined>;
}
