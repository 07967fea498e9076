/** What a table says under a key that a client chose: only what stands in it, not what every object inherits ("constructor"). */
export const ownProperty = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;
