import { jsonText, parseGoNumbers } from '../../api/machinery/numerals.ts';
import { badRequest, failure, type StatusError } from '../../api/machinery/status-errors.ts';
import { rfc3339 } from '../../api/machinery/time.ts';
import { clone, equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { type FieldSet, difference, has, intersection, isEmpty, members, pathText, sorted, union } from './field-set.ts';
import {
  decodeManagers,
  encodeManagers,
  type FieldContext,
  filterComparison,
  filterSet,
  identity,
  type Manager,
  strip,
  takeOver,
  updateManagers,
  withoutManagers,
} from './managed-fields.ts';
import { compare, fieldSet, removeFields, UntypedError, withNamedFields } from './typed.ts';
import { mergeTyped, problems } from './typed-merge.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const BEFORE_FIRST_APPLY = 'before-first-apply';
const KUBECTL = 'kubectl';
/** ValidateAnnotationsSize: an annotation that would break it is not written. */
const ANNOTATIONS_MAX_BYTES = 256 * 1024;

export interface ApplyRequest {
  /** The object in the client's version; undefined when it does not exist. */
  live: KubeObject | undefined;
  /** The configuration: never changed. */
  config: Obj;
  manager: string;
  force: boolean;
  /** Group, version and kind that the address names. */
  kind: string;
}

interface Conflict {
  manager: Manager;
  path: string[];
}

class ConflictError extends Error {
  readonly conflicts: Conflict[];
  constructor(conflicts: Conflict[]) {
    super('conflict');
    this.conflicts = conflicts;
  }
}

/**
 * Server-side apply: merges a configuration into the live object, removes fields that its manager no longer sets and no other owns, and
 * tracks managed fields (managedfields FieldManager.Apply around structured-merge-diff's Updater.Apply). The result is fresh, but may share
 * parts with its arguments.
 */
export function applyConfiguration(request: ApplyRequest, cx: FieldContext): KubeObject {
  checkRequest(request, cx);
  try {
    return applied(request, cx);
  } catch (error) {
    if (error instanceof UntypedError && request.live) throw untypedLive(request, request.live, cx);
    throw error;
  }
}

function applied(request: ApplyRequest, cx: FieldContext): KubeObject {
  const { live, config } = request;
  const entries = live?.metadata.managedFields;
  let managers = decodeManagers(entries, entries);
  if (!managers) throw failure(500, '', 'failed to decode managed fields: invalid managedFields in the stored object');
  if (managers.length === 0 && live) {
    const before = {
      manager: BEFORE_FIRST_APPLY,
      operation: 'Update',
      apiVersion: cx.apiVersion,
      subresource: cx.subresource,
    } as const;
    managers = updateManagers({}, withoutManagers(live), managers, { ...before, time: undefined, set: {} }, cx);
  }
  let result: KubeObject;
  try {
    result = mergeOwned(request, managers, request.force, cx);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    const conflicts = request.manager === KUBECTL && live ? withoutAllowed(error.conflicts, live, cx) : error.conflicts;
    if (conflicts.length) throw conflictStatus(conflicts);
    result = mergeOwned(request, managers, true, cx);
  }
  if (request.manager === KUBECTL && result.metadata?.annotations?.[LAST_APPLIED]) refreshLastApplied(result, config);
  return result;
}

function checkRequest({ config, kind }: ApplyRequest, cx: FieldContext): void {
  const wanted = gvkText(cx.apiVersion, kind);
  const got = gvkText(config.apiVersion, config.kind);
  if (got !== wanted) throw badRequest(`invalid object type: ${got}`);
  if (config.metadata?.managedFields !== undefined && config.metadata.managedFields !== null) {
    throw badRequest('metadata.managedFields must be nil');
  }
  const wrong = problems(cx.shape, config);
  if (wrong.length === 0) return;
  throw failure(500, '', `failed to create typed patch object (${called(config, wanted)}): ${listed(wrong)}`);
}

const listed = (wrong: readonly string[]): string =>
  wrong.length === 1 ? wrong[0] : `errors:\n${wrong.map((text) => `  ${text}`).join('\n')}`;

/** An object as errors name it. */
function called({ metadata }: Obj, gvk: string): string {
  const name = typeof metadata?.name === 'string' ? metadata.name : '';
  const namespace = typeof metadata?.namespace === 'string' ? metadata.namespace : '';
  return `${namespace}/${name}; ${gvk}`;
}

/** The error for a stored object without the form that apply needs: its keyed lists lack keys. */
function untypedLive({ kind }: ApplyRequest, live: KubeObject, cx: FieldContext): StatusError {
  const name = called(live, gvkText(cx.apiVersion, kind));
  const what = listed(problems(cx.shape, withoutManagers(live)));
  const managed = live.metadata.managedFields?.length;
  const lead = managed
    ? `failed to create typed live object (${name})`
    : `failed to create manager for existing fields: failed to convert new object (${name}) to smd typed`;
  return failure(500, '', `${lead}: ${what}`);
}

/** GroupVersionKind.String: "apps/v1, Kind=Deployment", "/v1, Kind=Pod". */
export function gvkText(apiVersion: unknown, kind: unknown): string {
  const version = typeof apiVersion === 'string' ? apiVersion : '';
  return `${version.includes('/') ? version : `/${version}`}, Kind=${typeof kind === 'string' ? kind : ''}`;
}

function mergeOwned(request: ApplyRequest, managers: readonly Manager[], force: boolean, cx: FieldContext): KubeObject {
  const live = request.live ? withoutManagers(request.live) : { apiVersion: cx.apiVersion, kind: request.kind };
  const me = { manager: request.manager, operation: 'Apply', apiVersion: cx.apiVersion, subresource: cx.subresource } as const;
  const id = identity(me);
  const last = managers.find((m) => identity(m) === id);
  const set = filterSet(fieldSet(cx.shape, request.config), cx.filter);
  const mine: Manager = { ...me, time: last?.time, set };
  const all = last ? managers.map((m) => (m === last ? mine : m)) : [...managers, mine];
  let next = mergeTyped(cx.shape, live, request.config) as Obj;
  if (last) next = prune(next, all, mine, last, cx);
  const change = filterComparison(compare(cx.shape, live, next), cx.filter);
  const { managers: kept, conflicts } = takeOver(live, next, change, all, id, cx);
  if (!force && conflicts.length) {
    throw new ConflictError(conflicts.flatMap(({ manager, set: lost }) => members(lost).map((path) => ({ manager, path }))));
  }
  const owned = strip(set);
  const out = kept.filter((m) => m !== mine);
  // A manager that sets nothing has no entry (stripMetaManager).
  const same = equal(live, next);
  if (!isEmpty(owned))
    out.push({
      ...mine,
      set: last && difference(last.set, owned) === difference(owned, last.set) ? last.set : sorted(owned),
      time: same ? mine.time : rfc3339(cx.now),
    });
  const result = (same ? { ...live } : next) as KubeObject;
  result.metadata = { ...result.metadata };
  const encoded = encodeManagers(out);
  if (encoded) result.metadata.managedFields = encoded;
  else delete result.metadata.managedFields;
  return result;
}

/**
 * Removes fields that this manager applied last time, does not apply now, and no other owns (Updater.prune). In another version
 * than last time fields are tracked, but none is removed that the conversion cannot express.
 */
function prune(merged: Obj, managers: readonly Manager[], mine: Manager, last: Manager, cx: FieldContext): Obj {
  // What is still applied, or was never more, cannot go.
  if (last.apiVersion === mine.apiVersion && isEmpty(difference(last.set, mine.set))) return merged;
  const versioned = cx.convert(merged, last.apiVersion);
  if (!versioned) return merged;
  const { shape, object } = versioned;
  const everything = withNamedFields(fieldSet(shape, object), shape);
  let pruned = removeFields(shape, object, withNamedFields(last.set, shape));
  let owned: FieldSet = {};
  for (const manager of managers) if (manager.apiVersion === last.apiVersion) owned = union(owned, manager.set);
  const left = withNamedFields(fieldSet(shape, pruned), shape);
  pruned = removeFields(shape, object, difference(everything, union(left, withNamedFields(owned, shape))));
  pruned = addBackOthers(object, pruned as Obj, managers, last.apiVersion, cx);
  const rest = withNamedFields(fieldSet(shape, pruned), shape);
  const gone = intersection(difference(everything, rest), withNamedFields(last.set, shape));
  const result = removeFields(shape, object, gone) as Obj;
  return (cx.convert(result, mine.apiVersion)?.object ?? result) as Obj;
}

/** Owners that speak other versions keep their fields too (addBackOwnedItemsForVersion). */
function addBackOthers(merged: Obj, pruned: Obj, managers: readonly Manager[], version: string, cx: FieldContext): Obj {
  const versions = new Set(managers.map((m) => m.apiVersion));
  versions.delete(version);
  let out = pruned;
  for (const other of versions) {
    const whole = cx.convert(merged, other);
    const part = cx.convert(out, other);
    if (!whole || !part) continue;
    let owned: FieldSet = {};
    for (const manager of managers) if (manager.apiVersion === other) owned = union(owned, manager.set);
    const { shape } = whole;
    const everything = withNamedFields(fieldSet(shape, whole.object), shape);
    const left = withNamedFields(fieldSet(shape, part.object), shape);
    const back = removeFields(shape, whole.object, difference(everything, union(left, withNamedFields(owned, shape)))) as Obj;
    out = (cx.convert(back, version)?.object ?? back) as Obj;
  }
  return out;
}

/**
 * Conflicts with fields that kubectl itself set by client-side apply, and that still are so, are none (lastappliedmanager.go).
 */
function withoutAllowed(conflicts: Conflict[], live: KubeObject, cx: FieldContext): Conflict[] {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  if (!text) return conflicts;
  let applied: Obj;
  try {
    applied = parseGoNumbers(text) as Obj;
  } catch {
    return conflicts;
  }
  if (applied?.apiVersion !== cx.apiVersion || problems(cx.shape, applied).length) return conflicts;
  const change = compare(cx.shape, applied, withoutManagers(live));
  const allowed = difference(difference(difference(fieldSet(cx.shape, applied), change.modified), change.added), change.removed);
  return conflicts.filter(({ path }) => !has(allowed, path));
}

/** Keeps the annotation of client-side apply in step (lastappliedupdater.go). */
function refreshLastApplied(object: KubeObject, config: Obj): void {
  const plain = clone(config);
  if (plain.metadata?.annotations) delete plain.metadata.annotations[LAST_APPLIED];
  if (plain.metadata?.annotations && Object.keys(plain.metadata.annotations).length === 0) delete plain.metadata.annotations;
  const annotations: Record<string, string> = {
    ...object.metadata.annotations,
    [LAST_APPLIED]: `${jsonText(sortKeys(plain))}\n`,
  };
  let size = 0;
  for (const name in annotations) size += name.length + annotations[name].length;
  if (size > ANNOTATIONS_MAX_BYTES) delete annotations[LAST_APPLIED];
  object.metadata.annotations = annotations;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sortKeys((value as Obj)[name])]),
  );
}

/** A manager as conflicts name it (conflict.go printManager). */
function managerText(m: Manager): string {
  const name = JSON.stringify(m.manager) + (m.subresource ? ` with subresource ${JSON.stringify(m.subresource)}` : '');
  return m.operation === 'Update' ? `${name} using ${m.apiVersion}` : name;
}

function conflictStatus(conflicts: Conflict[]) {
  const shown = conflicts.map((c) => ({
    who: managerText(c.manager),
    key: JSON.stringify([c.manager.manager, c.manager.operation]),
    field: pathText(c.path),
  }));
  shown.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const causes = shown.map((c) => ({ reason: 'FieldManagerConflict', message: `conflict with ${c.who}`, field: c.field }));
  let message = `Apply failed with 1 conflict: conflict with ${shown[0]?.who}: ${shown[0]?.field}`;
  if (shown.length > 1) {
    const lines: string[] = [];
    for (const [i, c] of shown.entries()) {
      if (c.who !== shown[i - 1]?.who) lines.push(`conflicts with ${c.who}:`);
      lines.push(`- ${c.field}`);
    }
    message = `Apply failed with ${shown.length} conflicts: ${lines.join('\n')}`;
  }
  return failure(409, 'Conflict', message, { causes });
}
