import { GENERATE_ATTEMPTS } from './limits.ts';
import { checkStructure } from '../api/machinery/decode.ts';
import type { Kind } from '../api/machinery/define-kind.ts';
import { type FieldError, invalid } from '../api/machinery/field-errors.ts';
import { validateKubeFinalizers, validateObjectMeta, validateObjectMetaUpdate } from '../api/machinery/meta.ts';
import {
  alreadyExists,
  conflict,
  failure,
  invalidError,
  notFoundError,
  OPTIMISTIC_LOCK,
} from '../api/machinery/status-errors.ts';
import { uintError } from '../api/machinery/uint.ts';
import { clone, equal, type KubeObject, type Obj } from '../lib/json.ts';
import { encode } from './encode.ts';
import { fieldFilter } from './field-filter.ts';
import type { Live } from './kernel.ts';
import { generateName, storageKey } from './names.ts';
import type { PatchType } from './options.ts';
import { type FieldContext, managerName, trackUpdate, withoutManagers } from './patch/managed-fields.ts';
import * as plain from './prepare.ts';
import { convert } from './strategy.ts';
import type { DeleteScope, WriteScope } from './write-scope.ts';

/** The single steps of a write; their order is that of the lists in pipeline.ts. */

/** The result of a write: the object in its stored form, and its text. */
export interface Written {
  object: KubeObject;
  json: string;
  created: boolean;
}

/** The client's object as Go would have decoded it, ours to change. */
export function received({ strategy, options, warnings }: WriteScope, object: KubeObject): KubeObject {
  let fresh = object;
  if (!options.decoded) {
    const checked = checkStructure(strategy.schema, clone(object), 'Ignore');
    warnings.push(...checked.warnings);
    fresh = checked.object;
  }
  fresh.kind = strategy.kind;
  fresh.apiVersion = strategy.apiVersion;
  fresh.metadata ??= {} as KubeObject['metadata'];
  return fresh;
}

/** The live object that a PUT (without `type`) or a PATCH names; undefined: it may be created. Throws NotFound. */
export function find(scope: WriteScope, type?: PatchType): Live | undefined {
  const { kind, options } = scope;
  const creates = type ? type === 'apply' : kind.createOnUpdate === true;
  return creates && !options.subresource ? liveOf(scope) : existing(scope);
}

const liveOf = ({ kernel, resource, namespace, options }: WriteScope | DeleteScope): Live | undefined =>
  kernel.live(resource, namespace, options.name as string);

/** The live object; throws NotFound. */
export function existing(scope: WriteScope | DeleteScope): Live {
  const live = liveOf(scope);
  if (!live) throw notFoundError(scope.kind, scope.options.name as string);
  return live;
}

/** Refuses a PUT that names another object's uid. */
export function checkUid({ kind, namespace, options }: WriteScope, uid: string, live: Live | undefined): void {
  const found = live?.object.metadata.uid ?? '';
  if (!uid || uid === found) return;
  const name = options.name as string;
  const key = storageKey(kind, namespace, name, options.dryRun === true);
  const what = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`;
  const error = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${what}`;
  throw conflict(kind, name, error);
}

/** Refuses a creation by PATCH that names a uid. */
export function checkIdentity({ kind, options }: WriteScope, { metadata }: KubeObject, live: Live | undefined): void {
  if (!metadata.uid || live) return;
  const why = `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found`;
  throw conflict(kind, options.name as string, why);
}

/** Tracks the owners of fields in managedFields. `view` and `live` are as the client sees them. */
export function trackFields(scope: WriteScope, live: KubeObject | undefined, view: KubeObject): void {
  const { fieldManager, userAgent } = scope.options;
  trackUpdate(live, view, managerName(fieldManager, userAgent), fieldContext(scope));
}

/** The request as field management sees it. */
export function fieldContext({ kind, strategy, options }: WriteScope): FieldContext {
  const { subresource = '', now } = options;
  return {
    apiVersion: strategy.apiVersion,
    shape: strategy.schema.shape,
    subresource,
    now,
    filter: fieldFilter(kind, subresource),
    convert: (object, apiVersion) => {
      const converted = convert(kind, strategy, object as KubeObject, apiVersion);
      return converted && { object: converted.object, shape: converted.schema.shape };
    },
  };
}

