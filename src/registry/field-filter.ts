import type { FieldFilter, Kind } from '../api/machinery/define-kind.ts';
import { type FieldSet, insert, LEAF, type Pattern } from './patch/field-set.ts';
import type { SetFilter } from './patch/managed-fields.ts';

const NOTHING: SetFilter = {};
const STATUS: SetFilter = { exclude: { 'f:status': LEAF } };
const SPEC: SetFilter = { exclude: { 'f:spec': LEAF } };
const SPEC_AND_METADATA: SetFilter = { exclude: { 'f:spec': LEAF, 'f:metadata': LEAF } };

const compiled = new WeakMap<FieldFilter, SetFilter>();

/**
 * The filter of the fields that a write to the main resource ('') or a subresource may own: the kind's own, or upstream's usual
 * one.
 */
export function fieldFilter(kind: Kind, subresource: string): SetFilter {
  const own = kind.resetFields?.[subresource];
  if (own) return compile(own);
  if (!subresource) return kind.status ? STATUS : NOTHING;
  if (subresource !== 'status') return NOTHING;
  return kind.statusResetsMetadata ? SPEC_AND_METADATA : SPEC;
}

function compile(filter: FieldFilter): SetFilter {
  let made = compiled.get(filter);
  if (!made) {
    const { exclude, include } = filter;
    made = { ...(exclude && { exclude: setOf(exclude) }), ...(include && { include: patternOf(include) }) };
    compiled.set(filter, made);
  }
  return made;
}

const elements = (path: string): string[] => path.split('.').map((name) => (name === '*' ? name : `f:${name}`));

function setOf(paths: readonly string[]): FieldSet {
  const set: FieldSet = {};
  for (const path of paths) insert(set, elements(path));
  return set;
}

function patternOf(paths: readonly string[]): Pattern {
  const root: Pattern = {};
  for (const path of paths) {
    const names = elements(path);
    const last = names.pop() as string;
    let node = root;
    for (const name of names) node = (node[name] ??= {}) as Pattern;
    node[last] = true;
  }
  return root;
}
