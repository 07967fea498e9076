import { jsonText } from '../../api/machinery/numerals.ts';
import type { Obj } from '../../lib/json.ts';

/** Fields that are Go maps: empty ones equal missing ones. (An empty object elsewhere is a set pointer to an empty struct.) */
const MAPS = new Set(['labels', 'annotations', 'nodeSelector', 'limits', 'requests', 'matchLabels', 'overhead', 'data']);

/** Equality like Go's Semantic.DeepEqual over decoded objects: empty lists and maps equal missing ones. */
export function semanticEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Obj, b as Obj];
  for (const key in left) {
    if (!(key in right) ? !isAbsent(key, left[key]) : !semanticEqual(left[key], right[key])) return false;
  }
  for (const key in right) if (!(key in left) && !isAbsent(key, right[key])) return false;
  return true;
}

function isAbsent(key: string, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length === 0;
  return MAPS.has(key) && Object.keys(value).length === 0;
}

/** JSON with sorted keys and without what semanticEqual ignores: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return jsonText(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const object = value as Obj;
  const keys = Object.keys(object)
    .filter((key) => !isAbsent(key, object[key]))
    .sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key])}`).join(',')}}`;
}
