/**
 * Resource quantities ("100m", "1.5Gi", "2e3"): exact decimal arithmetic and upstream's canonical text
 * (apimachinery api/resource/quantity.go). A quantity is value * 10^scale; binary suffixes are multiplied out.
 */
type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export interface Quantity {
  readonly value: bigint;
  /** Power of ten; never below -9. */
  readonly scale: number;
  readonly format: QuantityFormat;
  /** The text as it was written, where upstream keeps it (it counts as canonical already). */
  readonly text?: string;
}

const WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX = "unable to parse quantity's suffix";

const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Record<string, number> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const DECIMAL_NAMES = new Map(Object.entries(DECIMAL).map(([name, exponent]) => [exponent, name]));
const BINARY_NAMES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const MAX_INT64 = 2n ** 63n - 1n;
/** Exponents beyond this are refused (upstream takes them and may then spend minutes comparing). */
const MAX_EXPONENT = 1000;
/** Parsed texts remembered; a cluster uses few different ones. Dropped whole when full. */
const MEMO_ENTRIES = 4096;
/** Longer texts are refused: big numbers are quadratic to parse. */
const MAX_TEXT = 1024;
/** Longer texts are parsed but not remembered, which bounds the memo in bytes. */
const MEMO_TEXT = 32;
const memo = new Map<string, Quantity>();

export const ZERO: Quantity = { value: 0n, scale: 0, format: 'DecimalSI', text: '0' };

/** Parses a quantity, or undefined when it is none. */
export function parseQuantity(text: string | number): Quantity | undefined {
  const parsed = parseOrError(text);
  return typeof parsed === 'string' ? undefined : parsed;
}

/** Why a text is no quantity, in upstream's words, or undefined. */
export function quantityError(text: string | number): string | undefined {
  const parsed = parseOrError(text);
  return typeof parsed === 'string' ? parsed : undefined;
}

/** The quantity of a stored text that was validated before; zero for what is absent or broken. */
export function quantity(text: string | number | undefined): Quantity {
  return text === undefined ? ZERO : (parseQuantity(text) ?? ZERO);
}

function parseOrError(input: string | number): Quantity | string {
  const text = typeof input === 'string' ? input : String(input);
  const known = memo.get(text);
  if (known) return known;
  const parsed = parse(text.trim());
  if (typeof parsed !== 'string' && text.length <= MEMO_TEXT) {
    if (memo.size >= MEMO_ENTRIES) memo.clear();
    memo.set(text, parsed);
  }
  return parsed;
}

const SHAPE = /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;

function parse(text: string): Quantity | string {
  if (text === '') return WRONG;
  if (text.length > MAX_TEXT) return WRONG;
  if (text === '0') return ZERO;
  const match = SHAPE.exec(text);
  if (!match) return WRONG;
  const negative = match[1] === '-';
  const digits = match[2] || '0';
  const fraction = match[3] ?? '';
  const suffix = interpret(match[4]);
  if (!suffix) return SUFFIX;
  return suffix.base === 2
    ? binary(text, negative, digits, fraction, suffix.exponent)
    : decimal(text, negative, digits, fraction, suffix.exponent, suffix.format);
}

function interpret(suffix: string): { base: 2 | 10; exponent: number; format: QuantityFormat } | undefined {
  const ten = DECIMAL[suffix];
  if (ten !== undefined) return { base: 10, exponent: ten, format: 'DecimalSI' };
  const two = BINARY[suffix];
  if (two !== undefined) return { base: 2, exponent: two, format: 'BinarySI' };
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) return undefined;
  const exponent = Number(suffix.slice(1));
  return Math.abs(exponent) > MAX_EXPONENT ? undefined : { base: 10, exponent, format: 'DecimalExponent' };
}

/** Upstream keeps the written text of short numbers whose exponent is a multiple of three and that end in no "000". */
function decimal(
  text: string,
  negative: boolean,
  digits: string,
  fraction: string,
  exponent: number,
  format: QuantityFormat,
): Quantity | string {
  const all = digits + fraction;
  const scale = exponent - fraction.length;
  const size = BigInt(all);
  if (all.length <= 18 && scale >= -9) {
    const value = negative ? -size : size;
    const asWritten = scale % 3 === 0 && !all.endsWith('000') && all[0] !== '0';
    return asWritten ? { value, scale, format, text } : { value, scale, format };
  }
  return { ...rescaled(negative ? -size : size, scale, -9), format };
}

function binary(text: string, negative: boolean, digits: string, fraction: string, exponent: number): Quantity | string {
  const size = BigInt(digits + fraction) << BigInt(exponent);
  const value = negative ? -size : size;
  const short = 15 - digits.length - Math.trunc((exponent * 3) / 10) - 1 >= 0;
  if (!fraction && short && size <= MAX_INT64) {
    const asWritten = (Number(digits) & 7) !== 0;
    return asWritten ? { value, scale: 0, format: 'BinarySI', text } : { value, scale: 0, format: 'BinarySI' };
  }
  const exact = rescaled(size, -fraction.length, -9);
  const capped = compare(exact, { value: MAX_INT64, scale: 0 }) > 0 ? { value: MAX_INT64, scale: 0 } : exact;
  const format = compare(capped, { value: 1n, scale: 0 }) < 0 && capped.value > 0n ? 'DecimalSI' : 'BinarySI';
  return { value: negative ? -capped.value : capped.value, scale: capped.scale, format };
}

