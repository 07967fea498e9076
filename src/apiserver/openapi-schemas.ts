import { type Field, type StructType, type TypeNode, typeOf } from '../api/schema/go-types.ts';
import type { Schema } from '../api/schema/schema.ts';
import type { Obj } from '../lib/json.ts';
import type { Facts } from './openapi-facts.ts';

/** OpenAPI 3.0 or 2.0: they differ in the place of definitions and in expressiveness. */
export type Dialect = 'v3' | 'v2';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const APIEXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

/** Types that are no structs for OpenAPI: name -> schema in both dialects. */
const SPECIAL: Record<string, { v3: Obj; v2: Obj }> = {
  [QUANTITY]: { v3: { oneOf: [{ type: 'string' }, { type: 'number' }] }, v2: { type: 'string' } },
  [INT_OR_STRING]: {
    v3: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
    v2: { type: 'string', format: 'int-or-string' },
  },
  [`${META}.Time`]: both({ type: 'string', format: 'date-time' }),
  [`${META}.MicroTime`]: both({ type: 'string', format: 'date-time' }),
  [`${META}.FieldsV1`]: both({ type: 'object' }),
  [`${META}.Patch`]: both({ type: 'object' }),
  'io.k8s.apimachinery.pkg.runtime.RawExtension': both({ type: 'object' }),
  [`${APIEXTENSIONS}.JSON`]: both({}),
  [`${APIEXTENSIONS}.JSONSchemaPropsOrBool`]: both({}),
  [`${APIEXTENSIONS}.JSONSchemaPropsOrArray`]: both({}),
  [`${APIEXTENSIONS}.JSONSchemaPropsOrStringArray`]: both({}),
};

function both(schema: Obj): { v3: Obj; v2: Obj } {
  return { v3: schema, v2: schema };
}

const REFERENCES: Partial<Record<TypeNode['t'], string>> = {
  quantity: QUANTITY,
  intstr: INT_OR_STRING,
  time: `${META}.Time`,
  microtime: `${META}.MicroTime`,
  fieldsV1: `${META}.FieldsV1`,
  schemaOrBool: `${APIEXTENSIONS}.JSONSchemaPropsOrBool`,
  schemaOrArray: `${APIEXTENSIONS}.JSONSchemaPropsOrArray`,
  schemaOrStrings: `${APIEXTENSIONS}.JSONSchemaPropsOrStringArray`,
};

const SCALARS: Partial<Record<TypeNode['t'], { schema: Obj; zero: unknown }>> = {
  string: { schema: { type: 'string' }, zero: '' },
  bool: { schema: { type: 'boolean' }, zero: false },
  int32: { schema: { type: 'integer', format: 'int32' }, zero: 0 },
  int64: { schema: { type: 'integer', format: 'int64' }, zero: 0 },
  double: { schema: { type: 'number', format: 'double' }, zero: 0 },
};
/** References that have no zero to print as {}. */
const NO_DEFAULT = new Set([
  'intstr',
  'quantity',
  'time',
  'microtime',
  'fieldsV1',
  'raw',
  'schemaOrBool',
  'schemaOrArray',
  'schemaOrStrings',
]);

/** The group, version and kind that a definition stands for. */
export type GvkOf = (type: StructType) => Obj[] | undefined;

/** Writes definitions, and records the ones they refer to. */
export class SchemaWriter {
  readonly #dialect: Dialect;
  readonly #gvks: GvkOf;
  readonly #facts: Facts;
  readonly #wanted = new Set<string>();
  readonly #given = new Map<string, Obj>();

  constructor(dialect: Dialect, gvks: GvkOf, facts: Facts) {
    this.#dialect = dialect;
    this.#gvks = gvks;
    this.#facts = facts;
  }

  /** Takes the definition of a schema that has one of its own, and makes that of its lists where they have another name. */
  define({ name, listName, openapi }: Schema): void {
    if (!openapi) return;
    this.#given.set(name, openapi);
    if (listName === name) return;
    const text = { type: 'string' };
    const items = { type: 'array', items: this.ref(name) };
    const properties = { apiVersion: text, items, kind: text, metadata: { type: 'object' } };
    this.#given.set(listName, { type: 'object', required: ['items'], properties });
  }

