import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** Whose a cluster is that nobody has. */
const NOBODY = '';
const DATABASE = /^(?!metadata).*\.sqlite$/;

/** The file of D1 that holds the clusters, once there is one. */
function open(folder: string): StatementSync | undefined {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !DATABASE.test(entry.name)) continue;
    const database = new DatabaseSync(join(entry.parentPath, entry.name), { readOnly: true });
    return database.prepare('SELECT account_id FROM clusters WHERE id = ?');
  }
  return undefined;
}

/**
 * Tells the account of a cluster from D1's file in that folder, beside workerd: it is in WAL mode, so that reading disturbs nobody, and sees what was
 * committed. Takes some 20 us. Whatever is wrong with the file, requests go on: who has no account shares one with all others who have none.
 */
export function ownersIn(folder: string): (cluster: string) => string {
  let statement: StatementSync | undefined;
  return (cluster) => {
    try {
      statement ??= open(folder);
      const row = statement?.get(cluster) as { account_id: string } | undefined;
      return row?.account_id ?? NOBODY;
    } catch {
      statement = undefined;
      return NOBODY;
    }
  };
}
