import type { UserInfo } from '../api/machinery/user.ts';
import type { KubeObject } from '../lib/json.ts';

/** The live objects of this cluster, for an authenticator. */
export interface ObjectSource {
  object(resource: string, namespace: string, name: string): KubeObject | undefined;
  /** Adds labels to an object in the name of the API server; nothing comes of it where that is refused. */
  label?(resource: string, object: KubeObject, labels: Record<string, string>, now: number): void;
}

export interface TokenIdentity {
  user: UserInfo;
  audiences: string[];
  /** When a token of an OIDC issuer expires, ms since the epoch; absent for others. */
  expires?: number;
  /** What the client is to be warned of. */
  warnings?: string[];
}

/** The refusal of a token, in upstream's words. */
export class TokenError extends Error {}