  /** A reference to a definition, which makes it part of the document. */
  ref(name: string): Obj {
    this.#wanted.add(name);
    return { $ref: `${this.#dialect === 'v3' ? '#/components/schemas/' : '#/definitions/'}${name}` };
  }

  /** Every definition referred to so far, and those that they refer to, by name. */
  definitions(): Obj {
    const out: Obj = {};
    // Sets are visited in insertion order, additions included.
    for (const name of this.#wanted) out[name] = this.#definition(name);
    return Object.fromEntries(Object.entries(out).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #definition(name: string): Obj {
    const description = this.#facts.descriptions[name]?.[''];
    const special = SPECIAL[name];
    if (special) return { ...(description && { description }), ...special[this.#dialect] };
    const given = this.#given.get(name);
    if (given) return given;
    const type = typeOf(name);
    const out: Obj = { ...(description && { description }), type: 'object' };
    if (type.required.length) out.required = type.required;
    if (type.list.length) {
      const fields = [...type.list].sort((a, b) => (a.name < b.name ? -1 : 1));
      out.properties = Object.fromEntries(fields.map((field) => [field.name, this.#property(type, field)]));
    }
    const gvk = type.isKind ? this.#gvks(type) : undefined;
    if (gvk) out['x-kubernetes-group-version-kind'] = gvk;
    if (type.atomic) out['x-kubernetes-map-type'] = 'atomic';
    const unions = this.#facts.unions[name];
    if (unions) out['x-kubernetes-unions'] = unions;
    return out;
  }

  #property(type: StructType, field: Field): Obj {
    const key = `${type.name}:${field.name}`;
    const out = this.#value(field.type, type.name, !field.omitEmpty);
    const text = this.#facts.descriptions[type.name]?.[field.name];
    if (text) out.description = text;
    if (this.#dialect === 'v3') this.#enumerate(out, key);
    if (this.#dialect === 'v3' && this.#facts.defaults[key] !== undefined) out.default = JSON.parse(this.#facts.defaults[key]);
    const { listType, keys, mapType } = field.type;
    if (listType) out['x-kubernetes-list-type'] = listType;
    if (keys) out['x-kubernetes-list-map-keys'] = keys;
    if (mapType) out['x-kubernetes-map-type'] = mapType;
    if (field.patchMergeKey) out['x-kubernetes-patch-merge-key'] = field.patchMergeKey;
    if (field.patchStrategy) out['x-kubernetes-patch-strategy'] = field.patchStrategy;
    return bare(out);
  }

  /** kube-openapi's enum.go: the values, and the text that lists them. */
  #enumerate(out: Obj, key: string): void {
    const values = this.#facts.enums[this.#facts.enumFields[key]];
    if (!values) return;
    const target = out.type === 'array' ? out.items : out;
    target.enum = values.map(([value]) => value);
    const lines = values.map(([value, comment]) => ` - \`"${value}"\`${comment && ` ${comment}`}`);
    if (out.type === 'array') return;
    out.description = `${out.description ?? ''}\n\nPossible enum values:\n${lines.join('\n')}`.trimStart();
  }

  /** `zero`: a value that is not there is printed as its zero, which OpenAPI 3 calls the default. */
  #value(node: TypeNode, home: string, zero: boolean): Obj {
    const v3 = this.#dialect === 'v3';
    if (node.t === 'array') return { type: 'array', items: bare(this.#value(node.item as TypeNode, home, true)) };
    if (node.t === 'map') return { type: 'object', additionalProperties: bare(this.#value(node.item as TypeNode, home, true)) };
    if (node.t === 'bytes') return { type: 'string', format: 'byte' };
    const scalar = SCALARS[node.t];
    if (scalar) return { ...scalar.schema, ...(v3 && zero && !node.pointer && { default: scalar.zero }) };
    const raw = home.startsWith(APIEXTENSIONS) ? `${APIEXTENSIONS}.JSON` : 'io.k8s.apimachinery.pkg.runtime.RawExtension';
    const ref = this.ref(node.ref ?? REFERENCES[node.t] ?? raw);
    if (!v3) return ref;
    return node.pointer || NO_DEFAULT.has(node.t) ? { allOf: [ref] } : { default: {}, allOf: [ref] };
  }
}

/** A reference with nothing beside it stands alone. */
function bare(schema: Obj): Obj {
  return schema.allOf && Object.keys(schema).length === 1 ? schema.allOf[0] : schema;
}
