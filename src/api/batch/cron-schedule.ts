/**
 * Cron schedules as Kubernetes reads them (robfig/cron v3, ParseStandard). Own code, for no library has its semantics: others take the weekday
 * 7, six fields, `L`, `W` and `#`, know no `@every`, run what lies in a skipped hour after it, and have other words for what is wrong.
 */
import { parseDuration } from '../machinery/go-duration.ts';
import { goQuote } from '../machinery/go-text.ts';
import { everySchedule, type FieldSet, fieldSchedule, type Schedule } from './cron-times.ts';
import { timeZoneProblem } from './time-zones.ts';

interface Bounds {
  min: number;
  max: number;
  names?: Record<string, number>;
}

const named = (names: string, from: number): Record<string, number> =>
  Object.fromEntries(names.split(' ').map((name, i) => [name, i + from]));

const FIELDS: Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: named('jan feb mar apr may jun jul aug sep oct nov dec', 1) },
  { min: 0, max: 6, names: named('sun mon tue wed thu fri sat', 0) },
];
const DESCRIPTORS: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const EVERY = '@every ';
const INT_MAX = 2n ** 63n - 1n;
/** What Go's unicode.IsSpace takes for white space. */
const SPACE = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
const SPACES = new RegExp(SPACE, 'u');
const AROUND = new RegExp(`^${SPACE}|${SPACE}$`, 'gu');

/** Texts whose answer is remembered. */
const KNOWN_MAX = 256;

class Problem extends Error {}

type Parsed = { schedule: Schedule } | { problem: string };
const known = new Map<string, Parsed>();

/** The schedule of a text, or why it is none, in the library's words. */
export function parseSchedule(text: string): Parsed {
  const before = known.get(text);
  if (before) return before;
  const parsed = attempt(text);
  if (known.size >= KNOWN_MAX) known.delete(known.keys().next().value as string);
  known.set(text, parsed);
  return parsed;
}

function attempt(text: string): Parsed {
  try {
    return { schedule: parse(text) };
  } catch (error) {
    if (error instanceof Problem) return { problem: error.message };
    throw error;
  }
}

function parse(text: string): Schedule {
  if (text === '') throw new Problem('empty spec string');
  let [zone, spec] = ['Local', text];
  if (text.startsWith('TZ=') || text.startsWith('CRON_TZ=')) {
    const space = text.indexOf(' ');
    // The library panics there, and Kubernetes takes that for an error (ParseCronScheduleWithPanicRecovery).
    if (space < 0) throw new Problem('invalid schedule format: runtime error: slice bounds out of range [:-1]');
    zone = text.slice(text.indexOf('=') + 1, space);
    const problem = timeZoneProblem(zone);
    if (problem) throw new Problem(`provided bad location ${zone}: ${problem}`);
    spec = text.slice(space).replace(AROUND, '');
  }
  if (spec.startsWith('@')) {
    if (spec.startsWith(EVERY)) return every(spec.slice(EVERY.length));
    if (!Object.hasOwn(DESCRIPTORS, spec)) throw new Problem(`unrecognized descriptor: ${spec}`);
    spec = DESCRIPTORS[spec];
  }
  const fields = spec.split(SPACES).filter(Boolean);
  if (fields.length !== FIELDS.length) {
    throw new Problem(`expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  const [minute, hour, day, month, weekday] = fields.map((field, i) => fieldSet(field, FIELDS[i]));
  return fieldSchedule({ minute, hour, day, month, weekday }, zone);
}

function every(text: string): Schedule {
  const duration = parseDuration(text);
  if ('problem' in duration) throw new Problem(`failed to parse duration ${EVERY}${text}: ${duration.problem}`);
  return everySchedule(duration.ns);
}

function fieldSet(field: string, bounds: Bounds): FieldSet {
  const set: FieldSet = { values: Array.from({ length: bounds.max + 1 }, () => false), isAny: false };
  for (const expression of field.split(',').filter(Boolean)) addRange(set, expression, bounds);
  return set;
}

function addRange(set: FieldSet, expression: string, bounds: Bounds): void {
  const parts = expression.split('/');
  const ends = parts[0].split('-');
  const isAny = ends[0] === '*' || ends[0] === '?';
  let [start, end] = [BigInt(bounds.min), BigInt(bounds.max)];
  if (!isAny) {
    start = numberOrName(ends[0], bounds);
    if (ends.length > 2) throw new Problem(`too many hyphens: ${expression}`);
    end = ends.length === 2 ? numberOrName(ends[1], bounds) : start;
  }
  if (parts.length > 2) throw new Problem(`too many slashes: ${expression}`);
  const step = parts.length === 2 ? whole(parts[1]) : 1n;
  if (parts.length === 2 && ends.length === 1) end = BigInt(bounds.max);
  if (start < bounds.min) throw new Problem(`beginning of range (${start}) below minimum (${bounds.min}): ${expression}`);
  if (end > bounds.max) throw new Problem(`end of range (${end}) above maximum (${bounds.max}): ${expression}`);
  if (start > end) throw new Problem(`beginning of range (${start}) beyond end of range (${end}): ${expression}`);
  if (step === 0n) throw new Problem(`step of range should be a positive number: ${expression}`);
  for (let value = start; value <= end; value += step) set.values[Number(value)] = true;
  set.isAny ||= isAny && step === 1n;
}

function numberOrName(text: string, { names = {} }: Bounds): bigint {
  const name = text.toLowerCase();
  return Object.hasOwn(names, name) ? BigInt(names[name]) : whole(text);
}

/** strconv.Atoi. */
function whole(text: string): bigint {
  const refused = (why: string) =>
    new Problem(`failed to parse int from ${text}: strconv.Atoi: parsing ${goQuote(text)}: ${why}`);
  if (!/^[+-]?[0-9]+$/.test(text)) throw refused('invalid syntax');
  const number = BigInt(text.replace('+', ''));
  if (number > INT_MAX || number < -INT_MAX - 1n) throw refused('value out of range');
  if (number < 0n) throw new Problem(`negative number (${number}) not allowed: ${text}`);
  return number;
}
