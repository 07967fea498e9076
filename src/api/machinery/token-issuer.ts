import type { KubeObject } from '../../lib/json.ts';

/** Signs a token for a service account (authn fills it). `claims` beyond the account are what it is bound to. */
export interface TokenIssuer {
  /** Audiences of tokens that name none. */
  audiences: string[];
  issue(request: TokenClaims): string;
  /** The token of a token Secret: it has no end, and is bound to the Secret. */
  issueForSecret(account: KubeObject, secret: KubeObject): string;
}

/** Claims of a service account's token (serviceaccount/claims.go). */
export interface TokenClaims {
  account: KubeObject;
  pod?: KubeObject;
  secret?: KubeObject;
  node?: KubeObject;
  audiences: string[];
  /** Milliseconds since the epoch. */
  now: number;
  expirationSeconds: number;
  /** Set where the real expiration was moved out: clients are warned from here on. */
  warnAfterSeconds?: number;
}
