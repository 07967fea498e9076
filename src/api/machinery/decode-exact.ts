import { type Obj, setMember } from '../../lib/json.ts';
import { goQuote } from './go-text.ts';
import type { JsonNode } from './decode-json.ts';
import { base64Error, timeError } from './decode-literals.ts';
import { numberOf, plain } from './numerals.ts';
import { quantityError } from './quantity.ts';
import { type StructType, type TypeNode, typeOf } from '../schema/go-types.ts';

/**
 * Decoding exactly as sigs.k8s.io/json does: which error comes first, how it is worded, and which strict errors there are. Models
 * decodeState of its internal encoding/json (decode.go, kubernetes_patch.go).
 */
export interface ExactResult {
  /** The value with unknown fields dropped and duplicates merged; not yet normalised. */
  object: Obj;
  /** Unknown and duplicate fields, in the order met. */
  strict: string[];
}

/** A value that cannot be decoded; the message is Go's. */
export class DecodeError extends Error {}

/** Strict errors are kept up to this many (saveStrictError). */
const MAX_STRICT = 100;

/** Decodes a node as the struct `type`, or throws DecodeError. */
export function decodeExact(type: StructType, node: JsonNode): ExactResult {
  const decoder = new Decoder();
  const object = decoder.value({ t: 'struct', go: `${goPackage(type)}.${type.go}`, ref: type.name, pointer: false }, node);
  if (decoder.failed !== undefined) throw new DecodeError(decoder.failed);
  return { object: (object ?? {}) as Obj, strict: decoder.strict };
}

const goPackage = (type: StructType) => type.name.split('.').at(-2) as string;

class Decoder {
  failed: string | undefined;
  readonly strict: string[] = [];
  readonly #seen = new Set<string>();
  #struct = '';
  /** The struct whose UnmarshalJSON called us: it is the one that errors name. */
  #outer = '';
  #fields: string[] = [];
  #path = '';

  value(type: TypeNode, node: JsonNode): unknown {
    if (node.t === 'null' && type.t !== 'quantity') return null;
    switch (type.t) {
      case 'struct':
        return node.t === 'object' ? this.struct(typeOf(type.ref as string), node.entries) : this.mismatch(type, node);
      case 'array':
        return node.t === 'array' ? this.list(type, node.items) : this.mismatch(type, node);
      case 'map':
        return node.t === 'object' ? this.map(type, node.entries) : this.mismatch(type, node);
      case 'string':
        return node.t === 'string' ? node.value : this.mismatch(type, node);
      case 'bool':
        return node.t === 'bool' ? node.value : this.mismatch(type, node);
      case 'int32':
      case 'int64':
        return this.integer(type, node);
      case 'double':
        return node.t === 'number' ? Number(node.raw) : this.mismatch(type, node);
      case 'bytes':
        return this.bytes(type, node);
      default:
        return this.unmarshaler(type, node);
    }
  }

  /** Types with an UnmarshalJSON of their own: their errors end the decoding at once. */
  unmarshaler(type: TypeNode, node: JsonNode): unknown {
    switch (type.t) {
      case 'quantity':
        return quantity(node);
      case 'intstr':
        if (node.t === 'string') return node.value;
        if (node.t === 'number' && isInteger(node.raw, 'int32')) return Number(node.raw);
        throw new DecodeError(this.typeError('int32', node, true));
      case 'time':
      case 'microtime': {
        if (node.t !== 'string') throw new DecodeError(this.typeError('string', node, false));
        const error = timeError(node.value, type.t === 'microtime');
        if (error) throw new DecodeError(error);
        return node.value;
      }
      case 'schemaOrBool':
        if (node.t === 'bool') return node.value;
        if (node.t !== 'object') throw new DecodeError('boolean or JSON schema expected');
        return this.nested(node);
      case 'schemaOrArray':
      case 'schemaOrStrings':
        return node.t === 'object' ? this.nested(node) : plain(node);
      default:
        return plain(node);
    }
  }

  /** A schema within a schema is unmarshalled by code of its own, which reports no strict errors. */
  nested(node: JsonNode): unknown {
    const inner = new Decoder();
    inner.#fields = [...this.#fields];
    inner.#outer = this.#outer || this.#struct;
    const type = typeOf('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps');
    const value = inner.value({ t: 'struct', go: 'v1.JSONSchemaProps', ref: type.name, pointer: false }, node);
    if (inner.failed !== undefined) throw new DecodeError(inner.failed);
    return value;
  }

  integer(type: TypeNode, node: JsonNode): unknown {
    if (node.t !== 'number') return this.mismatch(type, node);
    if (isInteger(node.raw, type.t as 'int32' | 'int64')) return numberOf(node.raw);
    this.save(this.typeError(type.go, node, true));
    return null;
  }

