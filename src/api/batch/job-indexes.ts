/** Lists of indexes such as "1,3-5,7" (batch/validation validateIndexesFormat). */

type Interval = [first: number, last: number];

/** An interval, or why it is none. */
function parseInterval(text: string, completions: number): Interval | string {
  const limits = text.split('-');
  const quoted = JSON.stringify;
  if (limits.length > 2) {
    const rule = "violates the requirement that an index interval can have at most two parts separated by '-'";
    return `the fragment ${quoted(text)} ${rule}`;
  }
  for (const limit of limits) {
    if (!/^[+-]?[0-9]+$/.test(limit)) return `cannot convert string to integer for index: ${quoted(limit)}`;
    if (Number(limit) >= completions) return `too large index: ${quoted(limit)}`;
  }
  const first = Number(limits[0]);
  if (limits.length === 1) return [first, first];
  const last = Number(limits[1]);
  return first >= last ? `non-increasing order, previous: ${first}, current: ${last}` : [first, last];
}

/** How many indexes a list holds, or why it is none. */
export function indexCount(text: string, completions: number): number | string {
  if (text === '') return 0;
  let total = 0;
  let last: number | undefined;
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions);
    if (typeof interval === 'string') return interval;
    if (last !== undefined && last >= interval[0]) return `non-increasing order, previous: ${last}, current: ${interval[0]}`;
    total += interval[1] - interval[0] + 1;
    last = interval[1];
  }
  return total;
}

/** The first index that stands in both lists; broken intervals are passed over. */
export function overlap(completed: string, failed: string, completions: number): number | undefined {
  if (!completed || !failed) return undefined;
  const good = (text: string) =>
    text
      .split(',')
      .map((part) => parseInterval(part, completions))
      .filter((i) => typeof i !== 'string');
  const left = good(completed);
  const right = good(failed);
  let c = 0;
  let f = 0;
  while (c < left.length && f < right.length) {
    const [cFirst, cLast] = left[c];
    const [fFirst, fLast] = right[f];
    if (cFirst <= fLast && fFirst <= cLast) return Math.max(cFirst, fFirst);
    if (cFirst <= fFirst) c++;
    else f++;
  }
  return undefined;
}
