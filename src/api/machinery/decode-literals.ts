/** Errors of texts within JSON strings, in the words of Go's standard library. */

/** Why encoding/base64's StdEncoding refuses a text, or undefined. Line breaks are skipped, as Go does. */
export function base64Error(text: string): string | undefined {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\n' || c === '\r') continue;
    if (c === '=') return paddingError(text, i, count % 4);
    if (!/[A-Za-z0-9+/]/.test(c)) return corrupt(text, i);
    count++;
  }
  // Unpadded input is refused at the place where its last, incomplete, group begins... as Go counts it.
  return count % 4 ? corrupt(text, text.length - (count % 4 === 1 ? 1 : count % 4)) : undefined;
}

/** Offsets are of bytes. */
const corrupt = (text: string, at: number) =>
  `illegal base64 data at input byte ${new TextEncoder().encode(text.slice(0, at)).length}`;

/** The first "=" stands at `at`, after `inGroup` characters of its group of four. */
function paddingError(text: string, at: number, inGroup: number): string | undefined {
  if (inGroup < 2) return corrupt(text, at);
  let i = at + 1;
  const skip = () => {
    while (text[i] === '\n' || text[i] === '\r') i++;
  };
  if (inGroup === 2) {
    skip();
    if (i >= text.length) return corrupt(text, text.length);
    if (text[i] !== '=') return corrupt(text, i);
    i++;
  }
  skip();
  return i < text.length ? corrupt(text, i) : undefined;
}

const TIME = '2006-01-02T15:04:05Z07:00';
const MICRO_TIME = '2006-01-02T15:04:05.000000Z07:00';

/** Package time quotes by itself: everything that is not printable ASCII goes byte by byte (time/format.go quote). */
function timeQuote(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return JSON.stringify(text);
  let out = '"';
  for (const byte of new TextEncoder().encode(text)) {
    const c = String.fromCharCode(byte);
    if (byte < 0x20 || byte >= 0x80) out += `\\x${byte.toString(16).padStart(2, '0')}`;
    else out += c === '"' || c === '\\' ? `\\${c}` : c;
  }
  return `${out}"`;
}

/** Why time.Parse refuses a text as RFC 3339 (metav1.Time) or with six digits (metav1.MicroTime), or undefined. */
export function timeError(text: string, micro: boolean): string | undefined {
  const layout = micro ? MICRO_TIME : TIME;
  const fail = (rest: string, element: string) =>
    `parsing time ${timeQuote(text)} as ${timeQuote(layout)}: cannot parse ${timeQuote(rest)} as ${timeQuote(element)}`;
  const range = (what: string) => `parsing time ${timeQuote(text)}: ${what} out of range`;
  const parts: [RegExp, string, string][] = [
    [/^\d{4}/, '2006', ''],
    [/^-/, '-', ''],
    [/^\d\d/, '01', 'month'],
    [/^-/, '-', ''],
    [/^\d\d/, '02', 'day'],
    [/^T/, 'T', ''],
    [/^\d\d/, '15', 'hour'],
    [/^:/, ':', ''],
    [/^\d\d/, '04', 'minute'],
    [/^:/, ':', ''],
    [/^\d\d/, '05', 'second'],
  ];
  let rest = text;
  const found: Record<string, number> = {};
  for (const [pattern, element, name] of parts) {
    const m = pattern.exec(rest);
    if (!m) return fail(rest, element);
    const value = Number(m[0]);
    if (name === 'month' && (value < 1 || value > 12)) return range('month');
    if (name === 'hour' && value > 23) return range('hour');
    if ((name === 'minute' || name === 'second') && value > 59) return range(name);
    if (name || element === '2006') found[name || 'year'] = value;
    rest = rest.slice(m[0].length);
  }
  const fraction = micro ? /^[.,]\d{6}/.exec(rest) : /^(?:[.,]\d+)?/.exec(rest);
  if (!fraction) return fail(rest, '.000000');
  rest = rest.slice(fraction[0].length);
  const zone = /^(?:Z|[+-]\d\d:\d\d)/.exec(rest);
  if (!zone) return fail(rest, 'Z07:00');
  rest = rest.slice(zone[0].length);
  if (Number(zone[0].slice(1, 3)) > 24) return range('time zone offset hour');
  if (Number(zone[0].slice(4)) > 60) return range('time zone offset minute');
  if (rest) return `parsing time ${timeQuote(text)}: extra text: ${timeQuote(rest)}`;
  const days = new Date(Date.UTC(2000 + (found.year % 400), found.month, 0)).getUTCDate();
  return found.day < 1 || found.day > days ? range('day') : undefined;
}
