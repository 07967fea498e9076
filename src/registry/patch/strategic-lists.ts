import { type Obj, setMember } from '../../lib/json.ts';
import { goPlain } from './typed-merge.ts';

const DIRECTIVE = '$patch';

/** Go's == on decoded JSON scalars. */
export const sameValue = (a: unknown, b: unknown): boolean => a === b;

/** A value as %v prints it in error texts. */
export const goMap = goPlain;

/** Removes null fields at any depth. */
export function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) for (const item of value) dropNulls(item);
  else if (typeof value === 'object' && value !== null) {
    for (const name of Object.keys(value)) {
      if ((value as Obj)[name] === null) delete (value as Obj)[name];
      else dropNulls((value as Obj)[name]);
    }
  }
  return value;
}

/** A value of the patch without its directives; undefined when it is nothing but one (removeDirectives). */
export function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (typeof value !== 'object' || value === null) return value;
  if (DIRECTIVE in value) return undefined;
  for (const name of Object.keys(value)) {
    const kept = withoutDirectives((value as Obj)[name]);
    if (kept === undefined) delete (value as Obj)[name];
    else setMember(value, name, kept);
  }
  return value;
}

/** Scalars once each: a later one is replaced by the list's last (deduplicateScalars). */
export function primitiveIndex(list: unknown[]): unknown[] {
  let last = list.length - 1;
  for (let i = 0; i < last; i++) {
    for (let j = i + 1; j <= last; j++) {
      if (list[i] !== list[j]) continue;
      list[j] = list[last];
      last--;
      j--;
    }
  }
  return list.slice(0, last + 1);
}

/** The order of items by their merge key, or by themselves. */
export class ElementOrder {
  readonly key: string;
  readonly #missing: (map: Obj, key: string) => Error;
  constructor(key: string, missing: (map: Obj, key: string) => Error) {
    this.key = key;
    this.#missing = missing;
  }
  valueOf(item: unknown): unknown {
    if (!this.key) return item;
    if (typeof item !== 'object' || item === null || !(this.key in item)) throw this.#missing((item ?? {}) as Obj, this.key);
    return (item as Obj)[this.key];
  }
  indexIn(list: unknown[]): (item: unknown) => number {
    const places = new Map<unknown, number>();
    list.forEach((item, i) => {
      const value = this.valueOf(item);
      if (!places.has(value)) places.set(value, i);
    });
    return (item) => places.get(this.valueOf(item)) ?? -1;
  }
}

/** Items that a list names, and the others, each in their order. */
export function partition(items: unknown[], by: unknown[], order: ElementOrder): { inside: unknown[]; outside: unknown[] } {
  const index = order.indexIn(by);
  const inside: unknown[] = [];
  const outside: unknown[] = [];
  for (const item of items) (index(item) >= 0 ? inside : outside).push(item);
  return { inside, outside };
}

/** The patch's items in its order, the server's own in theirs, interleaved as the server had them (normalizeElementOrder). */
export function normalizeOrder(
  patch: unknown[],
  own: unknown[],
  wanted: unknown[],
  server: unknown[],
  by: ElementOrder,
): unknown[] {
  const inServer = by.indexIn(server);
  const left = sortBy(own, inServer);
  const right = sortBy(patch, by.indexIn(wanted));
  const out: unknown[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (i >= left.length) out.push(right[j++]);
    else if (j >= right.length) out.push(left[i++]);
    else {
      const l = inServer(left[i]);
      const r = inServer(right[j]);
      if (l >= 0 && r >= 0 && l < r) out.push(left[i++]);
      else out.push(right[j++]);
    }
  }
  return out;
}

function sortBy(items: unknown[], index: (item: unknown) => number): unknown[] {
  return items
    .map((item) => ({ item, at: index(item) }))
    .sort((a, b) => (a.at >= 0 && b.at >= 0 ? a.at - b.at : 0))
    .map(({ item }) => item);
}
