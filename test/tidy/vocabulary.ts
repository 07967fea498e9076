/**
 * Words that were coined here once, and what the field calls the same. A name or a comment of src, a SPEC.md or a page of docs that has one of
 * them is a violation, so that a newcomer never meets a word that cannot be looked up. Matched as whole words and as parts of names ("doorOf", "CHORES").
 */
export const COINED: Readonly<Record<string, string>> = {
  mould: 'boot snapshot',
  poured: 'restored',
  passage: 'write scope',
  chore: 'task',
  keeper: 'task runner',
  confined: 'restricted',
  unheard: 'failed',
  crowd: 'contention',
  party: 'flow',
  haste: 'rate',
  relay: 'connection',
  founder: 'person or operator',
  journey: 'round trip',
  unmake: 'abort',
  stranger: 'anonymous client',
  door: 'route',
  heard: 'acknowledged',
  untold: 'unreported',
  toosoon: 'rate-limited',
  restafter: 'pause',
  feedof: 'watch cache',
  pour: 'restore',
  patient: 'low priority',
  departure: 'offboarding',
  wild: 'wildcard',
  madeup: 'dropped, computed',
  putoff: 'postponed',
  telllast: 'last report',
};

const PATTERN = new RegExp(`(?<![A-Za-z])(${Object.keys(COINED).join('|')})s?(?![a-z])`, 'gi');
const PART = new RegExp(
  `(${Object.keys(COINED)
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join('|')})s?(?![a-z])`,
  'g',
);

/** The coined words in a text, in lower case, each once. */
export function coinedWords(text: string): string[] {
  const found = [...text.matchAll(PATTERN), ...text.matchAll(PART)].map(([, word]) => word.toLowerCase());
  return [...new Set(found)];
}
