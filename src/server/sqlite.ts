import { createRequire } from 'node:module';
import type { DatabaseSync } from 'node:sqlite';

/** Whether this Node has SQLite: from 22.5 on. */
export function hasSqlite(): boolean {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 5);
}

/** Opens a database of the data folder read-only, beside workerd: in WAL mode readers do not block. */
export function openReadOnly(file: string): DatabaseSync {
  // Not imported: a Node without SQLite could not load the file.
  const sqlite = createRequire(import.meta.url)('node:sqlite') as typeof import('node:sqlite');
  return new sqlite.DatabaseSync(file, { readOnly: true });
}
