/** Go's %q of a slice of strings. */
export const goStrings = (list: readonly string[]): string => `[${list.map((s) => JSON.stringify(s)).join(' ')}]`;

/** The text of Go's aggregate of errors (utilerrors.NewAggregate): one alone, several in brackets, each once. */
export function aggregateText(errors: readonly string[]): string {
  const once = [...new Set(errors)];
  return once.length === 1 ? (once[0] as string) : `[${once.join(', ')}]`;
}
