/** Why a text is no cron schedule, in the words of the library that Kubernetes uses (robfig/cron ParseStandard). */

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
const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const DURATION = /^[-+]?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

class Problem extends Error {}

/** Undefined for a good schedule. */
export function scheduleProblem(schedule: string): string | undefined {
  try {
    parse(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}

function parse(text: string): void {
  if (text === '') throw new Problem('empty spec string');
  let spec = text;
  if (spec.startsWith('TZ=') || spec.startsWith('CRON_TZ=')) {
    const space = spec.indexOf(' ');
    const zone = spec.slice(spec.indexOf('=') + 1, Math.max(0, space));
    if (space < 0) throw new Problem('invalid schedule format: runtime error: slice bounds out of range [:-1]');
    if (!isTimeZone(zone)) throw new Problem(`provided bad location ${zone}: unknown time zone ${zone}`);
    spec = spec.slice(space).trim();
  }
  if (spec.startsWith('@')) {
    descriptor(spec);
    return;
  }
  const fields = spec.split(/\s+/).filter(Boolean);
  if (fields.length !== FIELDS.length) {
    throw new Problem(`expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  fields.forEach((field, i) => {
    for (const expression of field.split(',').filter(Boolean)) range(expression, FIELDS[i]);
  });
}

function descriptor(text: string): void {
  if (DESCRIPTORS.includes(text)) return;
  if (!text.startsWith('@every ')) throw new Problem(`unrecognized descriptor: ${text}`);
  const duration = text.slice('@every '.length);
  if (DURATION.test(duration)) return;
  throw new Problem(`failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`);
}

function range(expression: string, bounds: Bounds): void {
  const parts = expression.split('/');
  const ends = parts[0].split('-');
  let start = bounds.min;
  let end = bounds.max;
  if (ends[0] !== '*' && ends[0] !== '?') {
    start = numberOrName(ends[0], bounds);
    if (ends.length > 2) throw new Problem(`too many hyphens: ${expression}`);
    end = ends.length === 2 ? numberOrName(ends[1], bounds) : start;
  }
  if (parts.length > 2) throw new Problem(`too many slashes: ${expression}`);
  const step = parts.length === 2 ? whole(parts[1]) : 1;
  if (parts.length === 2 && ends.length === 1) end = bounds.max;
  if (start < bounds.min) throw new Problem(`beginning of range (${start}) below minimum (${bounds.min}): ${expression}`);
  if (end > bounds.max) throw new Problem(`end of range (${end}) above maximum (${bounds.max}): ${expression}`);
  if (start > end) throw new Problem(`beginning of range (${start}) beyond end of range (${end}): ${expression}`);
  if (step === 0) throw new Problem(`step of range should be a positive number: ${expression}`);
}

function numberOrName(text: string, { names }: Bounds): number {
  const known = names?.[text.toLowerCase()];
  return known ?? whole(text);
}

function whole(text: string): number {
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw new Problem(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const n = Number(text);
  if (n < 0) throw new Problem(`negative number (${n}) not allowed: ${text}`);
  return n;
}

/** Is it a name of the time zone database, upper and lower case as there? */
export function isTimeZone(name: string): boolean {
  if (name === '' || name === 'UTC') return true;
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    // The runtime takes any case and may answer with another name of the zone, which says nothing about the case of this one.
    return known.toLowerCase() === name.toLowerCase() ? known === name : /^[A-Z]/.test(name);
  } catch {
    return false;
  }
}