/** Rounds away from zero to at least the given scale. */
function rescaled(value: bigint, scale: number, least: number): { value: bigint; scale: number } {
  if (scale >= least) return { value, scale };
  const unit = 10n ** BigInt(least - scale);
  const cut = value / unit;
  if (cut * unit === value) return { value: cut, scale: least };
  return { value: value < 0n ? cut - 1n : cut + 1n, scale: least };
}

type Amount = { readonly value: bigint; readonly scale: number };

function compare(a: Amount, b: Amount): number {
  if (a.scale === b.scale) return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
  const [x, y] = aligned(a, b);
  return x < y ? -1 : x > y ? 1 : 0;
}

function aligned(a: Amount, b: Amount): [bigint, bigint, number] {
  if (a.scale === b.scale) return [a.value, b.value, a.scale];
  if (a.scale > b.scale) return [a.value * 10n ** BigInt(a.scale - b.scale), b.value, b.scale];
  return [a.value, b.value * 10n ** BigInt(b.scale - a.scale), a.scale];
}

/** -1, 0 or 1. */
export const cmp = (a: Quantity, b: Quantity): number => compare(a, b);
/** -1, 0 or 1. */
export const sign = (q: Quantity): number => (q.value > 0n ? 1 : q.value < 0n ? -1 : 0);
/** The sum; its format is that of `a`, or of `b` when `a` is zero. */
export function add(a: Quantity, b: Quantity): Quantity {
  const [x, y, scale] = aligned(a, b);
  return { value: x + y, scale, format: a.value === 0n ? b.format : a.format };
}
/** The difference; its format is chosen as add() does. */
export function sub(a: Quantity, b: Quantity): Quantity {
  const [x, y, scale] = aligned(a, b);
  return { value: x - y, scale, format: a.value === 0n ? b.format : a.format };
}
/** Rounds away from zero to thousandths. */
function roundUpMilli(q: Quantity): Quantity {
  return q.scale >= -3 ? q : { ...rescaled(q.value, q.scale, -3), format: q.format };
}

function scaledTo(q: Quantity, scale: number): number {
  if (q.scale >= scale) return Number(q.value * 10n ** BigInt(q.scale - scale));
  return Number(rescaled(q.value, q.scale, scale).value);
}
/** The value rounded up to a whole number. */
export const value = (q: Quantity): number => (q.scale === 0 ? Number(q.value) : scaledTo(q, 0));
/** The value in thousandths, rounded up. */
export const milli = (q: Quantity): number => (q.scale === -3 ? Number(q.value) : scaledTo(q, -3));
const isInteger = (q: Quantity): boolean => q.scale >= 0 || compare(rescaled(q.value, q.scale, 0), q) === 0;

/** Whether MilliValue, an int64 that wraps around, is a multiple of 1000: what validation takes for whole. */
export function isWhole(q: Quantity): boolean {
  const { value, scale } = rescaled(q.value, q.scale, -3);
  return BigInt.asIntN(64, value * 10n ** BigInt(scale + 3)) % 1000n === 0n;
}

/** A quantity of a whole number, e.g. bytes. */
export const ofValue = (n: number, format: QuantityFormat = 'DecimalSI'): Quantity => ({ value: BigInt(n), scale: 0, format });

/** The text of a quantity as upstream prints it. */
export function formatQuantity(q: Quantity): string {
  if (q.text !== undefined) return q.text;
  if (q.value === 0n) return '0';
  if (q.format === 'BinarySI' && isInteger(q) && Math.abs(value(q)) >= 1024) return formatBinary(q);
  return formatDecimal(q);
}

function formatBinary(q: Quantity): string {
  let whole = q.scale >= 0 ? q.value * 10n ** BigInt(q.scale) : rescaled(q.value, q.scale, 0).value;
  let power = 0;
  while (whole % 1024n === 0n) {
    whole /= 1024n;
    power++;
  }
  return `${whole}${BINARY_NAMES[power] ?? ''}`;
}

function formatDecimal(q: Quantity): string {
  let { value: mantissa, scale } = q;
  while (mantissa % 10n === 0n) {
    mantissa /= 10n;
    scale++;
  }
  const rest = ((scale % 3) + 3) % 3;
  mantissa *= 10n ** BigInt(rest);
  scale -= rest;
  if (q.format === 'DecimalExponent') return scale === 0 ? `${mantissa}` : `${mantissa}e${scale}`;
  return `${mantissa}${DECIMAL_NAMES.get(scale) ?? ''}`;
}

/** canonical() of a value in a ResourceList, which every decode rounds up to thousandths (core/v1 SetDefaults_ResourceList). */
export function canonicalMilli(text: string | number): string | undefined {
  const parsed = parseQuantity(text);
  return parsed && formatQuantity(parsed.scale < -3 ? roundUpMilli(parsed) : parsed);
}

/** The canonical text of a quantity, or undefined when it is none. */
export function canonical(text: string | number): string | undefined {
  const parsed = parseQuantity(text);
  return parsed && formatQuantity(parsed);
}
