import type { ClusterLimits } from './limits.ts';

/** Options of a new cluster; kept in its own database. */
export interface ClusterOptions {
  /** The deployment's id of the cluster. */
  id: string;
  name: string;
  /** The API server alone: no controllers, scheduler or nodes. */
  apiOnly?: boolean;
  /** Advertise and accept the old API versions that the books use. */
  legacyApis?: boolean;
  /** PEM of the CA that signed the server's certificate: kube-root-ca.crt, and extension-apiserver-authentication. */
  caPem?: string;
  /** Virtual nodes to begin with; default 3. */
  nodes?: number;
  /** Limits of its account's plan. */
  limits?: ClusterLimits;
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
