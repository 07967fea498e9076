import { Problem } from './errors.ts';

type Part = string | number;

/** Cursor of a page's end: the sort keys of its last entry. Opaque to clients, not secret. */
export function cursorOf(...parts: Part[]): string {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Sort keys in a cursor, checked against these types; undefined: the first page. */
export function partsOf<const T extends ('string' | 'number')[]>(
  cursor: string | undefined,
  ...types: T
): { [K in keyof T]: T[K] extends 'string' ? string : number } | undefined {
  if (cursor === undefined) return undefined;
  const parts = decoded(cursor);
  if (!Array.isArray(parts) || parts.length !== types.length || !types.every((type, i) => typeof parts[i] === type)) {
    throw new Problem('invalid-request', 'after: is not the "next" of a page of this list');
  }
  return parts as never;
}

function decoded(cursor: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
