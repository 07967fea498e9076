import type { KubeObject, Obj } from '../../lib/json.ts';

/** A review as its answer: what was sent, in Go's order, with what was found. */
export function reviewed({ kind, apiVersion, metadata }: KubeObject, rest: Obj, meta: Obj = metadata ?? {}): KubeObject {
  return { kind, apiVersion, metadata: meta, ...rest } as KubeObject;
}
