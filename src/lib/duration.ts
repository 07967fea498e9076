const MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A duration: parts of a number and a unit, like 90s, 2h or 1d12h. */
export const DURATION = /^(?:\d+[smhdw])+$/;

/** Milliseconds of a duration; undefined: it is none. */
export function durationMs(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  return (text.match(/\d+./g) ?? []).reduce((sum, part) => sum + Number(part.slice(0, -1)) * MS[part[part.length - 1]], 0);
}