/** Generates a name where the client leaves it to the server; true when it did. */
export function pickName({ kernel, resource, namespace }: WriteScope, { metadata }: KubeObject): boolean {
  if (metadata.name || !metadata.generateName) return false;
  for (let i = 0; i < GENERATE_ATTEMPTS; i++) {
    metadata.name = generateName(metadata.generateName, kernel.random);
    if (kernel.store.head(resource, namespace, metadata.name) === undefined) break;
  }
  return true;
}

/** Allocates the kind's addresses or ports. */
export function allocate(scope: WriteScope, object: KubeObject, old: KubeObject | undefined): void {
  const { ports, resource, options } = scope;
  const allocator = ports.allocators[resource];
  if (!allocator) return;
  const cx = { now: options.now, dryRun: options.dryRun === true };
  if (old) allocator.update(object, old, ports.cluster, cx);
  else allocator.create(object, ports.cluster, cx);
}

/** The strategy's PrepareForCreate. Of kinds without one the status is the server's, and generations begin at 1. */
export function prepareCreate({ kind, context }: WriteScope, object: KubeObject): void {
  if (kind.prepareCreate) kind.prepareCreate(object, context);
  else plain.prepareCreate(kind, object);
}

export function validateCreate({ kind, context }: WriteScope, object: KubeObject): void {
  const { namespaced, names, plainFinalizers } = kind;
  const errors = kind.validateCreate?.(object, context) ?? [];
  if (kind.metaLast) refuse(kind, object, errors);
  refuse(kind, object, [...validateObjectMeta(object.metadata, namespaced, names, 'metadata', plainFinalizers), ...errors]);
}

/** Refuses a name that is taken. */
export function checkAbsent(
  { kernel, kind, resource, namespace }: WriteScope,
  { metadata }: KubeObject,
  generated: boolean,
): void {
  const live = kernel.live(resource, namespace, metadata.name);
  if (!live) return;
  let error = alreadyExists(kind, metadata.name);
  if (generated) {
    const message = `${error.message}, the server was not able to generate a unique name for the object`;
    error = failure(409, 'AlreadyExists', message, { ...error.status.details, retryAfterSeconds: 1 }, { 'retry-after': '1' });
  }
  if (!live.object.metadata.deletionTimestamp) throw error;
  throw failure(409, 'AlreadyExists', `object is being deleted: ${error.message}`, error.status.details, error.headers);
}

/** Refuses a version that is not the live one; none means "whatever it is", where the kind allows it. */
export function checkVersion({ kind }: WriteScope, { metadata }: KubeObject, live: KubeObject): void {
  const version = metadata.resourceVersion;
  const { name, resourceVersion } = live.metadata;
  if (!version || version === '0') {
    if (kind.needsResourceVersion) {
      const problem = invalid('metadata.resourceVersion', 0, 'must be specified for an update');
      throw invalidError(kind.group, kind.resource, name, [problem]);
    }
    metadata.resourceVersion = resourceVersion;
    return;
  }
  const wrong = uintError(version);
  if (wrong) throw failure(500, '', wrong);
  if (version !== resourceVersion) throw conflict(kind, name, OPTIMISTIC_LOCK);
}

/** The strategy's PrepareForUpdate, and what rest.BeforeUpdate puts back around it. */
export function prepareUpdate({ strategy, context }: WriteScope, object: KubeObject, live: KubeObject): void {
  const { metadata } = object;
  const old = live.metadata;
  if (old.generation === undefined) delete metadata.generation;
  else metadata.generation = old.generation;
  strategy.prepare(object, live, context);
  metadata.uid ||= old.uid;
  if (old.creationTimestamp) metadata.creationTimestamp = old.creationTimestamp;
  if (old.deletionTimestamp) metadata.deletionTimestamp = old.deletionTimestamp;
  if (old.deletionGracePeriodSeconds !== undefined) metadata.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds;
}

export function validateUpdate({ kind, strategy, context }: WriteScope, object: KubeObject, live: KubeObject): void {
  const { metadata } = object;
  const metaErrors = validateObjectMetaUpdate(metadata, live.metadata, 'metadata');
  // Upstream checks the update of the metadata twice: for all kinds, and in the strategy of each. Both errors are reported.
  refuse(kind, object, [
    ...validateObjectMeta(metadata, kind.namespaced, 'path-segment', 'metadata', true),
    ...metaErrors,
    ...strategyMeta(kind, metadata, metaErrors),
    ...strategy.validate(object, live, context),
  ]);
}

