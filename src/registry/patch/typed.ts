import { hasSentEmpties, sentEmpty } from '../../api/machinery/decode-fast.ts';
import { equal, isObject, type Obj } from '../../lib/json.ts';
import { type FieldSet, graft, insert, isEmpty, isMember, LEAF } from './field-set.ts';
import { itemElement, type ListShape, type MapShape, type Shape } from '../../api/schema/shape.ts';

/** Changes between two values of one type. No field is in two of the sets (typed/compare.go). */
export interface Comparison {
  removed: FieldSet;
  modified: FieldSet;
  added: FieldSet;
}

interface Walk extends Comparison {
  path: string[];
}

const isNothing = (value: unknown): boolean => {
  if (value === null || value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== 'object') return false;
  for (const key in value) if ((value as Obj)[key] !== undefined) return false;
  return true;
};
/** The form that a value without a schema takes. */
const formOf = (value: unknown): 'list' | 'map' | 'scalar' =>
  Array.isArray(value) ? 'list' : isObject(value) ? 'map' : 'scalar';

/** Compares two values of a type; undefined is "no value", null is a value. */
export function compare(shape: Shape, left: unknown, right: unknown): Comparison {
  const walk: Walk = { removed: {}, modified: {}, added: {}, path: [] };
  if (left !== right) compareAt(shape, left, right, walk);
  return { removed: walk.removed, modified: walk.modified, added: walk.added };
}

function compareAt(shape: Shape, left: unknown, right: unknown, walk: Walk): void {
  if (left === right) return;
  if (walk.path.length > 0 && (left === undefined || right === undefined)) {
    const side = left === undefined ? walk.added : walk.removed;
    graft(side, walk.path, wholeSet(shape, left === undefined ? right : left));
    return;
  }
  if (isLeaf(shape, left, right)) {
    // What was sent empty inside of one value makes it another; a value that is nothing but empty parts has no owner (value/reflect.go).
    const differs = !equal(left, right) || (!isNothing(right) && hasSentEmpties(right));
    if (walk.path.length > 0 && differs) insert(walk.modified, walk.path);
    return;
  }
  if (shape.k === 'list') compareItems(shape, (left ?? []) as unknown[], (right ?? []) as unknown[], walk);
  else
    compareFields(
      shape,
      (left ?? {}) as Obj,
      (right ?? {}) as Obj,
      walk,
      left === null || left === undefined,
      right === null || right === undefined,
    );
}

/** Whether the pair is compared as one value. Both sides empty counts, to keep null and empty apart. */
function isLeaf(shape: Shape, left: unknown, right: unknown): boolean {
  if (shape.k === 'scalar' || (shape.k === 'list' ? shape.relation === 'atomic' : shape.atomic)) return true;
  if (isNothing(left) && isNothing(right)) return true;
  if (shape.k === 'list') return !((left === null || Array.isArray(left)) && (right === null || Array.isArray(right)));
  return !((left === null || isObject(left)) && (right === null || isObject(right)));
}

function compareFields(shape: Shape, left: Obj, right: Obj, walk: Walk, noLeft: boolean, noRight: boolean): void {
  const struct = shape.k === 'map' ? shape.struct : undefined;
  const zero = struct?.zero;
  for (const name in left) {
    const value = left[name];
    if (value === undefined) continue;
    const other = right[name] ?? (right[name] === null ? sentAs(right, name) : noRight ? undefined : zero?.[name]);
    if (value === other) continue;
    walk.path.push(`f:${name}`);
    compareAt(childShape(shape, name), value, other, walk);
    walk.path.pop();
  }
  for (const name in right) {
    if (right[name] === undefined || left[name] !== undefined) continue;
    walk.path.push(`f:${name}`);
    compareAt(childShape(shape, name), noLeft ? undefined : zero?.[name], right[name] ?? sentAs(right, name), walk);
    walk.path.pop();
  }
}

/** A null of a decoded object: an empty list or map until it is stored, when that is what was sent. */
const sentAs = (object: Obj, name: string): unknown => sentEmpty(object, name) ?? null;

const DEDUCED: Shape = { k: 'any', atomic: false };

/** The shape of a field or map value; undeclared ones are compared as they come. */
export function childShape(shape: Shape, name: string): Shape {
  if (shape.k !== 'map') return shape;
  return (shape.struct ? shape.struct.fields[name] : shape.element) ?? DEDUCED;
}

/** The error of a value whose items lack their schema's keys: its parts cannot be owned. */
export class UntypedError extends Error {}

/** Items by element, each with all its occurrences: lists that should be sets may hold duplicates. */
function indexItems(shape: ListShape, items: readonly unknown[]): Map<string, unknown[]> {
  const out = new Map<string, unknown[]>();
  for (const item of items) {
    const element = itemElement(shape, item);
    if (element instanceof Error) throw new UntypedError(element.message);
    const found = out.get(element);
    if (found) found.push(item);
    else out.set(element, [item]);
  }
  return out;
}

