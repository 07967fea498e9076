/** Query of a cluster's audit log. Times are ms since the epoch, both ends included. */
export interface AuditQuery {
  from?: number;
  to?: number;
  /** `next` of the previous page. */
  after?: string;
  /** Maximum number of events. */
  limit: number;
}

export interface AuditPage {
  /** Events of audit.k8s.io/v1 as JSON lines, each with its line feed. */
  lines: string;
  /** Absent: last page. */
  next?: string;
}

/** Result of setting a policy: in force, or its error. */
export type AuditPolicySet = { policy: object | undefined; warnings: string[] } | { refused: string };
