import { UPDATE_MANAGERS_MAX } from '../limits.ts';
import { sentEmpty } from '../../api/machinery/decode-fast.ts';
import { byteLength } from '../../api/machinery/names.ts';
import { rfc3339 } from '../../api/machinery/time.ts';
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import {
  difference,
  type FieldSet,
  intersection,
  isEmpty,
  LEAF,
  parseFields,
  recursiveDifference,
  sorted,
  union,
  withPattern,
  type Pattern,
} from './field-set.ts';
import type { Shape } from '../../api/schema/shape.ts';
import { type Comparison, compare, UntypedError } from './typed.ts';

/** One entry of metadata.managedFields, decoded. */
export interface Manager {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource: string;
  /** Null is Go's zero time, sent by a client. */
  time: string | null | undefined;
  set: FieldSet;
}

/** The filter of the fields that a write may own: the strategy resets the others (GetResetFields). */
export interface SetFilter {
  exclude?: FieldSet;
  include?: Pattern;
}

/** The request as field management sees it. */
export interface FieldContext {
  /** Group and version that the client speaks. */
  apiVersion: string;
  shape: Shape;
  subresource: string;
  filter: SetFilter;
  now: number;
  /** The object in another version, with that version's shape; undefined when there is no such version (any more). */
  convert(object: Obj, apiVersion: string): { object: Obj; shape: Shape } | undefined;
}

const ANCIENT = 'ancient-changes';
const UNKNOWN = 'unknown';

const fields = (...names: string[]): FieldSet => Object.fromEntries(names.map((name) => [`f:${name}`, LEAF]));
/** Fields without owners (stripmeta.go). Members only: what is below metadata stays. */
const STRIPPED: FieldSet = {
  ...fields('apiVersion', 'kind'),
  'f:metadata': {
    '.': LEAF,
    ...fields(
      'name',
      'namespace',
      'creationTimestamp',
      'selfLink',
      'uid',
      'clusterName',
      'generation',
      'managedFields',
      'resourceVersion',
    ),
  },
};

