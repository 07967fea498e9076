import { InvalidArgumentError } from 'commander';
import { durationMs } from '../lib/duration.ts';

/** Seconds of a duration: "90", "90s", "2h" or "1d12h". */
export function seconds(text: string): number {
  const ms = durationMs(/^\d+$/.test(text) ? `${text}s` : text);
  if (ms === undefined) throw new InvalidArgumentError('a while is written like 90s, 2h or 1d12h.');
  return ms / 1000;
}

/** Collects `key=value` of a repeated option. */
export function label(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('a label is written key=value.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
