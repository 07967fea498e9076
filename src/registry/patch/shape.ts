import { jsonText } from '../../api/machinery/numerals.ts';
import { type Field, type StructType, type TypeNode, typeOf } from '../../api/machinery/schema.ts';
import type { Obj } from '../../lib/json.ts';

/**
 * How values of a type merge, are compared and are owned: structured-merge-diff's view of the schema (kube-openapi schemaconv). Made
 * from the schema table once per type and kept.
 */
export type Shape = ScalarShape | ListShape | MapShape | AnyShape;

export interface ScalarShape {
  k: 'scalar';
  scalar: 'numeric' | 'string' | 'boolean' | 'untyped';
}

export interface ListShape {
  k: 'list';
  /** atomic: one value; set: primitives are their own keys; map: objects with `keys`. */
  relation: 'atomic' | 'set' | 'map';
  keys: readonly string[];
  item: Shape;
}

export interface MapShape {
  k: 'map';
  atomic: boolean;
  /** Declared fields of a struct; undefined for a plain map. */
  struct: StructFields | undefined;
  /** Values of a plain map. */
  element: Shape | undefined;
}

/** Values without a schema: objects merge field by field unless atomic, lists are one value. */
export interface AnyShape {
  k: 'any';
  atomic: boolean;
}

export interface StructFields {
  readonly fields: Record<string, Shape>;
  /** What Go shows of an empty value even when the object lacks it: the fields that are neither pointers nor omitted when empty. */
  readonly zero: Obj;
}

const DEDUCED: AnyShape = { k: 'any', atomic: false };
const UNTYPED: AnyShape = { k: 'any', atomic: true };
const SCALARS: Record<string, ScalarShape> = {
  numeric: { k: 'scalar', scalar: 'numeric' },
  string: { k: 'scalar', scalar: 'string' },
  boolean: { k: 'scalar', scalar: 'boolean' },
  untyped: { k: 'scalar', scalar: 'untyped' },
};
const SCALAR_OF: Record<string, ScalarShape> = {
  string: SCALARS.string,
  bytes: SCALARS.string,
  bool: SCALARS.boolean,
  int32: SCALARS.numeric,
  int64: SCALARS.numeric,
  double: SCALARS.numeric,
  quantity: SCALARS.untyped,
  time: SCALARS.untyped,
  microtime: SCALARS.untyped,
} as Record<string, ScalarShape>;

const shapes = new Map<string, MapShape>();

/** The shape of a definition, e.g. "io.k8s.api.core.v1.Pod". */
export function shapeOf(type: string, atomic?: boolean): MapShape {
  const name = atomic === undefined ? type : `${type} ${atomic}`;
  let shape = shapes.get(name);
  if (!shape) {
    const struct = new LazyStruct(type);
    shape = { k: 'map', atomic: atomic ?? struct.type.atomic === true, struct, element: undefined };
    shapes.set(name, shape);
  }
  return shape;
}

/** Fields are made when first asked for: types may contain themselves. */
class LazyStruct implements StructFields {
  readonly type: StructType;
  #fields: Record<string, Shape> | undefined;
  #zero: Obj | undefined;
  constructor(name: string) {
    this.type = typeOf(name);
  }
  get fields(): Record<string, Shape> {
    if (!this.#fields) {
      const fields: Record<string, Shape> = Object.create(null);
      for (const name in this.type.fields) fields[name] = shapeOfField(this.type.fields[name] as Field);
      this.#fields = fields;
    }
    return this.#fields;
  }
  get zero(): Obj {
    if (!this.#zero) {
      const zero: Obj = {};
      for (const name in this.type.fields) {
        const value = zeroOf(this.type.fields[name] as Field);
        if (value !== undefined) zero[name] = value;
      }
      this.#zero = zero;
    }
    return this.#zero;
  }
}

/** What Go's encoder prints for a field that was never set; undefined when it prints nothing. */
function zeroOf(field: Field): unknown {
  const { t, pointer } = field.type;
  if (t === 'struct' && !pointer) return field.omitZero ? undefined : {};
  if ((t === 'time' || t === 'microtime' || t === 'raw') && !pointer) return field.omitZero ? undefined : null;
  if (t === 'quantity' && !pointer) return '0';
  if (t === 'intstr' && !pointer) return 0;
  if (field.omitEmpty || field.omitZero) return undefined;
  if (pointer || t === 'array' || t === 'map' || t === 'bytes') return null;
  return t === 'string' ? '' : t === 'bool' ? false : t === 'int32' || t === 'int64' || t === 'double' ? 0 : null;
}

