import type { FieldValidation } from '../api/machinery/decode.ts';
import type { ServedVersion } from '../api/machinery/define-kind.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Row } from '../store/rows.ts';
import type { UserInfo } from '../api/machinery/user.ts';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

/** Options of every write. */
export interface WriteOptions {
  /** "" for cluster-scoped kinds. */
  namespace: string;
  /** From the address; required but for create. */
  name?: string;
  user: UserInfo;
  /** Milliseconds since the epoch. */
  now: number;
  dryRun?: boolean;
  fieldManager?: string;
  fieldValidation?: FieldValidation;
  userAgent?: string;
  subresource?: string;
  /** The version that the client speaks, when it is not the stored one. */
  served?: ServedVersion;
  /** Apply: take fields from their owners. */
  force?: boolean;
  /** The object was read by decodeBody for this very request: fresh, normalised, in the served version. */
  decoded?: boolean;
  /** Adds an annotation to the audit event of the request. */
  annotate?(key: string, value: string): void;
  /** Takes the warnings of a refused write, which upstream sends with the error. Those of others are in the result. */
  warnRefused?(texts: readonly string[]): void;
}

export interface WriteResult {
  /** The answer's text, in the version that the client speaks. */
  json: string;
  /** The same, decoded. Shared: never change it. */
  object: KubeObject;
  created: boolean;
  warnings: string[];
}

export interface Preconditions {
  uid?: string;
  resourceVersion?: string;
}

export interface DeleteOptions {
  preconditions?: Preconditions;
  /** A bigint beyond 2^53. */
  gracePeriodSeconds?: number | bigint;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  orphanDependents?: boolean;
}

export type DeleteRequest = Omit<WriteOptions, 'fieldManager' | 'fieldValidation' | 'force' | 'decoded'> & DeleteOptions;

export interface DeleteResult {
  /** False while it waits for its grace period or for finalizers. */
  deleted: boolean;
  /** 200, or 202 when dependents are deleted first at the client's orphanDependents=false. */
  code: number;
  /** The object, or a Status with details: what upstream answers for the kind. */
  body: Obj;
  json: string;
  /** The object as it is, or last was. */
  object: KubeObject;
  warnings: string[];
}

export interface ListOptions {
  /** ms since the epoch; without it continue tokens do not age. */
  now?: number;
  /** Undefined or "": all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: string;
}

export interface ListResult {
  rows: Row[];
  revision: number;
  continue?: string;
  /** remainingItemCount; only known without selectors. */
  remaining?: number;
}