/** The errors that a strategy's own check of an update's metadata adds (core/validation ValidateObjectMetaUpdate). */
function strategyMeta(kind: Kind, metadata: Obj, metaErrors: FieldError[]): FieldError[] {
  if (kind.skipsMetaOnUpdate) return [];
  if (kind.plainFinalizers || !metadata.finalizers) return metaErrors;
  return [...metaErrors, ...validateKubeFinalizers(metadata.finalizers, 'metadata.finalizers')];
}

function refuse(kind: Kind, object: KubeObject, errors: FieldError[]): void {
  if (errors.length) throw invalidError(kind.group, kind.kind, object.metadata.name ?? '', errors);
}

export function warn({ strategy, warnings }: WriteScope, object: KubeObject, old: KubeObject | undefined): void {
  const texts = strategy.warnings?.(object, old);
  if (texts?.length) warnings.push(...texts);
}

/** Removes selfLink, which is not stored (PrepareObjectForStorage). */
export function dropSelfLink({ options }: WriteScope, { metadata }: KubeObject): void {
  if (!options.dryRun) delete (metadata as Obj).selfLink;
}

/**
 * Leaves managedFields as they were when nothing but their times changed (fieldmanager
 * IgnoreManagedFieldsTimestampsTransformer).
 */
export function keepTimes(object: KubeObject, live: KubeObject): void {
  const next = object.metadata.managedFields;
  const old = live.metadata.managedFields;
  if (!next || !old || next === old || next.length !== old.length || next.every((entry, i) => entry.time === old[i]?.time))
    return;
  // The objects first: nearly always they differ, and soon.
  if (!equal(withoutManagers(object), withoutManagers(live))) return;
  const timeless = (entries: Obj[]) => entries.map((entry) => ({ ...entry, time: undefined }));
  if (equal(timeless(next), timeless(old))) object.metadata.managedFields = old;
}

/** Whether this update ends a deletion: it leaves no finalizers; kinds with /finalize have finalizers in their spec too. */
export function isFinished({ kind }: WriteScope, object: KubeObject, old: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = old.metadata;
  if (object.metadata.finalizers?.length || !deletionTimestamp || deletionGracePeriodSeconds) return false;
  return !kind.subresources?.finalize || !object.spec?.finalizers?.length;
}

/** Refuses a revision that a POST names: zero and what is no number are none. */
export function checkNoVersion({ options }: WriteScope, { metadata }: KubeObject): void {
  const version = metadata.resourceVersion;
  if (options.dryRun || !version || uintError(version) || BigInt(version) === 0n) return;
  throw failure(500, '', 'resourceVersion should not be set on objects to be created');
}

/** Refuses a revision that is no number. */
export function checkVersionText({ metadata }: KubeObject): void {
  const wrong = metadata.resourceVersion && uintError(metadata.resourceVersion);
  if (wrong) throw failure(500, '', wrong);
}

/** Appends the row of a new object. */
export function appendNew({ kernel, kind, options }: WriteScope, object: KubeObject): Written {
  if (options.dryRun) return { object, json: encode(object), created: true };
  return { object, json: kernel.append(kind, object, undefined), created: true };
}

/** Appends the row of a changed object; none where it is the same. */
export function append(
  scope: WriteScope | DeleteScope,
  object: KubeObject,
  live: Live,
  same = equal(object, live.object),
): Written {
  const { kernel, kind, options } = scope;
  if (same) return { object: live.object, json: live.row.json, created: false };
  if (options.dryRun) return { object, json: encode(object), created: false };
  return { object, json: kernel.append(kind, object, live.object, live.row.rev), created: false };
}

/** Appends the row of a deleted object, and releases its allocations. `final` is its last state, which is returned. */
export function erase(scope: WriteScope | DeleteScope, live: KubeObject, final = live): KubeObject {
  const { kernel, ports, kind, resource, options } = scope;
  if (options.dryRun) return final;
  const last = kernel.remove(kind, live, final);
  ports.allocators[resource]?.release(live, ports.cluster, { now: options.now, dryRun: false });
  return last;
}
