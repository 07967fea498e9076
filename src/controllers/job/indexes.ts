/** Indexes of an Indexed Job in compressed form, such as "1,3-5,7" (pkg/controller/job/indexed_job_utils.go). */
export interface Interval {
  first: number;
  last: number;
}

/** Intervals in increasing order that neither touch nor overlap. */
export type Intervals = readonly Interval[];

/** The intervals of a list; broken parts are passed over, and what lies beyond the completions is cut off. */
export function parseIndexes(text: string | undefined, completions: number): Intervals {
  const found: Interval[] = [];
  for (const part of text ? text.split(',') : []) {
    const limits = part.split('-').map((limit) => (/^\d+$/.test(limit) ? Number(limit) : Number.NaN));
    const [first, last = first] = limits;
    if (first >= completions) break;
    if (Number.isNaN(first) || Number.isNaN(last)) continue;
    found.push({ first, last: Math.min(last, completions - 1) });
  }
  return merge(found, []);
}

/** The union of two lists. */
export function merge(a: Intervals, b: Intervals): Intervals {
  const merged: Interval[] = [];
  for (const { first, last } of [...a, ...b].sort((x, y) => x.first - y.first)) {
    const open = merged.at(-1);
    if (open && first <= open.last + 1) open.last = Math.max(open.last, last);
    else merged.push({ first, last });
  }
  return merged;
}

/** The list with these indexes. */
export const withIndexes = (intervals: Intervals, indexes: Iterable<number>): Intervals =>
  merge(
    intervals,
    [...indexes].map((index) => ({ first: index, last: index })),
  );

/** How many indexes the list holds. */
export const total = (intervals: Intervals): number => intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0);

export const includes = (intervals: Intervals, index: number): boolean =>
  intervals.some(({ first, last }) => first <= index && index <= last);

export function formatIndexes(intervals: Intervals): string {
  const shown = ({ first, last }: Interval) => {
    if (first === last) return String(first);
    return last === first + 1 ? `${first},${last}` : `${first}-${last}`;
  };
  return intervals.map(shown).join(',');
}

/** The first `count` indexes below `completions` that are in none of the intervals. */
export function firstMissing(intervals: Intervals, count: number, completions: number): number[] {
  const missing: number[] = [];
  let candidate = 0;
  for (const { first, last } of [...intervals, { first: completions, last: completions }]) {
    for (; candidate < Math.min(first, completions) && missing.length < count; candidate++) missing.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  return missing;
}

/** How many indexes both lists hold. */
export const overlapCount = (a: Intervals, b: Intervals): number =>
  a.reduce(
    (sum, x) => sum + b.reduce((n, y) => n + Math.max(0, Math.min(x.last, y.last) - Math.max(x.first, y.first) + 1), 0),
    0,
  );
