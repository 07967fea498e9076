import type { ClusterLimits } from './limits.ts';

export const CLOCK_MODES = ['real', 'virtual'] as const;
export type ClockMode = (typeof CLOCK_MODES)[number];

/** Options of a new cluster, stored in its own database. */
export interface ClusterOptions {
  /** Cluster id in the deployment's database. */
  id: string;
  name: string;
  /** Runs the API server alone: no controllers, scheduler or nodes. */
  apiOnly?: boolean;
  /** Serves and advertises API versions that Kubernetes has removed (as extensions/v1beta1), for old manifests. */
  legacyApis?: boolean;
  /** PEM of the CA that signed the server's certificate, for the ConfigMaps kube-root-ca.crt and extension-apiserver-authentication. */
  caPem?: string;
  /** Number of virtual nodes created at boot; default 3. */
  nodes?: number;
  /** Whether its time is that of the wall clock, or stands until it is told to move. Absent: real. */
  clock?: ClockMode;
  /** Limits of its account's plan. */
  limits?: ClusterLimits;
}

/** Lifecycle state of a cluster, as in the deployment's database; a higher version replaces a lower one. */
export interface Lifecycle {
  version: number;
  state: 'ready' | 'suspended' | 'deleted';
}

/** Progress of a fork: objects copied, and objects in all. */
export interface ForkProgress {
  done: number;
  total: number;
}
