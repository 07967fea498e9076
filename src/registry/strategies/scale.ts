import { fromLabelSelector, fromMap, selectorToString } from '../../api/machinery/labels.ts';
import { apiVersionOf, type Kind, type ScalePaths } from '../../api/machinery/define-kind.ts';
import { invalid } from '../../api/machinery/field-errors.ts';
import { conflict, invalidError } from '../../api/machinery/status-errors.ts';
import { scaleSchema } from '../../api/autoscaling/scale.ts';
import { clone, type KubeObject, type Obj } from '../../lib/json.ts';
import { difference, type FieldSet, has, insert, isEmpty } from '../patch/field-set.ts';
import { decodeManagers, encodeManagers, identity, type Manager } from '../patch/managed-fields.ts';
import type { StrategyOf } from '../strategy.ts';

const SCALE_VERSION = 'autoscaling/v1';
const REPLICAS_OF_SCALE = ['f:spec', 'f:replicas'];

/**
 * The strategy of /scale: the object as an autoscaling/v1 Scale, of which spec.replicas passes (deployment storage, ScaleREST).
 */
export const scaleStrategy: StrategyOf = (kind, main) => ({
  ...main,
  schema: scaleSchema,
  apiVersion: SCALE_VERSION,
  kind: 'Scale',
  read: (live) => readScale(kind, live),
  write: (live, view) => writeScale(kind, live, view),
  show: (stored) => showScale(kind, stored),
  defaults: (view) => view,
  warnings: undefined,
});

/** The size of an object of a kind that has /scale, and the selector of its pods in text. */
export function sizeOf(paths: ScalePaths, live: KubeObject): { replicas: number; current: number; selector: string } {
  const selector = at(live, paths.selector);
  const text = selectorToString(
    paths.selectorForm === 'map' ? fromMap(selector as Record<string, string>) : fromLabelSelector(selector as Obj | undefined),
  );
  const numberAt = (path: readonly string[]) => (at(live, path) as number | undefined) ?? 0;
  return { replicas: numberAt(paths.spec), current: numberAt(paths.status), selector: text };
}

/** The Scale of an object, with the managed fields of its replicas. */
function readScale(kind: Kind, live: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = live.metadata;
  const { replicas, current, selector } = sizeOf(kind.scale as ScalePaths, live);
  const managedFields = encodeManagers(
    toScale(kind, decodeManagers(live.metadata.managedFields, live.metadata.managedFields) ?? []),
  );
  return {
    kind: 'Scale',
    apiVersion: SCALE_VERSION,
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp, ...(managedFields && { managedFields }) },
    spec: replicas ? { replicas } : {},
    status: { replicas: current, ...(selector && { selector }) },
  };
}

/** The Scale that clients see: without managed fields. */
function showScale(kind: Kind, live: KubeObject): KubeObject {
  const scale = readScale(kind, live);
  delete scale.metadata.managedFields;
  return scale;
}

function writeScale(kind: Kind, live: KubeObject, scale: KubeObject): KubeObject {
  const { name } = live.metadata;
  const replicas = scale.spec?.replicas ?? 0;
  if (replicas < 0) {
    throw invalidError('autoscaling', 'Scale', name, [invalid('spec.replicas', replicas, 'must be greater than or equal to 0')]);
  }
  const { uid, resourceVersion } = scale.metadata;
  if (uid && uid !== live.metadata.uid) {
    const what = { group: kind.group, resource: `${kind.resource}/scale` };
    throw conflict(what, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`);
  }
  const object = clone(live);
  const path = (kind.scale as NonNullable<Kind['scale']>).spec;
  let parent: Obj = object;
  for (const segment of path.slice(0, -1)) parent = parent[segment] ??= {};
  parent[path[path.length - 1] as string] = replicas;
  object.metadata.resourceVersion = resourceVersion ?? '';
  const managers = encodeManagers(toParent(kind, live, decodeManagers(scale.metadata.managedFields) ?? []));
  if (managers) object.metadata.managedFields = managers;
  else delete object.metadata.managedFields;
  return object;
}

function at(object: Obj, path: readonly string[]): unknown {
  let value: unknown = object;
  for (const segment of path) value = (value as Obj | undefined)?.[segment];
  return value;
}

const replicasOf = (kind: Kind): string[] => (kind.scale as NonNullable<Kind['scale']>).spec.map((segment) => `f:${segment}`);
const single = (path: string[]): FieldSet => {
  const set: FieldSet = {};
  insert(set, path);
  return set;
};

/** Owners of the replicas, as owners of the Scale's (managedfields scalehandler.go ToSubresource). */
function toScale(kind: Kind, managers: Manager[]): Manager[] {
  const path = replicasOf(kind);
  return managers
    .filter((m) => has(m.set, path))
    .map((m) => ({ ...m, apiVersion: SCALE_VERSION, set: single(REPLICAS_OF_SCALE) }));
}

/** Owners of the object after the Scale's have changed (ToParent): a manager that lost the replicas keeps the rest. */
function toParent(kind: Kind, live: KubeObject, scale: Manager[]): Manager[] {
  const path = replicasOf(kind);
  const gone = single(path);
  // An updater is known by its version; the Scale's version stands for the object's here.
  const idOf = (m: Manager) => identity({ ...m, apiVersion: '' });
  const left = new Map(scale.map((m) => [idOf(m), m]));
  const out: Manager[] = [];
  for (const manager of decodeManagers(live.metadata.managedFields, live.metadata.managedFields) ?? []) {
    if (!has(manager.set, path)) out.push(manager);
    else if (left.delete(idOf(manager))) out.push(manager);
    else {
      const set = difference(manager.set, gone);
      if (!isEmpty(set)) out.push({ ...manager, set });
    }
  }
  for (const manager of left.values()) {
    if (has(manager.set, REPLICAS_OF_SCALE)) out.push({ ...manager, apiVersion: apiVersionOf(kind), time: undefined, set: gone });
  }
  return out;
}
