import type { Kind, ServedVersion } from '../api/machinery/define-kind.ts';
import type { Authenticator } from '../authn/authenticator.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { Random } from '../lib/random.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import type { Registry } from '../registry/registry.ts';
import type { AuditRecord } from './audit/record.ts';
import type { AuditSink } from './audit/sink.ts';
import type { ApiRequest, ApiResponse } from './messages.ts';
import type { Accept } from './negotiate.ts';
import type { OpenApiFacts } from './openapi-facts.ts';
import type { RequestInfo } from './request-info.ts';

/** What an address names, once it is known to exist. */
export interface Target {
  kind: Kind;
  served: ServedVersion | undefined;
  group: string;
  version: string;
  /** Plural as served. */
  resource: string;
  subresource: string;
}

/** One request on its way through the filters to its handler. */
export interface Call {
  /** As the filters leave it: they may put a body that everybody reads in the place of one that few do. */
  request: ApiRequest;
  readonly query: URLSearchParams;
  readonly info: RequestInfo;
  user: UserInfo;
  /** Who they were before any impersonation: whose credential it was. */
  authenticated: UserInfo;
  /** Texts for Warning headers. */
  readonly warnings: string[];
  /** What the client wants to read. */
  accept: Accept;
  /** What the audit log is told; null: nothing, as the policy says; undefined: the policy was not asked yet. */
  audit?: AuditRecord | null;
  auditId?: string;
}

/** What bounds the requests to a cluster. Both throw a StatusError. */
export interface RequestLimits {
  /** A request, of somebody who is known. */
  request(now: number): void;
  /** One more watch is to be opened. */
  watch(): void;
}

/** What filters and handlers work with. */
export interface Deps {
  readonly registry: Registry;
  /** What documents of OpenAPI tell beyond structure. */
  readonly facts: OpenApiFacts;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly limits?: RequestLimits | undefined;
  readonly audit?: AuditSink | undefined;
  /** Why the cluster serves nobody just now. */
  readonly unavailable?: string | undefined;
}

/** A filter lets a call pass (undefined), answers it, or throws a StatusError. */
export type Filter = (call: Call, deps: Deps) => ApiResponse | undefined;
