import { isObject, Numeral, type Obj, setMember } from '../../lib/json.ts';
import { isInt64 } from './numerals.ts';
import { canonical, canonicalMilli } from './quantity.ts';
import { type Field, type StructType, type TypeNode, typeOf } from '../schema/go-types.ts';
import { canonicalMicroTime, canonicalTime } from './time.ts';

/**
 * The happy path of decoding: one walk over a parsed value that says whether anything is off, and that yields what Go's round trip
 * (decode, store, encode) would: nulls gone, empty omitempty values gone, zero structs and other always-printed zeros present,
 * quantities, times and base64 in canonical form. Nothing is copied that does not change, and no path is built: when something is
 * off, decode-exact.ts goes over the text again and words it.
 */
export interface FastResult {
  object: Obj;
  /** A value that its type cannot hold; the object is then not to be used. */
  mistyped: boolean;
  /** A field that the type does not have; it was dropped. */
  unknown: boolean;
  /** Keys seen in all objects of the value: fewer than in the text when the text had duplicates. */
  keys: number;
}

let mistyped = false;
let unknown = false;
let keys = 0;

/** Walks `value` as the struct `type`; see FastResult. The input is not mutated. */
export function normalise(type: StructType, value: Obj): FastResult {
  mistyped = false;
  unknown = false;
  keys = 0;
  const object = struct(type, value) as Obj;
  return { object, mistyped, unknown, keys };
}

/** Fields that are printed even when the sender left them out, with what is printed then. */
interface Always {
  name: string;
  zero: () => unknown;
}
const alwaysOf = new WeakMap<StructType, Always[]>();
const types = new WeakMap<TypeNode, StructType>();

function structOf(node: TypeNode): StructType {
  let type = types.get(node);
  if (!type) {
    type = typeOf(node.ref as string);
    types.set(node, type);
  }
  return type;
}

/** Go's omitempty drops false, 0, "", nil and empty lists and maps, but never a struct. */
function always(type: StructType): Always[] {
  let list = alwaysOf.get(type);
  if (!list) {
    list = type.list.flatMap((field) => {
      const kept = !field.omitEmpty || (isStruct(field.type) && !field.type.pointer);
      return kept && !field.omitZero && !isTypeMeta(type, field) ? [{ name: field.name, zero: () => zeroOf(field.type) }] : [];
    });
    alwaysOf.set(type, list);
  }
  return list;
}

const isTypeMeta = (type: StructType, field: Field) => type.isKind && (field.name === 'kind' || field.name === 'apiVersion');
const STRUCTS = new Set(['struct', 'quantity', 'intstr', 'time', 'microtime', 'raw', 'fieldsV1']);
const isStruct = (node: TypeNode) => STRUCTS.has(node.t);

/** Go's encoding of the zero value of a type. */
function zeroOf(node: TypeNode): unknown {
  if (node.pointer) return null;
  switch (node.t) {
    case 'struct':
      return struct(structOf(node), {});
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
    case 'intstr':
      return 0;
    case 'quantity':
      return '0';
    default:
      return null;
  }
}

const empties = new WeakMap<Obj, Obj>();

function noteEmpty(object: Obj, name: string, value: unknown): void {
  const known = empties.get(object);
  if (known) known[name] = value;
  else empties.set(object, { [name]: value });
}

/** The empty list or map that a field of a decoded object was sent with: Go prints it in errors, though it stores none. */
export const sentEmpty = (object: Obj | undefined, field: string): Obj | undefined => object && empties.get(object)?.[field];

/** Tells of `to`, which takes the place of `from`, what `from` was sent with. */
export function keepSentEmpties(from: Obj, to: Obj): void {
  const known = empties.get(from);
  if (known) empties.set(to, known);
}

/** Was anything in a decoded value sent as an empty list or map? */
export function hasSentEmpties(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasSentEmpties);
  return empties.has(value) || Object.values(value).some(hasSentEmpties);
}

function struct(type: StructType, value: Obj): Obj {
  let out: Obj | undefined;
  const fields = type.fields;
  for (const name in value) {
    const before = value[name];
    const field = fields[name];
    let after: unknown;
    keys++;
    if (field === undefined) {
      unknown = true;
      countKeys(before);
      after = undefined;
    } else after = member(field, before);
    if (out) {
      if (after !== undefined) out[name] = after;
    } else if (after !== before) {
      out = {};
      for (const earlier in value) {
        if (earlier === name) break;
        out[earlier] = value[earlier];
      }
      if (after !== undefined) out[name] = after;
    }
    if ((after === undefined || after === null) && field && typeof before === 'object' && before)
      noteEmpty(out as Obj, name, before);
  }
  const seen = out ?? value;
  for (const { name, zero } of always(type)) {
    if (seen[name] !== undefined) continue;
    out ??= { ...value };
    out[name] = zero();
  }
  return out ?? value;
}

/** A field's value as Go would print it, or undefined when Go would leave it out. */
function member(field: Field, value: unknown): unknown {
  const type = field.type;
  if (value === null || value === undefined) return absent(field);
  const after = item(type, value);
  if (!field.omitEmpty) return after === undefined ? null : after;
  if (type.pointer) return after;
  switch (type.t) {
    case 'string':
    case 'bytes':
      return after === '' ? undefined : after;
    case 'bool':
      return after === false ? undefined : after;
    case 'int32':
    case 'int64':
    case 'double':
      return after === 0 ? undefined : after;
    default:
      return after;
  }
}

function absent(field: Field): unknown {
  if (field.omitZero || (field.omitEmpty && (field.type.pointer || !isStruct(field.type)))) return undefined;
  return zeroOf(field.type);
}

