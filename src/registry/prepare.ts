import type { Kind } from '../api/machinery/define-kind.ts';
import { equal, type KubeObject } from '../lib/json.ts';

/** Prepare functions of kinds that have none of their own. */

/** PrepareForCreate: the status is the server's, and generations are counted from 1. */
export function prepareCreate(kind: Kind, object: KubeObject): void {
  if (kind.status) object.status = kind.schema.zero().status;
  if (kind.countsGenerations) object.metadata.generation = 1;
}

/** PrepareForUpdate: generations move when the spec (or what stands for it) does. */
export function prepareUpdate(kind: Kind, object: KubeObject, old: KubeObject): void {
  if (kind.status) object.status = old.status;
  if (!kind.countsGenerations) return;
  const bare = (whole: KubeObject) => ({ ...whole, metadata: undefined, status: undefined });
  if (!equal(bare(object), bare(old))) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}
