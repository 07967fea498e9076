import type { ClusterLimits } from '../tenancy/limits.ts';

/** What a cluster is made with; kept in its own database. */
export interface ClusterOptions {
  /** The deployment's id of it. */
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
  /** What it may use to begin with. */
  limits?: ClusterLimits;
}
