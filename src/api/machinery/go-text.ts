/** Go's %q of a slice of strings. */
export const goStrings = (list: readonly string[]): string => `[${list.map((s) => JSON.stringify(s)).join(' ')}]`;

/** The text of Go's aggregate of errors (utilerrors.NewAggregate): one alone, several in brackets, each once. */
export function aggregateText(errors: readonly string[]): string {
  const once = [...new Set(errors)];
  return once.length === 1 ? (once[0] as string) : `[${once.join(', ')}]`;
}

const ESCAPES: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** A text in quotes as Go's %q prints it (strconv.Quote): what unicode.IsPrint does not know is escaped. */
export function goQuote(text: string): string {
  if (/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(text)) return `"${text}"`;
  let out = '"';
  for (const rune of text) out += quotedRune(rune);
  return `${out}"`;
}

function quotedRune(rune: string): string {
  if (ESCAPES[rune]) return ESCAPES[rune];
  if (rune === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(rune)) return rune;
  const code = rune.codePointAt(0) as number;
  const hex = (digits: number) => code.toString(16).padStart(digits, '0');
  if (code < 0x20 || code === 0x7f) return `\\x${hex(2)}`;
  return code > 0xffff ? `\\U${hex(8)}` : `\\u${hex(4)}`;
}
