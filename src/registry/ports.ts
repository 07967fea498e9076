import type { Kind, Resource } from '../api/machinery/define-kind.ts';
import type { TokenIssuer } from '../api/machinery/token-issuer.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Random } from '../lib/random.ts';
import type { DeleteRequest, WriteOptions } from './options.ts';
import type { View } from './view.ts';

/**
 * The objects of the cluster, as admission plugins and allocators may read and write them: reads are always fresh, writes take the whole
 * pipeline, and both are part of the transaction of the request that asks.
 */
export interface ClusterObjects {
  readonly random: Random;
  readonly view: View;
  /** A decoded object: shared, do not mutate. */
  object(resource: Resource, namespace: string, name: string): KubeObject | undefined;
  objects(resource: Resource, namespace?: string): KubeObject[];
  create(resource: Resource, object: KubeObject, options: WriteOptions): void;
  update(resource: Resource, object: KubeObject, options: WriteOptions): void;
  delete(resource: Resource, request: DeleteRequest): void;
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
  /** For `review`: the stored size of the object after and before, bytes. Absent where it will not be stored. */
  size?(): { after: number; before: number };
  /** Adds a warning for the client. */
  warn(text: string): void;
  /** Adds an annotation to the audit event; absent without one. */
  annotate?(key: string, value: string): void;
}

/**
 * Admission, implemented by layer 4. A refusal is a thrown StatusError. Both calls are synchronous and inside the transaction
 * of the request.
 */
export interface Admission {
  mutate?(request: AdmissionRequest, cluster: ClusterObjects): void;
  review?(request: AdmissionRequest, cluster: ClusterObjects): void;
}

/** Allocations of a kind in the same transaction (addresses, ports). Filled by network/. Mutates `object`. */
export interface Allocator {
  create(object: KubeObject, cluster: ClusterObjects, cx: { now: number; dryRun: boolean }): void;
  update(object: KubeObject, old: KubeObject, cluster: ClusterObjects, cx: { now: number; dryRun: boolean }): void;
  /** Releases the allocations of a deleted object. */
  release(object: KubeObject, cluster: ClusterObjects, cx: { now: number; dryRun: boolean }): void;
}

/** Ports filled from outside of the registry. */
export interface Ports {
  /** In the order in which they see a request; what must be last stands last. */
  admission: readonly Admission[];
  allocators: Readonly<Record<Resource, Allocator>>;
  /** Absent: /token is refused. */
  tokens: TokenIssuer | undefined;
  cluster: ClusterObjects;
}
