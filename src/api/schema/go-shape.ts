import { type Field, type StructType, type TypeNode, typeOf } from './go-types.ts';
import type { Obj } from '../../lib/json.ts';
import type { AnyShape, MapShape, ScalarShape, Shape, StructFields } from './shape.ts';

/** Shapes of Go types, as kube-openapi's schemaconv makes them of the generated table. */

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

const shapes = new WeakMap<StructType, MapShape>();
/** Those of types that a field makes atomic, or granular, in its place. */
const overridden = { atomic: new WeakMap<StructType, MapShape>(), granular: new WeakMap<StructType, MapShape>() };

/** The shape of a Go type: made once per type and kept with it. */
export function goShape(type: StructType, atomic?: boolean): MapShape {
  const known = atomic === undefined ? shapes : atomic ? overridden.atomic : overridden.granular;
  let shape = known.get(type);
  if (!shape) {
    shape = { k: 'map', atomic: atomic ?? type.atomic === true, struct: new LazyStruct(type), element: undefined };
    known.set(type, shape);
  }
  return shape;
}

/** Fields are made when first asked for: types may contain themselves. */
class LazyStruct implements StructFields {
  readonly #type: StructType;
  #fields: Record<string, Shape> | undefined;
  #zero: Obj | undefined;
  #keyDefaults: Obj | undefined;
  constructor(type: StructType) {
    this.#type = type;
  }
  get fields(): Record<string, Shape> {
    if (!this.#fields) {
      const fields: Record<string, Shape> = Object.create(null);
      for (const name in this.#type.fields) fields[name] = shapeOfField(this.#type.fields[name] as Field);
      this.#fields = fields;
    }
    return this.#fields;
  }
  get zero(): Obj {
    if (!this.#zero) {
      const zero: Obj = {};
      for (const name in this.#type.fields) {
        const value = zeroOf(this.#type.fields[name] as Field);
        if (value !== undefined) zero[name] = value;
      }
      this.#zero = zero;
    }
    return this.#zero;
  }
  get keyDefaults(): Obj {
    this.#keyDefaults ??= { ...this.zero, ...KEY_DEFAULTS[this.#type.name] };
    return this.#keyDefaults;
  }
}

/** The value that Go's encoder prints for a field that was never set; undefined when it prints none. */
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
      return goShape(typeOf(node.ref as string), node.mapType && node.mapType === 'atomic');
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

/** Defaults of list keys, where they are not Go's zero values (their `+default` markers). */
const KEY_DEFAULTS: Record<string, Obj> = {
  'io.k8s.api.core.v1.ContainerPort': { protocol: 'TCP' },
  'io.k8s.api.core.v1.ServicePort': { protocol: 'TCP' },
  'io.k8s.api.core.v1.LocalObjectReference': { name: '' },
};
