import type { AuditPage, AuditPolicySet, AuditQuery } from '../../tenancy/audit.ts';

/** Audit log of a cluster, through its object. Undefined: no such object. */
export interface AuditPort {
  /** The policy in force; null: none. */
  auditPolicy(id: string): Promise<object | null | undefined>;
  /** Sets a policy (YAML or JSON text); absent: auditing ends. */
  setAuditPolicy(id: string, text: string | undefined): Promise<AuditPolicySet | undefined>;
  audit(id: string, query: AuditQuery): Promise<AuditPage | undefined>;
}