/** A value of a type; undefined for an empty list or map (Go keeps none after a store). */
function item(type: TypeNode, value: unknown): unknown {
  switch (type.t) {
    case 'string':
      if (typeof value !== 'string') mistyped = true;
      return value;
    case 'struct':
      if (!isObject(value)) return off(value);
      return struct(structOf(type), value);
    case 'array':
      return Array.isArray(value) ? list(type.item as TypeNode, value) : off(value);
    case 'map':
      if (!isObject(value)) return off(value);
      return map(isRounded(type) ? RESOURCE : (type.item as TypeNode), value);
    case 'bool':
      if (typeof value !== 'boolean') mistyped = true;
      return value;
    case 'int32':
      if (typeof value !== 'number' || (value | 0) !== value) mistyped = true;
      return value;
    case 'int64':
      if (!Number.isSafeInteger(value) && !(typeof value === 'bigint' && isInt64(value))) mistyped = true;
      return value;
    default:
      return special(type, value);
  }
}

function special(type: TypeNode, value: unknown): unknown {
  switch (type.t) {
    case 'double':
      return typeof value === 'number' ? value : off(value);
    case 'quantity': {
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return off(value);
      return (type === RESOURCE ? canonicalMilli(String(value)) : canonical(String(value))) ?? off(value);
    }
    case 'intstr':
      return typeof value === 'string' || (typeof value === 'number' && (value | 0) === value) ? value : off(value);
    case 'time':
      return typeof value === 'string' ? timeOrNull(canonicalTime(value), value) : off(value);
    case 'microtime':
      return typeof value === 'string' && SIX_DIGITS.test(value) ? timeOrNull(canonicalMicroTime(value), value) : off(value);
    case 'bytes':
      return typeof value === 'string' && BASE64.test(value) ? value : off(value);
    case 'schemaOrBool':
      if (typeof value === 'boolean') return value;
      return isObject(value) ? struct(schemaProps(), value) : off(value);
    case 'schemaOrArray':
      if (Array.isArray(value)) return value.map((one) => item(SCHEMA, one ?? {}));
      return isObject(value) ? struct(schemaProps(), value) : off(value);
    case 'schemaOrStrings':
      if (Array.isArray(value)) return list({ t: 'string', go: 'string', pointer: false }, value);
      return isObject(value) ? struct(schemaProps(), value) : off(value);
    default: // raw, fieldsV1
      countKeys(value);
      return value;
  }
}

/** Go prints its zero time as null, and in etcd's form the epoch is zero too (metav1.Time's Marshal and Unmarshal). */
function timeOrNull(text: string | undefined, sent: string): unknown {
  if (text === undefined) return off(sent);
  return ZERO_TIME.test(text) ? null : text;
}
const ZERO_TIME = /^(?:0001|1970)-01-01T00:00:00(?:\.000000)?Z$/;

/** Lists of resources are rounded when they are decoded, but for a RuntimeClass's overhead: its group has no such default. */
const isRounded = (type: TypeNode): boolean =>
  type.go === 'v1.ResourceList' && type !== typeOf('io.k8s.api.node.v1.Overhead').fields.podFixed.type;

/** A value of a ResourceList. */
const RESOURCE: TypeNode = { t: 'quantity', go: 'resource.Quantity', pointer: false };

const SCHEMA: TypeNode = {
  t: 'struct',
  go: 'v1.JSONSchemaProps',
  ref: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
  pointer: false,
};
const schemaProps = () => structOf(SCHEMA);

/** time.Parse wants exactly as many digits as RFC3339Micro has. */
const SIX_DIGITS = /[.,]\d{6}(?:Z|[+-]\d\d:\d\d)$/;

/** Canonical base64: padded, and no bits beyond the last byte. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;

function off(value: unknown): unknown {
  mistyped = true;
  return value;
}

function list(type: TypeNode, value: unknown[]): unknown[] | undefined {
  let out: unknown[] | undefined;
  for (let i = 0; i < value.length; i++) {
    const before = value[i];
    const after = before === null ? zeroOf(type) : item(type, before);
    if (after !== before) out ??= value.slice(0, i);
    if (out) out.push(after ?? null);
  }
  return value.length ? (out ?? value) : undefined;
}

function map(type: TypeNode, value: Obj): Obj | undefined {
  let out: Obj | undefined;
  let empty = true;
  for (const key in value) {
    keys++;
    empty = false;
    const before = value[key];
    const after = before === null ? (type.t === 'bytes' ? '' : zeroOf(type)) : item(type, before);
    if (after !== before) {
      out ??= { ...value };
      setMember(out, key, after ?? null);
    }
  }
  return empty ? undefined : (out ?? value);
}

function countKeys(value: unknown): void {
  if (value === null || typeof value !== 'object' || value instanceof Numeral) return;
  if (Array.isArray(value)) for (const one of value) countKeys(one);
  else {
    for (const key in value) {
      keys++;
      countKeys((value as Obj)[key]);
    }
  }
}

/**
 * Keys of all objects of a JSON text: its colons outside strings. -1 when a number is written as Go's integers are not (1.0, 1e3) or with
 * more digits than a double holds.
 */
export function countTextKeys(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) i = stringEnd(text, i);
    else if (code === 58) count++;
    else if (isDigit(code) && isDigit(text.charCodeAt(i + 15)) && LONG.test(text.slice(i, i + 16))) return -1;
    else if (code === 46 || code === 69) return -1;
    else if (code === 101 && isDigit(text.charCodeAt(i - 1))) return -1;
  }
  return count;
}

/** A number of more than 15 digits. */
const LONG = /^\d{16}$/;
const isDigit = (code: number) => code >= 48 && code <= 57;

/** Index of the quote that ends the string which starts at `start`. */
function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at > 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === 92) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}
