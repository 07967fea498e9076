/**
 * The diff in the refusal of a pod update. Upstream prints its internal structs, every field with its zero value, so the table
 * pod-internal.generated.json holds their fields in Go's order: [Go name, kind, JSON name where it is not the same in lower case].
 */
import { jsonText } from '../../machinery/numerals.ts';
import type { Obj } from '../../../lib/json.ts';
import { unifiedDiff } from '../../../lib/unified-diff.ts';
import { sentEmpty } from '../../machinery/decode-fast.ts';
import table from './internal.generated.json' with { type: 'json' };
import { shownSelector } from './template-selector.ts';
import { sortedMap } from '../../machinery/spec-checks.ts';

/**
 * Kinds: s, n, b a string, number, flag that is no pointer; Q quantity, X int-or-string; p anything printed as it is; m a map;
 * L a label selector; M object meta, inlined; {T a struct, *T a pointer to one, [T a list.
 */
type Row = [go: string, kind: string, json?: string];
const structs = table as unknown as Record<string, Row[]>;
const ZERO: Record<string, unknown> = { s: '', n: 0, b: false, Q: '0', X: 0, p: null };
/** In upstream's internal pod these belong to the security context. */
const OF_SECURITY = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'];

/** `sent` is what the object was copied from when a client sent it: there empty lists differ from absent ones. */
function internal(name: string, object: Obj, sent?: Obj): Obj {
  const out: Obj = {};
  for (const [go, kind, json] of structs[name]) {
    const field = json ?? go[0].toLowerCase() + go.slice(1);
    if (kind === 'M') Object.assign(out, object.metadata);
    else out[go] = print(kind, object[field] ?? sentEmpty(sent, field), sent?.[field]);
  }
  return out;
}

function print(kind: string, value: any, sent: any): unknown {
  if (kind in ZERO) return value ?? ZERO[kind];
  if (kind === 'm') return sortedMap(value);
  if (kind === 'L') return shownSelector(value);
  const name = kind.slice(1);
  if (kind[0] === '{') return internal(name, value ?? {}, sent);
  if (kind[0] === '*') return value ? internal(name, value, sent) : null;
  return value?.map((item: Obj, i: number) => internal(name, item, sent?.[i])) ?? null;
}

/** Formats JSON as Go's json.MarshalIndent does. */
const pretty = (object: Obj): string => jsonText(object, 1).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);

function internalSpec(spec: Obj, sent?: Obj): Obj {
  const securityContext: Obj = { ...spec.securityContext };
  for (const field of OF_SECURITY) if (spec[field] !== undefined) securityContext[field] = spec[field];
  return internal('PodSpec', { ...spec, securityContext }, sent);
}

const specText = (spec: Obj, sent?: Obj): string => pretty(internalSpec(spec, sent));

/** A pod spec as the value in an error. */
export const shownSpec = (spec: Obj): Obj => internalSpec(spec, spec);

/** A pod template as the value in an error. */
export function shownTemplate({ metadata = {}, spec = {} }: Obj): Obj {
  const shown: Obj = { ...metadata };
  for (const map of ['labels', 'annotations']) if (metadata[map]) shown[map] = sortedMap(metadata[map]);
  return { ...shown, Spec: internalSpec(spec, spec) };
}

/** The difference of two pod specs, the second made from one that a client sent. */
export const podSpecDiff = (old: Obj, now: Obj, sent: Obj): string => unifiedDiff(specText(old), specText(now, sent));

/** The difference of two claim specs, the second made from one that a client sent. */
export const claimSpecDiff = (old: Obj, now: Obj, sent: Obj): string =>
  unifiedDiff(pretty(internal('PersistentVolumeClaimSpec', old)), pretty(internal('PersistentVolumeClaimSpec', now, sent)));

/** The difference of two volumes' sources. */
export const volumeSourceDiff = (old: Obj, now: Obj): string =>
  unifiedDiff(pretty(internal('PersistentVolumeSource', old)), pretty(internal('PersistentVolumeSource', now, now)));

/** A node selector as the value in an error. */
export const shownNodeSelector = (selector: Obj): Obj => internal('NodeSelector', selector, selector);

/** The difference of two ephemeral containers. */
export const containerDiff = (old: Obj, now: Obj): string =>
  unifiedDiff(pretty(internal('EphemeralContainer', old)), pretty(internal('EphemeralContainer', now, now)));