  bytes(type: TypeNode, node: JsonNode): unknown {
    if (node.t === 'array') return this.byteList(node.items);
    if (node.t !== 'string') return this.mismatch(type, node);
    const error = base64Error(node.value);
    if (error) this.save(error);
    return error ? null : btoa(atob(node.value));
  }

  /** A list of numbers is a []byte too. */
  byteList(items: JsonNode[]): string {
    const bytes = items.map((node) => {
      if (node.t === 'number' && /^\d+$/.test(node.raw) && Number(node.raw) < 256) return Number(node.raw);
      if (node.t !== 'null') this.save(this.typeError('uint8', node, true));
      return 0;
    });
    return btoa(String.fromCharCode(...bytes));
  }

  struct(type: StructType, entries: [string, JsonNode][]): Obj {
    const out: Obj = {};
    const [outerStruct, depth, path] = [this.#struct, this.#fields.length, this.#path];
    for (const [name, node] of entries) {
      const field = type.fields[name];
      if (!field) {
        this.saveStrict('unknown field', name);
        continue;
      }
      if (Object.hasOwn(out, name)) this.saveStrict('duplicate field', name);
      this.#struct = type.go;
      if (field.embedded) this.#fields.push(...field.embedded.split('.'));
      this.#fields.push(name);
      this.#path = path ? `${path}.${name}` : name;
      const value = this.value(field.type, node);
      out[name] = value !== null && Object.hasOwn(out, name) ? merged(out[name], value) : value;
      this.#struct = outerStruct;
      this.#fields.length = depth;
      this.#path = path;
    }
    return out;
  }

  map(type: TypeNode, entries: [string, JsonNode][]): Obj {
    const out: Obj = Object.create(null);
    const path = this.#path;
    for (const [key, node] of entries) {
      if (key in out) this.saveStrict('duplicate field', key);
      this.#path = path ? `${path}.${key}` : key;
      out[key] = this.value(type.item as TypeNode, node);
      this.#path = path;
    }
    return asPlain(out);
  }

  list(type: TypeNode, items: JsonNode[]): unknown[] {
    const path = this.#path;
    const out = items.map((node, i) => {
      this.#path = `${path}[${i}]`;
      return this.value(type.item as TypeNode, node);
    });
    this.#path = path;
    return out;
  }

  mismatch(type: TypeNode, node: JsonNode): null {
    this.save(this.typeError(type.go, node, false));
    return null;
  }

  /** UnmarshalTypeError with the context that addErrorContext gives it. */
  typeError(go: string, node: JsonNode, withNumber: boolean): string {
    const what = node.t === 'number' && withNumber ? `number ${node.raw}` : node.t;
    const field = this.#fields.join('.');
    const struct = this.#outer || this.#struct;
    if (!struct && !field) return `json: cannot unmarshal ${what} into Go value of type ${go}`;
    return `json: cannot unmarshal ${what} into Go struct field ${struct}.${field} of type ${go}`;
  }

  save(error: string): void {
    this.failed ??= error;
  }

  saveStrict(kind: string, name: string): void {
    const error = `${kind} ${goQuote(this.#path ? `${this.#path}.${name}` : name)}`;
    if (this.strict.length >= MAX_STRICT || this.#seen.has(error)) return;
    this.#seen.add(error);
    this.strict.push(error);
  }
}

/** Quantity.UnmarshalJSON looks at the text: null is zero, quotes are optional. */
function quantity(node: JsonNode): string {
  if (node.t === 'null') return '0';
  const text = node.t === 'string' ? node.value : node.t === 'number' ? node.raw : '{}';
  const error = quantityError(text.trim());
  if (error) throw new DecodeError(error);
  return text.trim();
}

function isInteger(raw: string, size: 'int32' | 'int64'): boolean {
  if (!/^-?\d+$/.test(raw)) return false;
  const bits = size === 'int32' ? 31n : 63n;
  const value = BigInt(raw);
  return value >= -(1n << bits) && value < 1n << bits;
}

/** A second value for the same field is decoded over the first: structs and maps keep what it does not name. */
function merged(first: unknown, second: unknown): unknown {
  const bothObjects = [first, second].every((v) => v !== null && typeof v === 'object' && !Array.isArray(v));
  if (!bothObjects) return second;
  const out: Obj = { ...(first as Obj) };
  for (const key in second as Obj) out[key] = merged(out[key], (second as Obj)[key]);
  return out;
}

/** Copies a prototype-less object into an ordinary one. */
function asPlain(from: Obj): Obj {
  const out: Obj = {};
  for (const key in from) setMember(out, key, from[key]);
  return out;
}
