import { INT64_MIN } from '../../api/machinery/numerals.ts';
import { type StructType, type TypeNode, typeOf } from '../../api/schema/go-types.ts';
import { isObject, type Obj } from '../../lib/json.ts';

const isInteger = (value: unknown): value is number | bigint => typeof value === 'bigint' || Number.isInteger(value);
const KINDS: Record<string, string> = { string: 'string', bool: 'bool', int32: 'int32', int64: 'int64', double: 'float64' };

const BYTE: TypeNode = { t: 'int32', go: 'uint8', pointer: false };

/**
 * The problem of a value in the words of apimachinery's map-to-struct converter (runtime/converter.go fromUnstructured), which
 * decodes strategic merge patches; undefined when nothing is, or when the type reads itself from JSON.
 */
export function unstructuredProblem(type: StructType | undefined, value: unknown): string | undefined {
  return type && ofStruct(type, value);
}

/** The converter's words for a value that the JSON decoder refused with `message`. */
export function converterMessage(type: StructType | undefined, value: unknown, message: string): string {
  const problem = unstructuredProblem(type, value);
  if (problem) return problem;
  if (message.startsWith('illegal base64')) return `error decoding from json: ${message}`;
  // Types that read themselves do not know where they stand when they are not read as part of a text.
  return message.replace(/Go struct field \S+ of type/, 'Go value of type');
}

function ofStruct(type: StructType, value: unknown): string | undefined {
  if (!isObject(value)) return `cannot restore struct from: ${kindOf(value)}`;
  for (const field of type.list) {
    const inner = value[field.name];
    if (inner === undefined || inner === null) continue;
    const problem = ofNode(field.type, inner);
    if (problem) return problem;
  }
  return undefined;
}

function ofNode(node: TypeNode, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  switch (node.t) {
    case 'struct':
      return ofStruct(typeOf(node.ref as string), value);
    case 'array':
      if (!Array.isArray(value)) return `cannot restore slice from ${kindOf(value)}`;
      return first(value, (item) => ofNode(node.item as TypeNode, item));
    case 'map':
      if (!isObject(value)) return `cannot restore map from ${kindOf(value)}`;
      return first(Object.values(value), (item) => ofNode(node.item as TypeNode, item));
    case 'bytes':
      if (Array.isArray(value)) return first(value, (item) => ofNode(BYTE, item));
      return typeof value === 'string' ? undefined : `cannot restore slice from ${kindOf(value)}`;
    case 'string':
    case 'bool':
    case 'int32':
    case 'int64':
    case 'double':
      return scalarProblem(node, value);
    default:
      return undefined;
  }
}

/** Go converts between numbers, and integers to strings; what JSON does not convert is told apart by that. */
function scalarProblem(node: TypeNode, value: unknown): string | undefined {
  const integer = isInteger(value);
  if (node.t === 'string') {
    if (typeof value === 'string') return undefined;
    return integer ? `cannot convert int64 to ${node.go}` : 'unrecognized type: string';
  }
  if (node.t === 'bool') return typeof value === 'boolean' ? undefined : 'unrecognized type: bool';
  if (typeof value !== 'number' && typeof value !== 'bigint')
    return `unrecognized type: ${node === BYTE ? node.go : KINDS[node.t]}`;
  return integer || node.t === 'double' ? undefined : `cannot convert float64 to ${node.go}`;
}

function first(items: unknown[], problem: (item: unknown) => string | undefined): string | undefined {
  for (const item of items) {
    const found = problem(item);
    if (found) return found;
  }
  return undefined;
}

const kindOf = (value: unknown): string =>
  Array.isArray(value)
    ? 'slice'
    : isObject(value)
      ? 'map'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value === 'number' || typeof value === 'bigint'
          ? isInteger(value)
            ? 'int64'
            : 'float64'
          : typeof value;

/** Integers too big for their field, cut to it as the converter's Go conversion does; shares what does not change. */
export function withCutIntegers(type: StructType | undefined, value: unknown): unknown {
  return type ? cutStruct(type, value) : value;
}

function cutStruct(type: StructType, value: unknown): unknown {
  if (!isObject(value)) return value;
  const out: Obj = { ...value };
  for (const { name, type: node } of type.list) if (out[name] !== undefined) out[name] = cutNode(node, out[name]);
  return out;
}

function cutNode(node: TypeNode, value: unknown): unknown {
  if (node.t === 'struct') return cutStruct(typeOf(node.ref as string), value);
  if (node.t === 'array' && Array.isArray(value)) return value.map((item) => cutNode(node.item as TypeNode, item));
  if (node.t === 'map' && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cutNode(node.item as TypeNode, item)]));
  }
  if (node.t === 'bytes' && Array.isArray(value))
    return value.map((item) => (isInteger(item) ? Number(cut(item, 8) & 255n) : item));
  if (node.t === 'int32' && isInteger(value)) return Number(cut(value, 32));
  return node.t === 'int64' && isInteger(value) && !Number.isSafeInteger(value) ? cut(value, 64) : value;
}

/** Go's conversion to an integer of so many bits; a float64 that no int64 holds becomes the smallest (amd64). */
function cut(value: number | bigint, bits: number): bigint {
  const whole = typeof value === 'number' && Math.abs(value) >= 2 ** 63 ? INT64_MIN : BigInt(value);
  return BigInt.asIntN(bits, whole);
}
