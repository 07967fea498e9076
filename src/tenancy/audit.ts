/** Query of a cluster's audit log. Times are ms since the epoch, both inclusive. */
export interface AuditQuery {
  from?: number;
  to?: number;
  /** `next` of the previous page. */
  after?: string;
  /** Maximum number of events. */
  limit: number;
}

export interface AuditPage {
  /** Events of audit.k8s.io/v1 as JSON lines, each ended by a line feed. */
  lines: string;
  /** Cursor of the next page; absent: this is the last. */
  next?: string;
}

/** Result of setting a policy: the policy in force, or why it was refused. */
export type AuditPolicySet = { policy: object | undefined; warnings: string[] } | { refused: string };
