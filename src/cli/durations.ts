import { InvalidArgumentError } from 'commander';
import { durationMs } from '../lib/duration.ts';
import { EXPIRES_IN_SECONDS, ROTATION_OVERLAP_SECONDS } from '../management/limits.ts';

const DAY_SECONDS = 86_400;

/** Seconds of a duration: "90", "90s", "2h" or "1d12h". */
export function seconds(text: string): number {
  const ms = durationMs(/^\d+$/.test(text) ? `${text}s` : text);
  if (ms === undefined) throw new InvalidArgumentError('a while is written like 90s, 2h or 1d12h.');
  return ms / 1000;
}

/** Returns a parser of durations within bounds, which are given in seconds. */
export function secondsWithin(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = seconds(text);
    if (value < least || value > most) throw new InvalidArgumentError(`it is from ${least}s to ${most / DAY_SECONDS}d.`);
    return value;
  };
}

/** Parses the lifetime of a cluster, a token or a kubeconfig. */
export const lifetime = secondsWithin(1, EXPIRES_IN_SECONDS);
/** Parses how long a rotated secret still works. */
export const overlap = secondsWithin(0, ROTATION_OVERLAP_SECONDS);

/** Returns a parser of whole numbers within bounds; `what` names them. */
export function numberWithin(what: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`${what} is a number from ${least} to ${most}.`);
    return value;
  };
}

/** Collects `key=value` of a repeated option. */
export function label(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('a label is written key=value.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
