/** Go's %q of a slice of strings. */
export const goStrings = (list: readonly string[]): string => `[${list.map((s) => JSON.stringify(s)).join(' ')}]`;

/** The text of Go's aggregate of errors (utilerrors.NewAggregate): one alone, several in brackets, each once. */
export function aggregateText(errors: readonly string[]): string {
  const once = [...new Set(errors)];
  return once.length === 1 ? (once[0] as string) : `[${once.join(', ')}]`;
}

const ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** Go's %q of a text (strconv.Quote). */
export function goQuote(text: string): string {
  const shown = [...text].map((character) => {
    const code = character.codePointAt(0) ?? 0;
    if (Object.hasOwn(ESCAPES, character)) return ESCAPES[character];
    if (PRINTABLE.test(character)) return character;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return `"${shown.join('')}"`;
}
