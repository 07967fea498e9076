import { numberOf, parseDigits } from './numerals.ts';
import { ownProperty } from '../../lib/own-property.ts';
import type { Obj } from '../../lib/json.ts';
import messages from '../openapi/protobuf.generated.json' with { type: 'json' };
import { rfc3339, rfc3339Micro } from './time.ts';

/**
 * Reading of the protobuf bodies that typed clients send (kubectl's `create` and `drain`, controllers on client-go): an envelope
 * (runtime.Unknown behind four magic bytes) around a message whose fields protobuf.generated.json numbers and names. Objects come out as
 * the same client would have written them in JSON. Nothing is written in protobuf: every client also takes JSON.
 */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];

/** One field: what stands before its type's letter, the letter, and the message that "m" names. */
interface Field {
  name: string;
  pointer: boolean;
  repeated: boolean;
  map: boolean;
  inline: boolean;
  /** The element is a message around a list of it. */
  list: boolean;
  leaf: string;
  message: string;
}

const compiled = new Map<string, Map<number, Field>>();

function fieldsOf(message: string): Map<number, Field> | undefined {
  const found = compiled.get(message);
  if (found) return found;
  const text = ownProperty(messages as Record<string, string>, message);
  if (text === undefined) return undefined;
  const fields = new Map<number, Field>();
  for (const entry of text ? text.split(';') : []) {
    const [number, name, type] = entry.split(' ');
    const at = type.search(/[^*[{^(]/);
    const marks = type.slice(0, at);
    fields.set(Number(number), {
      name,
      pointer: marks.includes('*'),
      repeated: marks.startsWith('[') || marks.startsWith('*['),
      map: marks.includes('{'),
      inline: marks.includes('^'),
      list: marks.includes('('),
      leaf: type[at],
      message: type.slice(at + 1),
    });
  }
  compiled.set(message, fields);
  return fields;
}

const utf8 = new TextDecoder('utf-8');

/** A cursor over a stretch of bytes. Runs off the end with a RangeError. */
class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  #byte(): number {
    if (this.at >= this.end) throw new RangeError('unexpected EOF');
    return this.bytes[this.at++];
  }

  /** A varint that is a tag, a length or small by its nature, as a signed 64-bit number. */
  varint(): number {
    return Number(this.integer());
  }

  /** A varint as a signed 64-bit number, a bigint where a number would lose digits. */
  integer(): number | bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return low;
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return numberOf(String(BigInt.asIntN(64, value))) as number | bigint;
    }
    throw new RangeError('integer overflow');
  }

  /** The next length-delimited stretch. */
  inner(): Reader {
    const length = this.varint();
    if (length < 0 || this.at + length > this.end) throw new RangeError('unexpected EOF');
    this.at += length;
    return new Reader(this.bytes, this.at - length, this.at);
  }

  text(): string {
    return utf8.decode(this.bytes.subarray(this.at, this.end));
  }

  base64(): string {
    let binary = '';
    for (let i = this.at; i < this.end; i++) binary += String.fromCharCode(this.bytes[i]);
    return btoa(binary);
  }

  double(): number {
    if (this.at + 8 > this.end) throw new RangeError('unexpected EOF');
    this.at += 8;
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + this.at - 8, 8).getFloat64(0, true);
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.at += 8;
    else if (wire === 2) this.inner();
    else if (wire === 5) this.at += 4;
    else throw new RangeError(`illegal wireType ${wire}`);
  }
}

/** The fields of a small message by number: varints as numbers, stretches as readers. */
function small(reader: Reader): Map<number, number | Reader> {
  const out = new Map<number, number | Reader>();
  while (reader.more) {
    const tag = reader.varint();
    if ((tag & 7) === 0) out.set(tag >>> 3, reader.varint());
    else if ((tag & 7) === 2) out.set(tag >>> 3, reader.inner());
    else reader.skip(tag & 7);
  }
  return out;
}

const number = (fields: Map<number, number | Reader>, key: number): number => (fields.get(key) as number | undefined) ?? 0;
const string = (fields: Map<number, number | Reader>, key: number): string =>
  (fields.get(key) as Reader | undefined)?.text() ?? '';

const MS = 1000;
const NANOS = 1e6;

/** A time; the zero time is absent. */
function time(reader: Reader, print: (ms: number) => string): string | undefined {
  const fields = small(reader);
  const [seconds, nanos] = [number(fields, 1), number(fields, 2)];
  if (seconds === 0 && nanos === 0) return undefined;
  const text = print(seconds * MS + Math.floor(nanos / NANOS));
  return print === rfc3339 ? text : text.replace(/\.\d+Z$/, `.${String(Math.floor(nanos / MS)).padStart(6, '0')}Z`);
}

