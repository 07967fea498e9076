import { jsonText } from '../machinery/numerals.ts';
import type { Obj } from '../../lib/json.ts';

/**
 * How values of a type merge, are compared and are owned: structured-merge-diff's view of the schema (kube-openapi schemaconv).
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
  /** Values of an empty object that are printed even when the object lacks them: in Go, fields that are neither pointers nor omitted when empty. */
  readonly zero: Obj;
  /** Values of list keys that an item may leave out. */
  readonly keyDefaults: Obj;
}

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
  return list.item.k === 'map' ? list.item.struct?.keyDefaults[key] : undefined;
}
