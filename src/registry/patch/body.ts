import { countTextKeys } from '../../api/machinery/decode-fast.ts';
import { type JsonNode, JsonSyntaxError, parseJson } from '../../api/machinery/decode-json.ts';
import { parseYaml, YamlError } from '../../api/machinery/decode-yaml.ts';
import { goQuote } from '../../api/machinery/go-text.ts';
import { goNumbers, parseDigits, parseGoNumbers, plain } from '../../api/machinery/numerals.ts';
import { badRequest } from '../../api/machinery/status-errors.ts';
import { isObject, Numeral, type Obj } from '../../lib/json.ts';

/** A parsed patch body: its value, and the strict decoding errors of its text. */
export interface PatchBody {
  value: unknown;
  strict: string[];
}

/** The form of a value, as Go's decoder calls it. */
export const formOf = (value: unknown): string =>
  Array.isArray(value)
    ? 'array'
    : value === null
      ? 'null'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value === 'bigint' || value instanceof Numeral
          ? 'number'
          : typeof value;

/** A patch as JSON. `words`: the error for any text that is no JSON. */
export function readJson(text: string, lead: string, words?: string): PatchBody {
  let value: unknown;
  try {
    value = parseDigits(text);
  } catch {
    if (words) throw badRequest(words);
    try {
      parseJson(text);
    } catch (error) {
      if (error instanceof JsonSyntaxError) throw badRequest(`${lead}${error.message}`);
      throw error;
    }
    throw badRequest(`${lead}invalid JSON`);
  }
  const huge = overflowing(value);
  if (huge) throw badRequest(`${lead}json: cannot unmarshal number ${huge} into Go value of type float64`);
  return { value, strict: countTextKeys(text) === countKeys(value) ? [] : duplicates(parseJson(text), '') };
}

/** A number that no float64 holds. */
function overflowing(value: unknown): string | undefined {
  if (value instanceof Numeral) return Number.isFinite(Number(value.text)) ? undefined : value.text;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const one of Object.values(value)) {
    const found = overflowing(one);
    if (found) return found;
  }
  return undefined;
}

function countKeys(value: unknown): number {
  let count = 0;
  if (Array.isArray(value)) for (const item of value) count += countKeys(item);
  else if (isObject(value)) for (const key in value) count += 1 + countKeys(value[key]);
  return count;
}

/** Fields that stand twice in one object, as kjson.UnmarshalStrict names them. */
function duplicates(node: JsonNode, path: string): string[] {
  if (node.t === 'array') return node.items.flatMap((item, i) => duplicates(item, `${path}[${i}]`));
  if (node.t !== 'object') return [];
  const seen = new Set<string>();
  return node.entries.flatMap(([key, value]) => {
    const at = path ? `${path}.${key}` : key;
    const again = seen.has(key) ? [`duplicate field ${goQuote(at)}`] : [];
    seen.add(key);
    return [...again, ...duplicates(value, at)];
  });
}

/** An apply configuration: JSON where it is, else YAML as sigs.k8s.io/yaml reads it. */
export function readYaml(text: string): { value: Obj; strict: string[] } {
  if (text.trimStart().startsWith('{')) {
    try {
      const value = parseGoNumbers(text) as Obj;
      if (countTextKeys(text) === countKeys(value)) return { value, strict: [] };
    } catch {
      // Not JSON: it may still be YAML's flow style.
    }
  }
  try {
    const { node, duplicates: found } = parseYaml(text);
    const value = goNumbers(plain(node));
    if (value !== null && !isObject(value)) {
      const what = formOf(value);
      throw badRequest(
        `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
      );
    }
    const strict = found.length ? [`error converting YAML to JSON: yaml: unmarshal errors:\n  ${found.join('\n  ')}`] : [];
    return { value: (value ?? {}) as Obj, strict };
  } catch (error) {
    if (error instanceof YamlError) throw badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`);
    throw error;
  }
}
