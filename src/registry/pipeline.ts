import type { StrategyContext, Kind } from '../api/machinery/define-kind.ts';
import { resourceOf } from '../api/machinery/define-kind.ts';
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
import { equal, type KubeObject, type Obj } from '../lib/json.ts';
import type { Row } from '../store/rows.ts';
import { type Door, fieldContext } from './doors.ts';
import { encode } from './encode.ts';
import { dedupOwners, ensureNamespace, fillSystemFields, generateName, GENERATE_ATTEMPTS, storageKey } from './names.ts';
import type { WriteOptions } from './options.ts';
import { managerName, trackUpdate, withoutManagers } from './patch/managed-fields.ts';
import type { AdmissionRequest } from './ports.ts';
import type { Registry } from './registry.ts';

/** What a write leaves: the object in its stored form, and its text. */
export interface Written {
  object: KubeObject;
  json: string;
  created: boolean;
}

/** One write on its way: who, what, and where warnings gather. */
export interface Passage {
  registry: Registry;
  kind: Kind;
  door: Door;
  options: WriteOptions;
  warnings: string[];
}

/** Users that act for the cluster itself; other service accounts are its tenant's programs. */
const SYSTEM = /^system:(?!serviceaccount:(?!kube-system:))/;

export const nameOf = ({ group, resource }: Kind) => ({ group, resource });
export const context = ({ registry, options, door }: Passage): StrategyContext =>
  registry.context(options.now, options.subresource, door.apiVersion, options.user);

/**
 * CREATE, from the client's view of the object, decoded and defaulted (handlers/create.go, generic/registry/store.go create,
 * rest.BeforeCreate). The order of the steps stands here and nowhere else.
 */
export function createSteps(p: Passage, view: KubeObject): Written {
  dedupOwners(view, false, p.warnings);
  track(p, undefined, view);
  const object = p.door.write(view, view);
  mutate(p, 'CREATE', object, undefined);
  dedupOwners(object, true, p.warnings);
  return store(p, object, true);
}

/** The storage part of a creation; apply and create-on-update come here too, and may name a revision (etcd3 store.go GuaranteedUpdate). */
function store(p: Passage, object: KubeObject, posted = false): Written {
  const { registry, kind, options } = p;
  const { metadata } = object;
  fillSystemFields(object, registry.random, options.now);
  const generated = !metadata.name && !!metadata.generateName;
  if (generated) pickName(p, object);
  registry.allocator(kind)?.create(object, registry, { now: options.now, dryRun: options.dryRun === true });
  const namespace = kind.namespaced ? options.namespace : '';
  ensureNamespace(object, namespace);
  const cx = context(p);
  if (kind.prepareCreate) kind.prepareCreate(object, cx);
  else registry.defaultPrepare(kind, object);
  const errors = kind.validateCreate?.(object, cx) ?? [];
  if (kind.metaLast) refuse(kind, object, errors);
  const { names, plainFinalizers } = kind;
  refuse(kind, object, [...validateObjectMeta(metadata, kind.namespaced, names, 'metadata', plainFinalizers), ...errors]);
  warn(p, object, undefined);
  review(p, 'CREATE', object, undefined);
  const existing = registry.store.head(resourceOf(kind), namespace, metadata.name);
  if (existing !== undefined) throw exists(p, metadata.name, namespace, generated);
  if (options.dryRun) return { object, json: encode(object), created: true };
  if (posted && isRevision(metadata.resourceVersion)) {
    throw failure(500, '', 'resourceVersion should not be set on objects to be created');
  }
  const json = registry.append(kind, object, undefined);
  registry.quota?.added(nameOf(kind), metadata.name, json.length, options.now);
  return { object, json, created: true };
}

/** Does a resourceVersion name one? Zero and what is no number do not. */
const isRevision = (version: string | undefined): boolean =>
  version !== undefined && version !== '' && !uintError(version) && BigInt(version) > 0n;

function pickName({ registry, kind, options }: Passage, { metadata }: KubeObject): void {
  for (let i = 0; i < GENERATE_ATTEMPTS; i++) {
    metadata.name = generateName(metadata.generateName as string, registry.random);
    if (registry.store.head(resourceOf(kind), kind.namespaced ? options.namespace : '', metadata.name) === undefined) return;
  }
}