function compareItems(shape: ListShape, left: readonly unknown[], right: readonly unknown[], walk: Walk): void {
  const lefts = indexItems(shape, left);
  const rights = indexItems(shape, right);
  const one = (element: string, l: unknown, r: unknown) => {
    walk.path.push(element);
    compareAt(shape.item, l, r, walk);
    walk.path.pop();
  };
  const mark = (set: FieldSet, element: string) => {
    walk.path.push(element);
    insert(set, walk.path);
    walk.path.pop();
  };
  for (const element of new Set([...lefts.keys(), ...rights.keys()])) {
    const l = lefts.get(element) ?? [];
    const r = rights.get(element) ?? [];
    if (l.length <= 1 && r.length <= 1) one(element, l[0], r[0]);
    else if (l.length >= 2 && r.length >= 2) {
      if (!equal(l, r)) mark(walk.modified, element);
    } else if (l.length >= 2) {
      if (r.length) one(element, undefined, r[0]);
      mark(walk.removed, element);
    } else {
      if (l.length) one(element, l[0], undefined);
      mark(walk.added, element);
    }
  }
}

/** Every field of a value that stands against nothing: the value itself and all below it are members. */
export function wholeSet(shape: Shape, value: unknown): FieldSet {
  if (shape.k === 'scalar' || value === null || isNothing(value)) return LEAF;
  if (shape.k === 'list' ? shape.relation === 'atomic' || !Array.isArray(value) : shape.atomic || !isObject(value)) return LEAF;
  const node: FieldSet = { '.': LEAF };
  if (shape.k === 'list') {
    for (const [element, items] of indexItems(shape, value as unknown[])) {
      node[element] = items.length === 1 ? wholeSet(shape.item, items[0]) : LEAF;
    }
    return node;
  }
  for (const name in value as Obj) {
    const child = (value as Obj)[name];
    if (child !== undefined) node[`f:${name}`] = wholeSet(childShape(shape, name), child);
  }
  return node;
}

/**
 * The fields that a configuration sets: leaves, items and map entries, but not the structs on the way (typed/tofieldset.go).
 */
export function fieldSet(shape: Shape, value: unknown): FieldSet {
  const node = setBelow(shape, value);
  return node ?? {};
}

/** The node of a value; undefined when it sets nothing itself and nothing below. */
function setBelow(shape: Shape, value: unknown): FieldSet | undefined {
  if (shape.k === 'scalar' || (shape.k === 'list' ? shape.relation === 'atomic' : shape.atomic)) return LEAF;
  if (value === null || value === undefined) return undefined;
  const form = formOf(value);
  if (form === 'scalar') return LEAF;
  if (form === 'list') return shape.k === 'list' ? setOfItems(shape, value as unknown[]) : LEAF;
  if (shape.k === 'list') return undefined;
  let node: FieldSet | undefined;
  for (const name in value as Obj) {
    const child = (value as Obj)[name];
    if (child === undefined) continue;
    const declared = shape.k === 'map' && shape.struct?.fields[name] !== undefined;
    const member = !declared || child === null || (isObject(child) && isNothing(child));
    const below = setBelow(childShape(shape, name), child);
    if (!below && !member) continue;
    node ??= {};
    node[`f:${name}`] = !below ? LEAF : member && !isMember(below) ? { '.': LEAF, ...below } : below;
  }
  return node;
}

function setOfItems(shape: ListShape, items: unknown[]): FieldSet | undefined {
  let node: FieldSet | undefined;
  for (const [element, found] of indexItems(shape, items)) {
    node ??= {};
    const below = found.length > 1 ? undefined : setBelow(shape.item, found[0]);
    node[element] = !below ? LEAF : isMember(below) ? below : { '.': LEAF, ...below };
  }
  return node;
}

/**
 * The value without the members of a set (typed/remove.go): a list or map that loses its last entry becomes null, an atomic one that
 * is to lose something inside goes whole.
 */
export function removeFields(shape: Shape, value: unknown, remove: FieldSet): unknown {
  if (isEmpty(remove)) return value;
  const form = formOf(value);
  if (shape.k === 'scalar' || form === 'scalar') return value;
  if (shape.k === 'list' ? shape.relation === 'atomic' : shape.atomic) return null;
  if (form === 'list') {
    if (shape.k !== 'list') return null;
    const items: unknown[] = [];
    for (const item of value as unknown[]) {
      const element = itemElement(shape, item);
      const node = element instanceof Error ? undefined : remove[element];
      if (node === undefined) items.push(item);
      else if (!isMember(node)) items.push(removeFields(shape.item, item, node));
    }
    return items.length ? items : null;
  }
  if (shape.k === 'list') return null;
  const out: Obj = {};
  let any = false;
  for (const name in value as Obj) {
    const node = remove[`f:${name}`];
    if (node !== undefined && isMember(node)) continue;
    out[name] = node === undefined ? (value as Obj)[name] : removeFields(childShape(shape, name), (value as Obj)[name], node);
    any = true;
  }
  return any ? out : null;
}

/** The set with every struct field that only leads to members made a member too (fieldpath EnsureNamedFieldsAreMembers). */
export function withNamedFields(set: FieldSet, shape: Shape): FieldSet {
  const out: FieldSet = {};
  for (const element in set) {
    const node = set[element] as FieldSet;
    if (element === '.' || isEmpty(node)) {
      out[element] = node;
      continue;
    }
    const name = element[0] === 'f' ? element.slice(2) : undefined;
    const below = withNamedFields(node, name === undefined ? itemOf(shape) : childShape(shape, name));
    const named = name !== undefined && (shape as MapShape).struct?.fields[name] !== undefined;
    out[element] = named && !isMember(below) ? { '.': LEAF, ...below } : below;
  }
  return out;
}

const itemOf = (shape: Shape): Shape => (shape.k === 'list' ? shape.item : DEDUCED);