function shapeOfField(field: Field): Shape {
  const { type } = field;
  if (type.t !== 'array' || type.listType) return shapeOfNode(type);
  // Lists without a list type follow their patch strategy (schemaconv getListElementRelationship).
  if (!field.patchStrategy?.split(',').includes('merge')) return shapeOfNode(type);
  const keys = field.patchMergeKey ? [field.patchMergeKey] : undefined;
  return shapeOfNode({ ...type, listType: keys ? 'map' : 'set', keys });
}

function shapeOfNode(node: TypeNode): Shape {
  switch (node.t) {
    case 'struct':
      return shapeOf(node.ref as string, node.mapType && node.mapType === 'atomic');
    case 'array':
      return {
        k: 'list',
        relation: node.listType ?? 'atomic',
        keys: [...(node.keys ?? [])].sort(),
        item: shapeOfNode(node.item as TypeNode),
      };
    case 'map':
      return { k: 'map', atomic: node.mapType === 'atomic', struct: undefined, element: shapeOfNode(node.item as TypeNode) };
    case 'raw':
      return node.go === 'runtime.RawExtension' ? UNTYPED : DEDUCED;
    case 'fieldsV1':
    case 'intstr': // `oneOf` without a type: deduced from what comes
    case 'schemaOrBool':
    case 'schemaOrArray':
    case 'schemaOrStrings':
      return DEDUCED;
    default:
      return SCALAR_OF[node.t] as ScalarShape;
  }
}

/** Values of list keys that an item may leave out, where Go's zero value is not the default (their `+default` markers). */
const KEY_DEFAULTS: Record<string, Obj> = {
  'io.k8s.api.core.v1.ContainerPort': { protocol: 'TCP' },
  'io.k8s.api.core.v1.ServicePort': { protocol: 'TCP' },
  'io.k8s.api.core.v1.LocalObjectReference': { name: '' },
};

/**
 * The element that names an item of a list: its value, or its keys with defaults (typed/helpers.go listItemToPathElement). An Error is
 * the reason why it has none.
 */
export function itemElement(list: ListShape, item: unknown): string | Error {
  if (list.relation === 'set') {
    if (item === null || item === undefined)
      return new Error("associative list without keys has an element that's an explicit null");
    if (Array.isArray(item)) return new Error('not supported: associative list with lists as elements');
    if (typeof item === 'object') return new Error("associative list without keys has an element that's a map type");
    return `v:${jsonText(item)}`;
  }
  if (item === null || item === undefined) return new Error('associative list with keys may not have a null element');
  if (typeof item !== 'object' || Array.isArray(item))
    return new Error('associative list with keys may not have non-map elements');
  const { keys } = list;
  if (keys.length === 1) {
    const value = (item as Obj)[keys[0] as string] ?? defaultOfKey(list, keys[0] as string, item as Obj);
    if (typeof value === 'string' || typeof value === 'number') return `k:{${JSON.stringify(keys[0])}:${JSON.stringify(value)}}`;
  }
  let text = '';
  for (const key of keys) {
    const value = (item as Obj)[key] ?? defaultOfKey(list, key, item as Obj);
    if (value !== undefined) text += `${text && ','}${JSON.stringify(key)}:${jsonText(value)}`;
  }
  if (text) return `k:{${text}}`;
  const shown = keys.map((key) => JSON.stringify(key)).join(' ');
  return new Error(
    `associative list with keys has an element that omits all key fields [${shown}] (and doesn't have default values for any key fields)`,
  );
}

function defaultOfKey(list: ListShape, key: string, item: Obj): unknown {
  if (item[key] === null) return null;
  if (list.item.k !== 'map' || !list.item.struct) return undefined;
  const { type, zero } = list.item.struct as LazyStruct;
  return KEY_DEFAULTS[type.name]?.[key] ?? zero[key];
}
