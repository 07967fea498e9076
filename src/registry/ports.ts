import type { Kind } from '../api/machinery/define-kind.ts';
import type { ResourceName } from '../api/machinery/status-errors.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Registry } from './registry.ts';

/** Who writes. */
export interface UserInfo {
  username: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

/** One write on its way through admission. */
export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  kind: Kind;
  subresource: string;
  namespace: string;
  name: string;
  /** Undefined for DELETE. `mutate` may change it; `review` may not. */
  object: KubeObject | undefined;
  old: KubeObject | undefined;
  user: UserInfo;
  dryRun: boolean;
  options: Obj;
  now: number;
  /** Tells the client something without refusing. */
  warn?(text: string): void;
  /** Tells the audit log something. */
  annotate?(key: string, value: string): void;
}

/** Layer 4 fills these. A refusal is a thrown StatusError. Both are synchronous; they may read through `registry`, and write through it too. */
export interface Admission {
  mutate(request: AdmissionRequest, registry: Registry): void;
  review(request: AdmissionRequest, registry: Registry): void;
}

/** What a kind does to other objects in the same transaction: allocations (addresses, ports). Filled by network/. Mutates `object`. */
export interface Allocator {
  create(object: KubeObject, registry: Registry, cx: { now: number; dryRun: boolean }): void;
  update(object: KubeObject, old: KubeObject, registry: Registry, cx: { now: number; dryRun: boolean }): void;
  /** Called when the object is really gone. */
  release(object: KubeObject, registry: Registry, cx: { now: number; dryRun: boolean }): void;
}

/** Signs a token for a service account (Layer 4 fills it). `claims` beyond the account are what it is bound to. */
export interface TokenIssuer {
  /** Audiences of tokens that name none. */
  audiences: string[];
  issue(request: TokenClaims): string;
}

/** What a service account's token says (serviceaccount/claims.go). */
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

/** What a cluster may hold. A throw takes the write back. Time is that of the write. */
export interface Quota {
  /** One more object was written, of so many bytes. */
  added(what: ResourceName, name: string, bytes: number, now: number): void;
  /** An object became larger by so many bytes, by the wish of a client, and has `size` now. */
  grown(what: ResourceName, name: string, bytes: number, size: number, now: number): void;
}
