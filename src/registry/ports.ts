import type { Kind } from '../api/machinery/define-kind.ts';
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