function rawJson(reader: Reader): unknown {
  const raw = string(small(reader), 1);
  return raw === '' ? undefined : parseDigits(raw);
}

/** A value that is not a list, map or plain number: by its type's letter. */
function stretch(field: Field, reader: Reader): unknown {
  switch (field.leaf) {
    case 's':
      return reader.text();
    case 'y':
      return reader.base64();
    case 'm':
      return message(field.message, reader);
    case 'Q':
      return string(small(reader), 1) || '0';
    case 'I': {
      const fields = small(reader);
      return number(fields, 1) === 1 ? string(fields, 3) : number(fields, 2);
    }
    case 'T':
      return time(reader, rfc3339);
    case 'U':
      return time(reader, rfc3339Micro);
    case 'D':
      return `${number(small(reader), 1) / (MS * NANOS)}s`;
    case 'R':
      return rawJson(reader);
    default:
      throw new RangeError(`a stretch of bytes for ${field.name}`);
  }
}

function one(field: Field, reader: Reader, wire: number): unknown {
  if (field.leaf === 'i') return wire === 2 ? packed(reader.inner()) : reader.integer();
  if (field.leaf === 'b') return reader.varint() !== 0;
  if (field.leaf === 'd') return reader.double();
  const inner = reader.inner();
  if (!field.list) return stretch(field, inner);
  const items: unknown[] = [];
  while (inner.more) {
    const tag = inner.varint();
    if (tag >>> 3 === 1) items.push(stretch(field, inner.inner()));
    else inner.skip(tag & 7);
  }
  return items;
}

function packed(reader: Reader): (number | bigint)[] {
  const out: (number | bigint)[] = [];
  while (reader.more) out.push(reader.integer());
  return out;
}

/** A map's entry: a small message of key and value. */
function entry(field: Field, reader: Reader, into: Obj): void {
  let key = '';
  let value: unknown = field.leaf === 's' || field.leaf === 'y' ? '' : undefined;
  while (reader.more) {
    const tag = reader.varint();
    if (tag >>> 3 === 1) key = reader.inner().text();
    else if (tag >>> 3 === 2) value = one(field, reader, tag & 7);
    else reader.skip(tag & 7);
  }
  into[key] = value ?? {};
}

/** Whether a value is the one that Go writes for an unset field that is not a pointer. */
const isZero = (value: unknown): boolean => value === '' || value === 0 || value === false;

function assign(field: Field, reader: Reader, wire: number, out: Obj): void {
  if (field.map) {
    out[field.name] ??= {};
    entry(field, reader.inner(), out[field.name]);
    return;
  }
  const value = one(field, reader, wire);
  if (value === undefined) return;
  if (field.inline) Object.assign(out, value);
  else if (field.repeated) {
    out[field.name] ??= [];
    if (Array.isArray(value)) out[field.name].push(...value);
    else out[field.name].push(value);
  } else if (field.pointer || !isZero(value)) out[field.name] = value;
}

function message(name: string, reader: Reader): Obj {
  const fields = fieldsOf(name);
  if (!fields) throw new RangeError(`unknown message ${name}`);
  const out: Obj = {};
  while (reader.more) {
    const tag = reader.varint();
    const field = fields.get(tag >>> 3);
    if (field) assign(field, reader, tag & 7, out);
    else reader.skip(tag & 7);
  }
  return out;
}

/** The Go package of a group and version ("networking.k8s.io/v1" is networking/v1). */
function packageOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  if (slash < 0) return `core/${apiVersion}`;
  const group = apiVersion.slice(0, slash);
  const home = group === 'internal.apiserver.k8s.io' ? 'apiserverinternal' : group.split('.', 1)[0];
  return `${home}/${apiVersion.slice(slash + 1)}`;
}

/**
 * The object in a protobuf body (one character a byte), or undefined when it is of a kind that is not known here. Options of verbs are
 * the same message in every group. Throws RangeError or SyntaxError on what is no such body.
 */
export function fromProtobuf(body: string): Obj | undefined {
  const bytes = Uint8Array.from(body, (char) => char.charCodeAt(0));
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw new RangeError('provided data does not appear to be a protobuf message');
  const envelope = small(new Reader(bytes, MAGIC.length));
  const type = small((envelope.get(1) as Reader | undefined) ?? new Reader(bytes, 0, 0));
  const [apiVersion, kind] = [string(type, 1), string(type, 2)];
  const own = `${packageOf(apiVersion)}.${kind}`;
  const name = fieldsOf(own) ? own : `meta/v1.${kind}`;
  if (!fieldsOf(name)) return undefined;
  return { kind, apiVersion, ...message(name, (envelope.get(2) as Reader | undefined) ?? new Reader(bytes, 0, 0)) };
}