/** Appliers keep one entry whatever version they speak; updaters have one per version (BuildManagerIdentifier). */
export const identity = (m: Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string =>
  `${m.manager}\0${m.operation}\0${m.operation === 'Apply' ? '' : m.apiVersion}\0${m.subresource}`;

/** Decodes entries; undefined when one of them is invalid. Sets of `known` entries are taken over without reading them again. */
export function decodeManagers(entries: readonly Obj[] | undefined, known?: readonly Obj[]): Manager[] | undefined {
  const out = new Map<string, Manager>();
  for (const entry of entries ?? []) {
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') return undefined;
    if (!entry.apiVersion || entry.fieldsType !== 'FieldsV1') return undefined;
    const trusted = known === entries || known?.some((k) => k.fieldsV1 === entry.fieldsV1 || equal(k.fieldsV1, entry.fieldsV1));
    const set = trusted ? ((entry.fieldsV1 ?? {}) as FieldSet) : parseFields(entry.fieldsV1 ?? {});
    if (!set) return undefined;
    const manager: Manager = {
      manager: entry.manager ?? '',
      operation: entry.operation,
      apiVersion: entry.apiVersion,
      subresource: entry.subresource ?? '',
      time: entry.time,
      set,
    };
    out.set(identity(manager), manager);
  }
  return [...out.values()];
}

/** Entries in upstream's order: operation, time, manager, version, subresource (sortEncodedManagedFields). */
export function encodeManagers(managers: readonly Manager[]): Obj[] | undefined {
  if (managers.length === 0) return undefined;
  const order = managers.length === 1 ? managers : [...managers].sort(byEntry);
  return order.map((m) => ({
    ...(m.manager && { manager: m.manager }),
    operation: m.operation,
    apiVersion: m.apiVersion,
    ...(m.time !== undefined && { time: m.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: m.set,
    ...(m.subresource && { subresource: m.subresource }),
  }));
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const byEntry = (a: Manager, b: Manager): number =>
  byText(a.operation, b.operation) ||
  byText(a.time ?? '', b.time ?? '') ||
  byText(a.manager, b.manager) ||
  byText(a.apiVersion, b.apiVersion) ||
  byText(a.subresource, b.subresource);

/** `metadata.managedFields: []` or `[{}]` asks to forget all owners (isResetManagedFields). */
const isReset = (entries: readonly Obj[] | undefined | null): boolean =>
  Array.isArray(entries) && (entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] as Obj).length === 0));

/** A manager's name from its User-Agent when it gives none (managerOrUserAgent). */
export function managerName(manager: string | undefined, userAgent: string | undefined): string {
  if (manager) return manager;
  let out = '';
  for (const c of (userAgent ?? '').split('/')[0] as string) {
    if (/[\p{C}\p{Z}]/u.test(c) && c !== ' ') continue;
    if (byteLength(out) + byteLength(c) > 128) break;
    out += c;
  }
  return out;
}

/**
 * Tracks a write that is not an apply: sets `next.metadata.managedFields` (FieldManager.Update, structured-merge-diff Updater.Update).
 * `live` is undefined for a creation.
 */
export function trackUpdate(live: KubeObject | undefined, next: KubeObject, manager: string, cx: FieldContext): void {
  const old = live?.metadata.managedFields;
  const sent = next.metadata.managedFields ?? sentEmpty(next.metadata, 'managedFields');
  const managers = startingManagers(old, sent as Obj[] | undefined, cx.subresource !== '');
  delete next.metadata.managedFields;
  // An object whose owners are not tracked stays so until it is applied (skipNonAppliedManager).
  if (managers.length === 0 && live) return;
  const entry: Manager = {
    manager: manager || UNKNOWN,
    operation: 'Update',
    apiVersion: cx.apiVersion,
    subresource: cx.subresource,
    time: undefined,
    set: {},
  };
  try {
    const encoded = encodeManagers(updateManagers(live ?? EMPTY, next, managers, entry, cx));
    if (encoded) next.metadata.managedFields = encoded;
  } catch (error) {
    // Managed fields are lost rather than the write (UpdateNoErrors).
    if (!(error instanceof UntypedError)) throw error;
  }
}

const EMPTY: Obj = Object.freeze({});

function startingManagers(old: Obj[] | undefined, sent: Obj[] | undefined, isSubresource: boolean): Manager[] {
  if (isSubresource || sent === old) return decodeManagers(old, old) ?? [];
  if (isReset(sent)) return [];
  const managers = decodeManagers(sent, old);
  return managers?.length ? managers : (decodeManagers(old, old) ?? []);
}

/** All managers' fields after `entry`'s manager changed `live` to `next`. */
export function updateManagers(live: Obj, next: Obj, managers: Manager[], entry: Manager, cx: FieldContext): Manager[] {
  const bare = withoutManagers(live);
  const change = filterComparison(compare(cx.shape, bare, next), cx.filter);
  const kept = takeOver(bare, next, change, managers, undefined, cx).managers;
  const owned = difference(filterSet(union(change.modified, change.added), cx.filter), STRIPPED);
  if (isEmpty(owned)) return capped(kept);
  const id = identity(entry);
  const at = kept.findIndex((m) => identity(m) === id);
  const set = sorted(at < 0 ? owned : union((kept[at] as Manager).set, owned));
  const mine = { ...entry, set, time: rfc3339(cx.now) };
  if (at < 0) kept.push(mine);
  else kept[at] = mine;
  return capped(kept);
}

export const withoutManagers = (object: Obj): Obj =>
  object.metadata?.managedFields ? { ...object, metadata: { ...object.metadata, managedFields: undefined } } : object;

/**
 * Removes changed fields from their former owners. Returns their conflicts too: their fields that this change touched
 * (merge/update.go). `self` is not asked.
 */
export function takeOver(
  live: Obj,
  next: Obj,
  change: Comparison,
  managers: readonly Manager[],
  self: string | undefined,
  cx: FieldContext,
): { managers: Manager[]; conflicts: { manager: Manager; set: FieldSet }[] } {
  const changes = new Map<string, Comparison | undefined>([[cx.apiVersion, change]]);
  const conflicts: { manager: Manager; set: FieldSet }[] = [];
  const out: Manager[] = [];
  for (const manager of managers) {
    if (self !== undefined && identity(manager) === self) {
      out.push(manager);
      continue;
    }
    if (!changes.has(manager.apiVersion)) changes.set(manager.apiVersion, changeIn(manager.apiVersion, live, next, cx));
    const theirs = changes.get(manager.apiVersion);
    if (!theirs) continue;
    let set = manager.set;
    const touched = union(theirs.modified, theirs.added);
    if (!isEmpty(touched)) {
      const lost = intersection(set, touched);
      if (!isEmpty(lost)) {
        conflicts.push({ manager, set: lost });
        set = difference(set, lost);
      }
    }
    set = difference(set, theirs.removed);
    if (!isEmpty(set)) out.push(set === manager.set ? manager : { ...manager, set });
  }
  return { managers: out, conflicts };
}

/** The same change in the version that another manager spoke; undefined when that version is not served any more. */
function changeIn(apiVersion: string, live: Obj, next: Obj, cx: FieldContext): Comparison | undefined {
  const from = cx.convert(live, apiVersion);
  const to = cx.convert(next, apiVersion);
  return from && to && filterComparison(compare(to.shape, from.object, to.object), cx.filter);
}

export function filterSet(set: FieldSet, filter: SetFilter): FieldSet {
  if (filter.include) return withPattern(set, filter.include);
  return filter.exclude ? recursiveDifference(set, filter.exclude) : set;
}

export function filterComparison(change: Comparison, filter: SetFilter): Comparison {
  if (!filter.include && !filter.exclude) return change;
  return {
    removed: filterSet(change.removed, filter),
    modified: filterSet(change.modified, filter),
    added: filterSet(change.added, filter),
  };
}

export const strip = (set: FieldSet): FieldSet => difference(set, STRIPPED);

/** Merges the oldest updaters, per version, until there are few enough (capmanagers.go). */
function capped(managers: Manager[]): Manager[] {
  const updaters = managers.filter((m) => m.operation === 'Update');
  if (updaters.length <= UPDATE_MANAGERS_MAX) return managers;
  updaters.sort((a, b) => byText(a.time ?? '', b.time ?? '') || byText(identity(a), identity(b)));
  const out = new Set(managers);
  const first = new Map<string, Manager>();
  let length = updaters.length;
  for (const manager of updaters) {
    if (length <= UPDATE_MANAGERS_MAX) break;
    const earlier = first.get(manager.apiVersion);
    if (!earlier) {
      first.set(manager.apiVersion, manager);
      continue;
    }
    out.delete(earlier);
    out.delete(manager);
    const bucket: Manager = { ...manager, manager: ANCIENT, subresource: '', set: sorted(union(manager.set, earlier.set)) };
    out.add(bucket);
    first.set(manager.apiVersion, bucket);
    length--;
  }
  return [...out];
}
