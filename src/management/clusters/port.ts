import type { ClusterOptions, ForkProgress, Lifecycle } from '../../tenancy/cluster.ts';
import type { NewCredential, Revoked } from '../../tenancy/credentials.ts';
import type { ClusterLimits } from '../../tenancy/limits.ts';
import type { ClusterUsage, UsageHour } from '../../tenancy/usage.ts';
import type { AuditPort } from '../audit/port.ts';
import type { AuthenticationPort } from '../authentication/port.ts';
import type { ClockPort } from '../clock/port.ts';

/** Ports of clusters of their own, where the deployment is one machine. */
export interface ListenersPort {
  /** Serves the cluster on the port in place of its former one; returns the reason of a failure. Idempotent. */
  listen(id: string, port: number): Promise<string | undefined>;
  /** Closes the cluster's port, if any. */
  close(id: string): Promise<void>;
}

/** The clusters, each in its own object. */
export interface ClustersPort extends AuditPort, AuthenticationPort, ClockPort {
  /** Creates the cluster and returns the first credential's bearer token. */
  create(options: ClusterOptions, first: NewCredential): Promise<string>;
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
