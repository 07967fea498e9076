import { Failure } from '../local/failure.ts';

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The last time that a Date holds, ms since 1970. */
const LAST_MS = 8.64e15;

/** A time as ISO text, from a time or an age: "2026-11-21T12:00:00Z", "30m", "2d". */
export function parseTime(text: string): string {
  const ago = /^(\d+)([smhd])$/.exec(text);
  const at = ago ? Date.now() - Number(ago[1]) * UNITS[ago[2]] : Date.parse(text);
  if (!(Math.abs(at) <= LAST_MS)) throw new Failure(`"${text}" is neither a time nor a duration such as 30m or 2d`, 2);
  return new Date(at).toISOString();
}
