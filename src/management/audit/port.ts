/** What to read of a cluster's audit log. Times are ms since the epoch, both ends included. */
export interface AuditQuery {
  from?: number;
  to?: number;
  /** `next` of the page before. */
  after?: string;
  /** Events at most. */
  limit: number;
}

export interface AuditPage {
  /** Events of audit.k8s.io/v1, one line of JSON each, every line with its line feed. */
  lines: string;
  /** Absent: there is no more. */
  next?: string;
}

/** What became of a policy: it is in force, or this is wrong with it. */
export type AuditPolicySet = { policy: object | undefined; warnings: string[] } | { refused: string };

/** The audit log of a cluster, behind its object. Undefined: there is no such object. */
export interface AuditPort {
  /** The policy in force; null: none. */
  auditPolicy(id: string): Promise<object | null | undefined>;
  /** Takes a policy as text, YAML or JSON; absent: nothing is audited from then on. */
  setAuditPolicy(id: string, text: string | undefined): Promise<AuditPolicySet | undefined>;
  audit(id: string, query: AuditQuery): Promise<AuditPage | undefined>;
}
