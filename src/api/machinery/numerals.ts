import { Numeral, type Obj, setMember } from '../../lib/json.ts';
import { type JsonNode, parseJson } from './decode-json.ts';

/**
 * Numbers keep the digits that they were written with, though JavaScript has doubles: an integer beyond 2^53 is a bigint, and a text
 * whose double is printed otherwise (1.0, 1e3) a Numeral. All others are ordinary numbers, so nobody pays who sends none.
 */

/** Digits beyond which a text stays a text: big integers are quadratic to make. */
const BIGINT_DIGITS = 400;
const INTEGER = /^-?\d+$/;

/** The number that a JSON text stands for. */
export function numberOf(raw: string): number | bigint | Numeral {
  const value = Number(raw);
  if (value === 0 && INTEGER.test(raw)) return 0;
  if (String(value) === raw) return value;
  return INTEGER.test(raw) && raw.length <= BIGINT_DIGITS ? BigInt(raw) : new Numeral(raw);
}

/** A parsed text as values; the last of duplicates wins. */
export function plain(node: JsonNode): unknown {
  switch (node.t) {
    case 'null':
      return null;
    case 'number':
      return numberOf(node.raw);
    case 'array':
      return node.items.map(plain);
    case 'object': {
      const out: Obj = {};
      for (const [key, value] of node.entries) setMember(out, key, plain(value));
      return out;
    }
    default:
      return node.value;
  }
}

/** A number that a double may not hold as it is written, at a place where a value can stand; now and then a false alarm within a string. */
const ODD = /[:,[]\s*-?\d+(?:[.eE]|\d{15})/;

const isOdd = (text: string): boolean => ODD.test(text) || text.charCodeAt(0) < 0x3a;

/** JSON.parse that keeps digits. Throws SyntaxError or JsonSyntaxError. */
export const parseDigits = (text: string): unknown => (isOdd(text) ? plain(parseJson(text)) : JSON.parse(text));

/** JSON.parse to values as Go has them in a map (goNumbers). Throws SyntaxError or JsonSyntaxError. */
export const parseGoNumbers = (text: string): unknown => (isOdd(text) ? goNumbers(plain(parseJson(text))) : JSON.parse(text));

/** The mark at the end of stored text with numbers that only parseDigits reads: white space, which JSON allows there. */
const MARK = ' ';
const MARK_CODE = 32;

/** The text at rest of an object. */
export function storedText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return writeDigits(value) + MARK;
  }
}

/** Reads stored text: as fast as JSON.parse but for the rare text that says that it must not be. */
export const parseStored = (text: string): any =>
  text.charCodeAt(text.length - 1) === MARK_CODE ? plain(parseJson(text)) : JSON.parse(text);

/** JSON.stringify that keeps digits. */
export function jsonText(value: unknown, indent = 0): string {
  try {
    return JSON.stringify(value, null, indent);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return writeDigits(value, indent);
  }
}

function writeDigits(value: unknown, indent = 0, depth = 0): string {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Numeral) return value.text;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const inside = (parts: string[], open: string, close: string) => {
    if (!indent || !parts.length) return open + parts.join(',') + close;
    const gap = `\n${' '.repeat(indent * (depth + 1))}`;
    return `${open}${gap}${parts.join(`,${gap}`)}\n${' '.repeat(indent * depth)}${close}`;
  };
  const write = (one: unknown) => writeDigits(one, indent, depth + 1);
  if (Array.isArray(value)) return inside(value.map(write), '[', ']');
  const object = value as Obj;
  const colon = indent ? ': ' : ':';
  const members = Object.keys(object).filter((key) => object[key] !== undefined);
  return inside(
    members.map((key) => `${JSON.stringify(key)}${colon}${write(object[key])}`),
    '{',
    '}',
  );
}

const INT64_MAX = (1n << 63n) - 1n;
export const INT64_MIN = -(1n << 63n);
export const isInt64 = (value: bigint): boolean => value >= INT64_MIN && value <= INT64_MAX;

/** The value as Go has it in a map: integers are int64, everything else is a float64 (util/json Unmarshal). */
export function goNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return isInt64(value) ? value : Number(value);
  if (value instanceof Numeral) return Number(value.text);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(goNumbers);
  const out: Obj = {};
  for (const key in value) setMember(out, key, goNumbers((value as Obj)[key]));
  return out;
}
