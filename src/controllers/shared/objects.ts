import type { Resource } from '../../api/machinery/define-kind.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';

/** A deletion of exactly this object. */
export function deletion(
  resource: Resource,
  object: KubeObject,
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan',
): Action {
  const { namespace = '', name, uid } = object.metadata;
  return { verb: 'delete', resource, namespace, name, uid, ...(propagationPolicy && { propagationPolicy }) };
}

/** A copy without one finalizer. */
export function withoutFinalizer(object: KubeObject, finalizer: string): KubeObject {
  const { finalizers = [], ...metadata } = object.metadata;
  const rest = finalizers.filter((f) => f !== finalizer);
  return { ...object, metadata: rest.length ? { ...metadata, finalizers: rest } : metadata };
}

export const hasFinalizer = (object: KubeObject, finalizer: string): boolean =>
  object.metadata.finalizers?.includes(finalizer) ?? false;
