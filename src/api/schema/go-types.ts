import { ownProperty } from '../../lib/own-property.ts';
import table from '../openapi/schema.generated.json' with { type: 'json' };

/** The type of a value. `go` is the Go type as error texts print it ("v1.RestartPolicy", "int32", "[]v1.Container"). */
export interface TypeNode {
  t: Primitive | 'struct' | 'array' | 'map';
  go: string;
  /** Definition name of a struct. */
  ref?: string;
  /** Element of an array or map. */
  item?: TypeNode;
  /** A Go pointer: absent and zero differ, and an empty struct is not printed when absent. */
  pointer: boolean;
  listType?: 'atomic' | 'set' | 'map';
  keys?: string[];
  mapType?: 'atomic' | 'granular';
}

/** `schemaOr*` are the three unions of JSONSchemaProps; `raw` is any JSON. */
export type Primitive =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'double'
  | 'quantity'
  | 'intstr'
  | 'time'
  | 'microtime'
  | 'bytes'
  | 'raw'
  | 'fieldsV1'
  | 'schemaOrBool'
  | 'schemaOrArray'
  | 'schemaOrStrings';

/** One field of a struct. */
export interface Field {
  name: string;
  type: TypeNode;
  required: boolean;
  omitEmpty: boolean;
  omitZero: boolean;
  patchStrategy?: string;
  patchMergeKey?: string;
  /** Path of the Go fields that embed it; only error texts name them. TypeMeta, which every kind embeds, is left out. */
  embedded?: string;
}

/** One struct of the API, with its fields in Go's order. */
export interface StructType {
  /** Definition name, e.g. "io.k8s.api.apps.v1.DeploymentSpec". */
  name: string;
  /** Go type name, e.g. "DeploymentSpec". */
  go: string;
  /** No prototype, so that a field called "constructor" is not found. */
  fields: Record<string, Field>;
  list: Field[];
  required: string[];
  /** Has a group, version and kind of its own. */
  isKind: boolean;
  /** x-kubernetes-map-type of the type itself. */
  atomic: boolean;
}

const PRIMITIVES: Record<string, [Primitive, string]> = {
  s: ['string', 'string'],
  b: ['bool', 'bool'],
  i: ['int32', 'int32'],
  l: ['int64', 'int64'],
  d: ['double', 'float64'],
  Q: ['quantity', 'resource.Quantity'],
  X: ['intstr', 'intstr.IntOrString'],
  T: ['time', 'v1.Time'],
  M: ['microtime', 'v1.MicroTime'],
  B: ['bytes', '[]uint8'],
  R: ['raw', 'runtime.RawExtension'],
  F: ['fieldsV1', 'v1.FieldsV1'],
  S: ['schemaOrBool', 'v1.JSONSchemaPropsOrBool'],
  A: ['schemaOrArray', 'v1.JSONSchemaPropsOrArray'],
  G: ['schemaOrStrings', 'v1.JSONSchemaPropsOrStringArray'],
};

const packages = table.packages as [string, string][];
const lines = table.types as unknown as Record<string, Record<string, string>>;
const goPackage = new Map(packages);
const expanded = new Map<string, StructType>();

/** The type of a definition name; throws on an unknown one (a programmer's error). */
export function typeOf(name: string): StructType {
  return expanded.get(name) ?? expand(name);
}

/** Names may come from a client. */
function lineOf(home: string, name: string): string | undefined {
  const types = ownProperty(lines, home);
  return types && ownProperty(types, name);
}

/** Whether the table has this definition. */
export function hasType(name: string): boolean {
  const dot = name.lastIndexOf('.');
  return lineOf(name.slice(0, dot), name.slice(dot + 1)) !== undefined;
}

function expand(name: string): StructType {
  const dot = name.lastIndexOf('.');
  const home = name.slice(0, dot);
  let text = lineOf(home, name.slice(dot + 1));
  if (text === undefined) throw new Error(`no such type in the schema table: ${name}`);
  const isKind = text.startsWith('#');
  if (isKind) text = text.slice(1);
  const atomic = text.startsWith('~');
  if (atomic) text = text.slice(1);
  const list = text === '' ? [] : text.split('|').map((line) => parseField(line, home));
  const fields: Record<string, Field> = Object.create(null);
  for (const field of list) fields[field.name] = field;
  const required = list.filter((f) => f.required).map((f) => f.name);
  const type: StructType = { name, go: name.slice(dot + 1), fields, list, required, isKind, atomic };
  expanded.set(name, type);
  return type;
}

function parseField(line: string, home: string): Field {
  const [head, type, ...rules] = line.split(' ');
  const name = head.replace(/[!?%]+$/, '');
  const flags = head.slice(name.length);
  const field: Field = {
    name,
    type: parseType(type, home),
    required: flags.includes('!'),
    omitEmpty: flags.includes('?'),
    omitZero: flags.includes('%'),
  };
  for (const rule of rules) applyRule(field, rule);
  return field;
}

function applyRule(field: Field, rule: string): void {
  const type = field.type;
  if (rule === '~t') type.mapType = 'atomic';
  else if (rule[0] === '>') field.embedded = rule.slice(1);
  else if (rule === '~g') type.mapType = 'granular';
  else if (rule === '~a') type.listType = 'atomic';
  else if (rule === '~s') type.listType = 'set';
  else if (rule.startsWith('~m:')) {
    type.listType = 'map';
    type.keys = rule.slice(3).split(',');
  } else if (rule.startsWith('^k:')) field.patchMergeKey = rule.slice(3);
  else field.patchStrategy = rule.slice(1);
}

/** The grammar stands at the head of openapi/generate.mjs. */
function parseType(text: string, home: string): TypeNode {
  const pkg = goPackage.get(home) as string;
  if (text[0] === '*') return { ...parseType(text.slice(1), home), pointer: true };
  if (text[0] === '=') {
    const end = text.indexOf('=', 1);
    const name = text.slice(1, end);
    return { ...parseType(text.slice(end + 1), home), go: name.includes('.') ? name : `${pkg}.${name}` };
  }
  if (text[0] === '[') {
    const item = parseType(text.slice(1), home);
    return { t: 'array', go: `[]${item.pointer ? '*' : ''}${item.go}`, item, pointer: false };
  }
  if (text[0] === '{') {
    const key = /^\{<([^>]+)>/.exec(text);
    const item = parseType(text.slice(key ? key[0].length : 1), home);
    const keyGo = key ? (key[1].includes('.') ? key[1] : `${pkg}.${key[1]}`) : 'string';
    return { t: 'map', go: `map[${keyGo}]${item.pointer ? '*' : ''}${item.go}`, item, pointer: false };
  }
  if (text[0] === '@') {
    const at = /^@(?:(\d+)\.)?(\w+)$/.exec(text) as RegExpExecArray;
    const [prefix, name] = at[1] ? packages[Number(at[1])] : [home, pkg];
    return { t: 'struct', go: `${name}.${at[2]}`, ref: `${prefix}.${at[2]}`, pointer: false };
  }
  const [t, go] = PRIMITIVES[text];
  return { t, go, pointer: false };
}
