/** Durations as Go writes them, such as "1h30m" (time.ParseDuration). */

const NS: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const LIMIT = 1n << 63n;

/** Nanoseconds of a duration, or why the text is none, in Go's words. */
export function parseDuration(text: string): { ns: bigint } | { problem: string } {
  const isNegative = text.startsWith('-');
  let rest = /^[-+]/.test(text) ? text.slice(1) : text;
  if (rest === '0') return { ns: 0n };
  const refused = (why: string) => ({ problem: `time: ${why} duration ${quote(text)}` });
  if (rest === '') return refused('invalid');
  let total = 0n;
  while (rest !== '') {
    const [number, whole = '', , fraction = ''] = /^([0-9]*)(\.([0-9]*))?/.exec(rest) ?? [''];
    if (whole === '' && fraction === '') return refused('invalid');
    if (BigInt(whole || 0) > LIMIT) return refused('invalid');
    rest = rest.slice(number.length);
    const [unit] = /^[^.0-9]*/.exec(rest) ?? [''];
    if (unit === '') return refused('missing unit in');
    rest = rest.slice(unit.length);
    if (!Object.hasOwn(NS, unit)) return refused(`unknown unit ${quote(unit)} in`);
    const size = NS[unit];
    if (BigInt(whole || 0) > LIMIT / size) return refused('invalid');
    total += BigInt(whole || 0) * size + BigInt(Math.trunc(Number(`0.${fraction || 0}`) * Number(size)));
    if (total > LIMIT) return refused('invalid');
  }
  if (isNegative) return { ns: -total };
  return total === LIMIT ? refused('invalid') : { ns: total };
}

const UTF8 = new TextEncoder();

/** The quoted text of errors of Go's time package, which knows ASCII only. */
function quote(text: string): string {
  const shown = [...UTF8.encode(text)].map((byte) => {
    const character = String.fromCharCode(byte);
    if (byte >= 0x80 || byte < 0x20) return `\\x${byte.toString(16).padStart(2, '0')}`;
    return character === '"' || character === '\\' ? `\\${character}` : character;
  });
  return `"${shown.join('')}"`;
}