function exists({ registry, kind }: Passage, name: string, namespace: string, generated: boolean) {
  let error = alreadyExists(nameOf(kind), name);
  if (generated) {
    const message = `${error.message}, the server was not able to generate a unique name for the object`;
    error = failure(409, 'AlreadyExists', message, { ...error.status.details, retryAfterSeconds: 1 }, { 'retry-after': '1' });
  }
  const going = registry.view.get(resourceOf(kind), namespace, name)?.metadata.deletionTimestamp;
  return going
    ? failure(409, 'AlreadyExists', `object is being deleted: ${error.message}`, error.status.details, error.headers)
    : error;
}

/** Makes the client's view of the new state, decoded, defaulted and with its books kept, from its view of the live one. */
export type Change = (live: KubeObject | undefined) => KubeObject;

/**
 * UPDATE and PATCH (handlers/{update,patch}.go, generic/registry/store.go Update, rest.BeforeUpdate).
 */
export function updateSteps(p: Passage, change: Change, allowCreate: boolean, uid?: string): Written {
  const { registry, kind, door, options } = p;
  const namespace = kind.namespaced ? options.namespace : '';
  const name = options.name as string;
  const row = registry.store.get(resourceOf(kind), namespace, name);
  const live = row && registry.view.decode(row);
  if (!live || !row) {
    if (!allowCreate && !(kind.createOnUpdate && !options.subresource)) throw notFoundError(nameOf(kind), name);
    if (uid) throw conflict(nameOf(kind), name, storageError(p, name, uid, ''));
    const view = change(undefined);
    const object = door.write(view, view);
    mutate(p, 'CREATE', object, undefined);
    dedupOwners(object, true, p.warnings);
    const wrong = object.metadata.resourceVersion && uintError(object.metadata.resourceVersion);
    if (wrong) throw failure(500, '', wrong);
    return store(p, object);
  }
  if (uid && uid !== live.metadata.uid) throw conflict(nameOf(kind), name, storageError(p, name, uid, live.metadata.uid));
  const object = door.write(live, change(door.read(live)));
  mutate(p, 'UPDATE', object, live);
  dedupOwners(object, true, p.warnings);
  checkVersion(p, object, live);
  registry.allocator(kind)?.update(object, live, registry, { now: options.now, dryRun: options.dryRun === true });
  beforeUpdate(p, object, live);
  keepTimes(object, live);
  review(p, 'UPDATE', object, live);
  if (registry.isFinished(kind, object, live)) {
    const json = encode(object);
    if (!options.dryRun) registry.remove(kind, live, options);
    return { object, json, created: false };
  }
  return commit(p, object, live, row);
}

function commit({ registry, kind, options }: Passage, object: KubeObject, live: KubeObject, row: Row): Written {
  // What is stored has none (PrepareObjectForStorage).
  if (!options.dryRun) delete (object.metadata as Obj).selfLink;
  if (equal(object, live)) return { object: live, json: row.json, created: false };
  if (options.dryRun) return { object, json: encode(object), created: false };
  const json = registry.append(kind, object, live, row.rev);
  const more = json.length - row.json.length;
  // The cluster's own writers tell what is so, and make room by it: a pod that ends has a longer status.
  if (more > 0 && !SYSTEM.test(options.user.username)) {
    registry.quota?.grown(nameOf(kind), object.metadata.name, more, json.length, options.now);
  }
  return { object, json, created: false };
}

/** Notes in managedFields who set what. `view` and `live` are as the client sees them. */
export function track(p: Passage, live: KubeObject | undefined, view: KubeObject): void {
  const { kind, door, options } = p;
  const cx = fieldContext(kind, door, options.subresource ?? '', options.now);
  trackUpdate(live, view, managerName(options.fieldManager, options.userAgent), cx);
}

function storageError({ kind, options }: Passage, name: string, wanted: string, found: string): string {
  const key = storageKey(kind, kind.namespaced ? options.namespace : '', name, options.dryRun === true);
  const what = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`;
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${what}`;
}

