import { isObject, type Obj } from '../../lib/json.ts';
import { elementText } from './field-set.ts';
import { itemElement, type ListShape, type Shape } from '../../api/schema/shape.ts';
import { childShape } from './typed.ts';

const isNothing = (value: unknown): boolean => {
  if (value === null || value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== 'object') return false;
  for (const _ in value) return false;
  return true;
};

/** Merges a configuration into a live value: the configuration wins, fields that it does not name stay (typed/merge.go). */
export function mergeTyped(shape: Shape, left: unknown, right: unknown): unknown {
  if (right === undefined) return left;
  if (left === undefined && !isObject(right) && !Array.isArray(right)) return right;
  if (shape.k === 'scalar' || (shape.k === 'list' ? shape.relation === 'atomic' : shape.atomic)) return right;
  if (isNothing(left) && isNothing(right)) return right;
  const list = Array.isArray(left) || Array.isArray(right);
  if (shape.k === 'list' ? !list : list) return right;
  if (shape.k === 'list') return mergeItems(shape, (left ?? []) as unknown[], (right ?? []) as unknown[]);
  if (!isObject(right) && right !== null) return right;
  if (!isObject(left) && left !== null && left !== undefined) return right;
  return mergeFields(shape, (left ?? {}) as Obj, (right ?? {}) as Obj);
}

function mergeFields(shape: Shape, left: Obj, right: Obj): Obj | undefined {
  const out: Obj = {};
  let any = false;
  for (const name in left) {
    const value = mergeTyped(childShape(shape, name), left[name], right[name]);
    if (value === undefined) continue;
    out[name] = value;
    any = true;
  }
  for (const name in right) {
    if (left[name] !== undefined) continue;
    const value = mergeTyped(childShape(shape, name), undefined, right[name]);
    if (value === undefined) continue;
    out[name] = value;
    any = true;
  }
  return any ? out : undefined;
}

/**
 * Items of both lists: those that both have stand in the configuration's order, and the rest keeps its place among them as well as it
 * can (mergingWalker.visitListItems).
 */
function mergeItems(shape: ListShape, left: readonly unknown[], right: readonly unknown[]): unknown[] | undefined {
  const rights = right.map((item) => itemElement(shape, item) as string);
  const lefts = left.map((item) => itemElement(shape, item) as string);
  const ofRight = new Map<string, unknown>();
  rights.forEach((element, i) => {
    ofRight.set(element, right[i]);
  });
  const ofLeft = new Map<string, unknown>();
  lefts.forEach((element, i) => {
    // Duplicates are not merged with the new value.
    ofLeft.set(element, ofLeft.has(element) ? null : left[i]);
  });
  const shared = rights.filter((element) => ofLeft.has(element));
  let next = 0;
  const merged = new Set<string>();
  const out: unknown[] = [];
  const emit = (l: unknown, r: unknown) => {
    const value = mergeTyped(shape.item, l, r);
    if (value !== undefined) out.push(value);
  };
  let l = 0;
  let r = 0;
  while (l < lefts.length || r < rights.length) {
    const element = lefts[l] as string;
    if (l < lefts.length && r < rights.length) {
      if (element === rights[r]) {
        merged.add(element);
        emit(ofLeft.get(element), ofRight.get(element));
        l++;
        r++;
        next++;
        continue;
      }
      if (ofRight.has(element) && next < shared.length && shared[next] !== element) {
        l++;
        continue;
      }
    }
    if (l < lefts.length) {
      if (!ofRight.has(element)) {
        emit(left[l], undefined);
        l++;
        continue;
      }
      if (merged.has(element)) l++;
    }
    if (r < rights.length) {
      const wanted = rights[r] as string;
      merged.add(wanted);
      emit(ofLeft.get(wanted), ofRight.get(wanted));
      r++;
      if (next < shared.length && shared[next] === wanted) next++;
    }
  }
  return out.length ? out : undefined;
}

/** Problems of a value, path first, as `.spec.replicas: expected numeric (int or float), got string` (typed/validate.go). */
export function problems(shape: Shape, value: unknown, duplicates = false): string[] {
  const out: string[] = [];
  check(shape, value, '', duplicates, out);
  return out;
}

function check(shape: Shape, value: unknown, path: string, duplicates: boolean, out: string[]): void {
  const say = (text: string) => out.push(path ? `${path}: ${text}` : text);
  if (value === null || value === undefined || shape.k === 'any') return;
  if (shape.k === 'scalar') {
    const wrong = scalarProblem(shape.scalar, value);
    if (wrong) say(wrong);
  } else if (shape.k === 'list') {
    if (Array.isArray(value)) checkItems(shape, value, path, duplicates, out);
    else say(`expected list, got ${goValue(value)}`);
  } else if (!isObject(value)) say(`expected map, got ${goValue(value)}`);
  else {
    for (const name of Object.keys(value).sort()) {
      const at = `${path}.${name}`;
      if (shape.struct && !shape.struct.fields[name]) {
        out.push(`${at}: field not declared in schema`);
        return;
      }
      check(childShape(shape, name), value[name], at, duplicates, out);
    }
  }
}

function checkItems(shape: ListShape, items: unknown[], path: string, duplicates: boolean, out: string[]): void {
  const seen = new Set<string>();
  for (const [i, item] of items.entries()) {
    if (shape.relation === 'atomic') {
      check(shape.item, item, `${path}[${i}]`, duplicates, out);
      continue;
    }
    const element = itemElement(shape, item);
    if (element instanceof Error) {
      out.push(`${path}: element ${i}: ${element.message}`);
      return;
    }
    const text = elementText(element);
    if (seen.has(element) && !duplicates) out.push(`${path}: duplicate entries for key ${text}`);
    seen.add(element);
    check(shape.item, item, path + text, duplicates, out);
  }
}

function scalarProblem(scalar: string, value: unknown): string | undefined {
  switch (scalar) {
    case 'numeric':
      return typeof value === 'number' || typeof value === 'bigint'
        ? undefined
        : `expected numeric (int or float), got ${goType(value)}`;
    case 'string':
      return typeof value === 'string' ? undefined : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got ${goValue(value)}`;
    default:
      return typeof value === 'object' ? `expected any scalar, got ${goValue(value)}` : undefined;
  }
}

const goType = (value: unknown): string =>
  Array.isArray(value)
    ? '[]interface {}'
    : typeof value === 'object'
      ? 'map[string]interface {}'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value;

/** A value through %#v. */
function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (value === null) return 'interface {}(nil)';
  if (typeof value === 'object') {
    const entries = Object.entries(value as Obj).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[string]interface {}{${entries.map(([name, v]) => `${JSON.stringify(name)}:${goSyntax(v)}`).join(', ')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** A value as %v prints the wrapper it comes in. */
const goValue = (value: unknown): string => `&{${goPlain(value)}}`;

/** A value through %v. */
export function goPlain(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goPlain).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value as Obj).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([name, v]) => `${name}:${goPlain(v)}`).join(' ')}]`;
  }
  return String(value);
}
