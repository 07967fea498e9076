import type { Kind, ServedVersion } from '../api/machinery/define-kind.ts';
import type { ExplainerOf, MeterOf } from '../registry/view.ts';
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

/** The resource of an address, once it is known to exist. */
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
  /** As the filters leave it: they may replace a protobuf body by JSON. */
  request: ApiRequest;
  /** The cluster's time, ms: of what is written and shown. Limits, the audit log and credentials go by the wall clock (`request.now`). */
  readonly now: number;
  readonly query: URLSearchParams;
  readonly info: RequestInfo;
  user: UserInfo;
  /** The user of the credential, before any impersonation. */
  authenticated: UserInfo;
  /** When their token expires, ms since the epoch, if it is one of an OIDC issuer. */
  expires?: number;
  /** Texts for Warning headers. */
  readonly warnings: string[];
  /** The form that the client accepts. */
  accept: Accept;
  /** The audit record; null: none, by the policy; undefined: the policy was not asked yet. */
  audit?: AuditRecord | null;
  auditId?: string;
}

/** Limits of the requests to a cluster. Both throw a StatusError. */
export interface RequestLimits {
  /** Counts a request of an authenticated user. */
  request(now: number): void;
  /** Counts a watch to be opened. */
  watch(): void;
}

/** Dependencies of filters and handlers. */
export interface Deps {
  readonly registry: Registry;
  /** Facts of OpenAPI documents beyond structure. */
  readonly facts: OpenApiFacts;
  readonly random: Random;
  readonly crypto: Crypto;
  /** The cluster's time at a time of the wall clock, ms. */
  readonly clock: (wall: number) => number;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly limits: RequestLimits;
  readonly audit: AuditSink;
  /** What pods and nodes use; absent: nothing is measured. */
  readonly meterOf?: MeterOf | undefined;
  /** Why the scheduler decided as it did; absent: nothing is decided here. */
  readonly explainerOf?: ExplainerOf | undefined;
  /** The reason why the cluster serves no requests now. */
  readonly unavailable?: string | undefined;
}

/** A filter lets a call pass (undefined), answers it, or throws a StatusError. */
export type Filter = (call: Call, deps: Deps) => ApiResponse | undefined;
