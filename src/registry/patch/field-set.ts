import type { Obj } from '../../lib/json.ts';

/**
 * A set of fields as a trie, in the very form of FieldsV1: an empty node is a member, a node with "." is a member that has members below
 * it, any other node only leads to members (structured-merge-diff fieldpath/set.go, serialize.go). Sets are values: never changed once
 * another one may share their nodes. Every operation answers with its argument itself when nothing changes, so `===` means "the same".
 */
export interface FieldSet {
  [element: string]: FieldSet;
}

/** The one member without members below. */
export const LEAF: FieldSet = Object.freeze({});
const SELF = '.';

/** True for an empty set. As a node: a member without members below. */
export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether the node that an element leads to is itself a member. */
export const isMember = (node: FieldSet): boolean => node[SELF] !== undefined || isEmpty(node);

const asMember = (node: FieldSet): FieldSet => (isMember(node) ? node : { [SELF]: LEAF, ...node });

/** Adds a path; changes `root`, so only for sets under construction. */
export function insert(root: FieldSet, path: readonly string[], length = path.length): void {
  let node = root;
  for (let i = 0; i < length - 1; i++) {
    const element = path[i] as string;
    let next = node[element];
    if (next === undefined) node[element] = next = {};
    else if (isEmpty(next)) node[element] = next = { [SELF]: LEAF };
    node = next;
  }
  const last = path[length - 1] as string;
  const existing = node[last];
  if (existing === undefined) node[last] = LEAF;
  else if (!isMember(existing)) existing[SELF] = LEAF;
}

/** Puts a whole subtree at a path of a set under construction; nothing may be there yet but members above it. */
export function graft(root: FieldSet, path: readonly string[], tree: FieldSet): void {
  let node = root;
  for (let i = 0; i < path.length - 1; i++) {
    const element = path[i] as string;
    let next = node[element];
    if (next === undefined) node[element] = next = {};
    else if (isEmpty(next)) node[element] = next = { [SELF]: LEAF };
    node = next;
  }
  node[path[path.length - 1] as string] = tree;
}

/** Members of either. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  let out: FieldSet | undefined;
  for (const element in b) {
    const left = a[element];
    const right = b[element] as FieldSet;
    const both = left === undefined ? right : element === SELF ? LEAF : unionNode(left, right);
    if (both === left) continue;
    out ??= { ...a };
    out[element] = both;
  }
  return out ?? a;
}

function unionNode(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  if (isEmpty(a)) return asMember(b);
  if (isEmpty(b)) return asMember(a);
  return union(a, b);
}

/** Members of both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const out: FieldSet = {};
  for (const element in a) {
    if (element === SELF) continue;
    const left = a[element] as FieldSet;
    const right = b[element];
    if (right === undefined) continue;
    const below = intersection(left, right);
    if (isMember(left) && isMember(right)) out[element] = isEmpty(below) ? LEAF : asMember(below);
    else if (!isEmpty(below)) out[element] = below;
  }
  return out;
}

/** Members of `a` that are not members of `b`; a parent stays when only a child is removed, and the other way round. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return {};
  let out: FieldSet | undefined;
  for (const element in b) {
    const left = a[element];
    if (left === undefined || element === SELF) continue;
    const kept = differenceNode(left, b[element] as FieldSet);
    if (kept === left) continue;
    out ??= { ...a };
    if (kept === undefined) delete out[element];
    else out[element] = kept;
  }
  return out ?? a;
}

/** undefined when nothing is left. */
function differenceNode(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const wasMember = isMember(a);
  const stays = wasMember && !isMember(b);
  if (isEmpty(a)) return stays ? a : undefined;
  const below = difference(a, b);
  if (!wasMember) return isEmpty(below) ? undefined : below;
  if (stays) return isOnlySelf(below) ? LEAF : below;
  const { [SELF]: _, ...rest } = below;
  return isEmpty(rest) ? undefined : rest;
}

function isOnlySelf(node: FieldSet): boolean {
  for (const element in node) if (element !== SELF) return false;
  return node[SELF] !== undefined;
}

/** Members of `a` that are neither members of `b` nor below one. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  let out: FieldSet | undefined;
  for (const element in b) {
    const left = a[element];
    if (left === undefined || element === SELF) continue;
    const right = b[element] as FieldSet;
    let kept: FieldSet | undefined;
    if (!isMember(right)) {
      const below = recursiveDifference(left, right);
      kept = isOnlySelf(below) ? LEAF : isEmpty(below) && !isEmpty(left) ? undefined : below;
    }
    if (kept === left) continue;
    out ??= { ...a };
    if (kept === undefined) delete out[element];
    else out[element] = kept;
  }
  return out ?? a;
}

/** Elements to follow, `*` for any; everything below the end of the pattern matches (fieldpath SetMatcher). */
export interface Pattern {
  [element: string]: Pattern | true;
}

