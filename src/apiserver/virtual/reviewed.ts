import type { KubeObject, Obj } from '../../lib/json.ts';

/** The answer to a review: the object sent, in Go's order, with its status. */
export function reviewed({ kind, apiVersion, metadata }: KubeObject, rest: Obj, meta: Obj = metadata ?? {}): KubeObject {
  return { kind, apiVersion, metadata: meta, ...rest } as KubeObject;
}
