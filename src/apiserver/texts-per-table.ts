import type { KindTable } from '../api/kinds.ts';

/** Makes texts once for each table of kinds and key: they follow from the kinds served and never change. */
export function textsPerTable(): (kinds: KindTable, key: string, make: () => string) => string {
  const tables = new WeakMap<KindTable, Map<string, string>>();
  return (kinds, key, make) => {
    let texts = tables.get(kinds);
    if (!texts) tables.set(kinds, (texts = new Map()));
    let text = texts.get(key);
    if (text === undefined) texts.set(key, (text = make()));
    return text;
  };
}