/** The members that a pattern leads to or beyond. */
export function withPattern(set: FieldSet, pattern: Pattern): FieldSet {
  const out: FieldSet = {};
  for (const element in set) {
    const rule = pattern[element] ?? pattern['*'];
    if (rule === undefined || element === SELF) continue;
    const node = set[element] as FieldSet;
    if (rule === true || isEmpty(node)) {
      out[element] = node;
      continue;
    }
    const below = withPattern(node, rule);
    if (isMember(node)) out[element] = isEmpty(below) ? LEAF : asMember(below);
    else if (!isEmpty(below)) out[element] = below;
  }
  return out;
}

/** Whether two sets have the same members. */
export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  let count = 0;
  for (const element in a) {
    const other = b[element];
    if (other === undefined || !sameSet(a[element] as FieldSet, other)) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}

/** Whether the path is a member. */
export function has(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) {
    node = node[element];
    if (node === undefined) return false;
  }
  return path.length > 0 && isMember(node);
}

/** Every member's path: those of one level first, then what is below them (fieldpath Set.Iterate). */
export function members(set: FieldSet, path: string[] = [], out: string[][] = []): string[][] {
  const elements = Object.keys(set)
    .filter((element) => element !== SELF)
    .sort(byElement);
  for (const element of elements) if (isMember(set[element] as FieldSet)) out.push([...path, element]);
  for (const element of elements) members(set[element] as FieldSet, [...path, element], out);
  return out;
}

/** The set with its elements in upstream's order, as it is stored and shown. */
export function sorted(set: FieldSet): FieldSet {
  const elements = Object.keys(set);
  if (elements.length === 0) return LEAF;
  let previous = '';
  let inOrder = true;
  let changed = false;
  const nodes: FieldSet[] = [];
  for (const element of elements) {
    if (previous && byElement(previous, element) > 0) inOrder = false;
    previous = element;
    const node = sorted(set[element] as FieldSet);
    if (node !== set[element]) changed = true;
    nodes.push(node);
  }
  if (inOrder && !changed) return set;
  const out: FieldSet = {};
  const order = inOrder
    ? elements.keys()
    : elements.map((_, i) => i).sort((i, j) => byElement(elements[i] as string, elements[j] as string));
  for (const i of order) out[elements[i] as string] = nodes[i] as FieldSet;
  return out;
}

const RANK: Record<string, number> = { '.': 0, f: 1, k: 2, v: 3, i: 4 };

/** PathElement.Compare: field names, then keys, then values, then indexes. */
function byElement(a: string, b: string): number {
  const rank = (RANK[a[0] as string] ?? 5) - (RANK[b[0] as string] ?? 5);
  if (rank !== 0) return rank;
  if ((a[0] === 'k' || a[0] === 'v') && /\d/.test(a) && /\d/.test(b))
    return byValue(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
  return a < b ? -1 : a > b ? 1 : 0;
}

function byValue(a: unknown, b: unknown): number {
  if (typeof a === 'object' && typeof b === 'object' && a && b) {
    const left = Object.entries(a);
    const right = Object.entries(b);
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const [name, value] = left[i] as [string, unknown];
      const [otherName, other] = right[i] as [string, unknown];
      if (name !== otherName) return name < otherName ? -1 : 1;
      const order = byValue(value, other);
      if (order !== 0) return order;
    }
    return left.length - right.length;
  }
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return (a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0;
}

/** One element as messages show it: `.spec`, `[name="c"]`, `[="x"]`, `[0]` (PathElement.String). */
export function elementText(element: string): string {
  const content = element.slice(2);
  if (element[0] === 'f') return `.${content}`;
  if (element[0] === 'v') return `[=${valueText(JSON.parse(content))}]`;
  if (element[0] === 'i') return `[${content}]`;
  const key: Obj = JSON.parse(content);
  return `[${Object.keys(key)
    .map((name) => `${name}=${valueText(key[name])}`)
    .join(',')}]`;
}

/** A value inside an element (value.ToString): maps are their entries, one after another. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, inner]) => `${name}=${valueText(inner)}`)
    .join('');
}

export const pathText = (path: readonly string[]): string => path.map(elementText).join('');

/**
 * Reads FieldsV1 that a client sent: elements of unknown kinds are left out, keys are brought to one spelling. undefined when it cannot
 * be read (fieldpath readIterV1, DeserializePathElement).
 */
export function parseFields(value: unknown): FieldSet | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const out: FieldSet = {};
  for (const name in value as Obj) {
    if (name === SELF) {
      out[SELF] = LEAF;
      continue;
    }
    if (name.length < 2 || name[1] !== ':') return undefined;
    if (!'fkvi'.includes(name[0] as string)) continue;
    const element = canonical(name);
    const below = parseFields((value as Obj)[name]);
    if (element === undefined || below === undefined) return undefined;
    out[element] = isOnlySelf(below) ? LEAF : below;
  }
  return out;
}

function canonical(element: string): string | undefined {
  if (element[0] === 'f') return element;
  if (element[0] === 'i') return /^i:-?\d+$/.test(element) ? element : undefined;
  try {
    const content = JSON.parse(element.slice(2));
    if (element[0] === 'v') return `v:${JSON.stringify(content)}`;
    if (content === null || typeof content !== 'object') return undefined;
    return `k:${JSON.stringify(Object.fromEntries(Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1))))}`;
  } catch {
    return undefined;
  }
}
