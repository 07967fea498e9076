import { InvalidArgumentError } from 'commander';

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of a duration: "90", "90s", "2h" or "1d12h". */
export function seconds(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const parts = text.match(/\d+[smhdw]/g) ?? [];
  if (parts.length === 0 || parts.join('') !== text) throw new InvalidArgumentError('a while is written like 90s, 2h or 1d12h.');
  return parts.reduce((sum, part) => sum + Number(part.slice(0, -1)) * SECONDS[part[part.length - 1]], 0);
}

/** Collects `key=value` of a repeated option. */
export function label(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('a label is written key=value.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
