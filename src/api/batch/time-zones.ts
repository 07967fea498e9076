/** Time zones by name, as Go's time package knows them. Rules of the zones are those of the platform's Intl. */
import names from './time-zones.generated.json' with { type: 'json' };

/**
 * The names in upper and lower case as in Go's lib/time/zoneinfo.zip, which kube-apiserver has built in. Intl takes any case and answers with
 * other names of a zone, so it cannot say whether a name is one.
 */
const NAMES = new Set(names.split(' '));
const HOUR_MS = 3_600_000;
/** Offsets are asked for at the edges of such spans; no zone changes its offset twice within one. */
const SPAN_MS = 7 * 24 * HOUR_MS;
/** Zones that are remembered (a formatter has some 50 KB), and the spans of one. */
const ZONES_MAX = 64;
const SPANS_MAX = 4096;
/** Zones without an offset that Intl does not name. */
const WITHOUT_RULES = new Set(['', 'UTC', 'Local', 'Factory']);

/** Why a name is no time zone, in Go's words (time.LoadLocation); undefined: it is one. */
export function timeZoneProblem(name: string): string | undefined {
  if (name === '' || name === 'Local') return undefined;
  if (name.includes('..') || /^[/\\]/.test(name)) return 'time: invalid location name';
  return NAMES.has(name) ? undefined : `unknown time zone ${name}`;
}

/** What is added to UTC, ms, at a time (ms) in a zone. */
export type Offset = (ms: number) => number;

const zones = new Map<string, Offset>();

/** The offsets of a zone that `timeZoneProblem` has nothing against. A cluster's local time is UTC. */
export function offsetsOf(name: string): Offset {
  if (WITHOUT_RULES.has(name)) return () => 0;
  const known = zones.get(name);
  if (known) return known;
  const made = spans(formatted(name));
  if (zones.size >= ZONES_MAX) zones.delete(zones.keys().next().value as string);
  zones.set(name, made);
  return made;
}

/** Intl's answer, which takes a microsecond. */
function formatted(timeZone: string): Offset {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  return (ms) => {
    const [, sign, hours, minutes, seconds = '0'] = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(format.format(ms)) ?? [];
    if (sign === undefined) return 0;
    const size = Number(hours) * HOUR_MS + Number(minutes) * 60_000 + Number(seconds) * 1000;
    return sign === '-' ? -size : size;
  };
}

interface Span {
  before: number;
  after: number;
  /** From when the offset is `after`. */
  change: number;
}

/** The same answers, remembered by weeks: the change within one is found by bisection. */
function spans(ask: Offset): Offset {
  const known = new Map<number, Span>();
  return (ms) => {
    const index = Math.floor(ms / SPAN_MS);
    let span = known.get(index);
    if (!span) {
      span = spanOf(index * SPAN_MS, ask);
      if (known.size >= SPANS_MAX) known.clear();
      known.set(index, span);
    }
    return ms < span.change ? span.before : span.after;
  };
}

function spanOf(start: number, ask: Offset): Span {
  const [before, after] = [ask(start), ask(start + SPAN_MS)];
  if (before === after) return { before, after, change: start };
  let [low, high] = [start, start + SPAN_MS];
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    if (ask(middle) === before) low = middle;
    else high = middle;
  }
  return { before, after, change: high };
}
