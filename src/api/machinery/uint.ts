import { goQuote } from './go-text.ts';

const MAX = (1n << 64n) - 1n;

/** Why strconv.ParseUint refuses a text as a 64-bit number, or undefined. */
export function uintError(text: string): string | undefined {
  const digits = /^\d+$/.test(text);
  if (digits && (text.length < 20 || BigInt(text) <= MAX)) return undefined;
  return `strconv.ParseUint: parsing ${goQuote(text)}: ${digits ? 'value out of range' : 'invalid syntax'}`;
}
