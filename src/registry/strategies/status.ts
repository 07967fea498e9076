import type { Kind } from '../../api/machinery/define-kind.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { StrategyOf } from '../strategy.ts';

/** The strategy of /status: only the status passes, and the metadata that upstream lets pass there. */
export const statusStrategy: StrategyOf = (kind, main) => {
  return {
    ...main,
    prepare: (object, old, cx) => {
      if (kind.prepareStatus) kind.prepareStatus(object, old, cx);
      else keepAllButStatus(kind, object, old);
    },
    warnings: undefined,
    validate: (object, old, cx) => kind.validateStatus?.(object, old, cx) ?? [],
  };
};

function keepAllButStatus(kind: Kind, object: KubeObject, old: KubeObject): void {
  for (const name of Object.keys(object)) {
    if (name === 'status' || name === 'metadata' || name === 'kind' || name === 'apiVersion') continue;
    if (old[name] === undefined) delete object[name];
  }
  for (const name in old) if (name !== 'status' && name !== 'metadata') object[name] = old[name];
  if (kind.statusResetsMetadata) resetMetadata(object, old);
}

/** metav1.ResetObjectMetaForStatus. */
function resetMetadata(object: KubeObject, old: KubeObject): void {
  const meta: Obj = object.metadata;
  for (const name of ['deletionTimestamp', 'generation', 'labels', 'annotations', 'finalizers', 'ownerReferences'] as const) {
    if (old.metadata[name] === undefined) delete meta[name];
    else meta[name] = old.metadata[name];
  }
}
