import type { AuthenticationSet } from '../../tenancy/authentication.ts';

/** Trusted issuers of a cluster, through its object. Undefined: no such object. */
export interface AuthenticationPort {
  /** The configuration in force; null: none. */
  authentication(id: string): Promise<object | null | undefined>;
  /** Sets a configuration (YAML or JSON text); absent: no issuer is trusted. */
  setAuthentication(id: string, text: string | undefined): Promise<AuthenticationSet | undefined>;
}
