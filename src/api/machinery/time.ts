/** Times on the wire (apimachinery meta/v1 Time and MicroTime) and the ages that kubectl prints (util/duration). */

/** RFC 3339 in UTC with whole seconds, as metav1.Time is written. */
export function rfc3339(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 in UTC with six digits, as metav1.MicroTime is written. */
export function rfc3339Micro(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Milliseconds since the epoch of an RFC 3339 text, or NaN when it is none. */
export function parseTime(text: string): number {
  const m = RFC3339.exec(text);
  if (!m) return Number.NaN;
  const [year, month, day, hour, minute, second] = [
    Number(m[1]),
    Number(m[2]),
    Number(m[3]),
    Number(m[4]),
    Number(m[5]),
    Number(m[6]),
  ];
  if (hour > 23 || minute > 59 || second > 59 || Number(m[9] ?? 0) > 24 || Number(m[10] ?? 0) > 60) return Number.NaN;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (month < 1 || month > 12 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return Number.NaN;
  const offset = m[8] ? (m[8] === '-' ? -1 : 1) * (Number(m[9]) * 60 + Number(m[10])) : 0;
  const millis = m[7] ? Number(m[7].slice(0, 3).padEnd(3, '0')) : 0;
  return date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + millis;
}

/** The canonical text of a metav1.Time in UTC, or undefined when it is none. */
export function canonicalTime(text: string): string | undefined {
  const ms = parseTime(text);
  return Number.isNaN(ms) ? undefined : rfc3339(Math.floor(ms / 1000) * 1000);
}

/** The canonical text of a metav1.MicroTime in UTC (microseconds kept), or undefined when it is none. */
export function canonicalMicroTime(text: string): string | undefined {
  const ms = parseTime(text);
  if (Number.isNaN(ms)) return undefined;
  const fraction = /[.,](\d+)/.exec(text)?.[1] ?? '';
  return `${rfc3339(Math.floor(ms / 1000) * 1000).slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, '0')}Z`;
}

/** Milliseconds of a time.Duration of so many seconds, which has 64 bits of nanoseconds and overflows beyond. */
export function secondsInMs(seconds: number | bigint): number {
  if (typeof seconds === 'number' && Math.abs(seconds) < 9e9) return seconds * SECOND;
  const whole = typeof seconds === 'bigint' ? seconds : BigInt(Math.trunc(seconds));
  return Number(BigInt.asIntN(64, whole * 1_000_000_000n) / 1_000_000n);
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const both = (left: string, right: number, unit: string): string => (right === 0 ? left : `${left}${right}${unit}`);

/** A duration with two or three significant figures, as kubectl prints ages (duration.HumanDuration). */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(ms / MINUTE);
  if (minutes < 10) return both(`${minutes}m`, seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(ms / HOUR);
  if (hours < 8) return both(`${hours}h`, minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 192) return both(`${days}d`, hours % 24, 'h');
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(days / 365);
  return hours < 24 * 365 * 8 ? both(`${years}y`, days % 365, 'd') : `${years}y`;
}

/** The age of a timestamp as kubectl prints it; "<unknown>" when there is none. */
export function age(timestamp: string | undefined, now: number): string {
  return timestamp ? humanDuration(now - parseTime(timestamp)) : '<unknown>';
}
