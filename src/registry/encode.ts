import { byteLength } from '../api/machinery/names.ts';
import { storedText } from '../api/machinery/numerals.ts';
import { failure } from '../api/machinery/status-errors.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import { OBJECT_BYTES } from './limits.ts';

/** ObjectMeta's fields in Go's order. */
const META = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const;

/**
 * The text at rest, which is the text on the wire: kind, apiVersion and metadata first, so that a list can drop the first two by their
 * constant length, and metadata as Go prints it.
 */
export function encode(object: KubeObject): string {
  const { kind, apiVersion, metadata, ...rest } = object;
  const text = storedText({ kind, apiVersion, metadata: orderedMeta(metadata), ...rest });
  if (text.length > OBJECT_BYTES / 3 && byteLength(text) > OBJECT_BYTES)
    throw failure(500, '', 'etcdserver: request is too large');
  return text;
}

/** Metadata in Go's order, maps by key; empty maps and lists are not printed. */
export function orderedMeta(meta: Obj): Obj {
  const out: Obj = {};
  for (const name of META) {
    const value = meta[name];
    if (value === undefined || value === null || value === '') continue;
    if (typeof value !== 'object') out[name] = value;
    else if (Array.isArray(value) ? value.length > 0 : hasKeys(value))
      out[name] = Array.isArray(value) ? value : sortedMap(value);
  }
  return out;
}

function hasKeys(value: Obj): boolean {
  for (const _ in value) return true;
  return false;
}

function sortedMap(map: Obj): Obj {
  const names = Object.keys(map);
  for (let i = 1; i < names.length; i++) {
    if ((names[i - 1] as string) < (names[i] as string)) continue;
    const out: Obj = {};
    for (const name of names.sort()) out[name] = map[name];
    return out;
  }
  return map;
}

/** uids of the owners that an object names. */
export function ownersOf(object: KubeObject): string[] {
  const refs = object.metadata.ownerReferences;
  return refs ? refs.map((ref) => ref.uid) : [];
}