function checkVersion({ kind }: Passage, object: KubeObject, live: KubeObject): void {
  const { metadata } = object;
  const version = metadata.resourceVersion;
  if (!version || version === '0') {
    if (!kind.needsResourceVersion) {
      metadata.resourceVersion = live.metadata.resourceVersion;
      return;
    }
    throw invalidError(kind.group, kind.resource, live.metadata.name, [
      invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);
  }
  const wrong = uintError(version);
  if (wrong) throw failure(500, '', wrong);
  if (version !== live.metadata.resourceVersion) throw conflict(nameOf(kind), live.metadata.name, OPTIMISTIC_LOCK);
}

/** rest.BeforeUpdate. */
function beforeUpdate(p: Passage, object: KubeObject, live: KubeObject): void {
  const { kind, door, options } = p;
  const { metadata } = object;
  const old = live.metadata;
  ensureNamespace(object, kind.namespaced ? options.namespace : '');
  if (old.generation === undefined) delete metadata.generation;
  else metadata.generation = old.generation;
  const cx = context(p);
  door.prepare(object, live, cx);
  metadata.uid ||= old.uid;
  if (old.creationTimestamp) metadata.creationTimestamp = old.creationTimestamp;
  if (old.deletionTimestamp) metadata.deletionTimestamp = old.deletionTimestamp;
  if (old.deletionGracePeriodSeconds !== undefined) metadata.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds;
  const metaErrors = validateObjectMetaUpdate(metadata, old, 'metadata');
  // Upstream checks the update of the metadata twice: for all kinds, and in the strategy of each. Both are told.
  refuse(kind, object, [
    ...validateObjectMeta(metadata, kind.namespaced, 'path-segment', 'metadata', true),
    ...metaErrors,
    ...strategyMeta(kind, metadata, metaErrors),
    ...door.validate(object, live, cx),
  ]);
  if (!options.subresource) warn(p, object, live);
}

/** What a strategy's own look at the metadata of an update adds (core/validation ValidateObjectMetaUpdate). */
function strategyMeta(kind: Kind, metadata: Obj, metaErrors: FieldError[]): FieldError[] {
  if (kind.skipsMetaOnUpdate) return [];
  if (kind.plainFinalizers || !metadata.finalizers) return metaErrors;
  return [...metaErrors, ...validateKubeFinalizers(metadata.finalizers, 'metadata.finalizers')];
}

function refuse(kind: Kind, object: KubeObject, errors: FieldError[]): void {
  if (errors.length) throw invalidError(kind.group, kind.kind, object.metadata.name ?? '', errors);
}

function warn(p: Passage, object: KubeObject, old: KubeObject | undefined): void {
  const texts = p.kind.warnings?.(object, old);
  if (texts?.length) p.warnings.push(...texts);
}

/** A write that changed nothing but the times of its books leaves them too (fieldmanager IgnoreManagedFieldsTimestampsTransformer). */
function keepTimes(object: KubeObject, live: KubeObject): void {
  const next = object.metadata.managedFields;
  const old = live.metadata.managedFields;
  if (!next || !old || next === old || next.length !== old.length || next.every((entry, i) => entry.time === old[i]?.time))
    return;
  const timeless = (entries: Obj[]) => entries.map((entry) => ({ ...entry, time: undefined }));
  if (!equal(timeless(next), timeless(old))) return;
  if (equal(withoutManagers(object), withoutManagers(live))) object.metadata.managedFields = old;
}

function request(p: Passage, operation: 'CREATE' | 'UPDATE', object: KubeObject, old: KubeObject | undefined): AdmissionRequest {
  const { kind, options } = p;
  return {
    operation,
    kind,
    subresource: options.subresource ?? '',
    namespace: kind.namespaced ? options.namespace : '',
    name: options.name ?? object.metadata.name ?? '',
    object,
    old,
    user: options.user,
    dryRun: options.dryRun === true,
    options: {
      kind: operation === 'CREATE' ? 'CreateOptions' : 'UpdateOptions',
      apiVersion: 'meta.k8s.io/v1',
      ...(options.dryRun && { dryRun: ['All'] }),
      ...(options.fieldManager && { fieldManager: options.fieldManager }),
      ...(options.fieldValidation && { fieldValidation: options.fieldValidation }),
    },
    now: options.now,
    warn: (text) => void p.warnings.push(text),
    ...(p.options.annotate && { annotate: p.options.annotate }),
  };
}

function mutate(p: Passage, operation: 'CREATE' | 'UPDATE', object: KubeObject, old: KubeObject | undefined): void {
  p.registry.admission.mutate(request(p, operation, object, old), p.registry);
}

function review(p: Passage, operation: 'CREATE' | 'UPDATE', object: KubeObject, old: KubeObject | undefined): void {
  p.registry.admission.review(request(p, operation, object, old), p.registry);
}
