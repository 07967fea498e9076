import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StatementSync } from 'node:sqlite';
import { MANAGEMENT, NOBODY } from './fair-queue.ts';
import { hasSqlite, openReadOnly } from './sqlite.ts';

const DATABASE = /^(?!metadata).*\.sqlite$/;
const BEARER = /^bearer +(\S+) *$/i;

/** Queries for the owner of a cluster or bearer: an account; for a person who signed in, themselves. */
const QUERIES = {
  cluster: 'SELECT account_id AS owner FROM clusters WHERE id = ?1',
  bearer: `SELECT account_id AS owner FROM tokens WHERE hash = ?1 UNION ALL SELECT account_id FROM tokens WHERE former_hash = ?1
    UNION ALL SELECT 'person ' || person_id FROM sessions WHERE hash = ?1 LIMIT 1`,
};
type Queries = Record<keyof typeof QUERIES, StatementSync>;

/** File of D1, once it exists. */
function open(folder: string): Queries | undefined {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !DATABASE.test(entry.name)) continue;
    const database = openReadOnly(join(entry.parentPath, entry.name));
    return { cluster: database.prepare(QUERIES.cluster), bearer: database.prepare(QUERIES.bearer) };
  }
  return undefined;
}

/**
 * Looks up the account of a tenant (fair-queue.ts) in D1's file, beside workerd: in WAL mode reading blocks nobody and sees what was
 * committed. Takes some 20 us. It serves fairness only: whatever is wrong with the file, requests proceed. A Node without SQLite (before
 * 22.5) finds no owners, and then nobody is held back.
 */
export function ownersIn(folder: string): (tenant: string) => string {
  if (!hasSqlite()) return () => NOBODY;
  let queries: Queries | undefined;
  return (tenant) => {
    const isCluster = !tenant.startsWith(MANAGEMENT);
    const token = isCluster ? undefined : BEARER.exec(tenant.slice(MANAGEMENT.length))?.[1];
    if (!isCluster && token === undefined) return NOBODY;
    try {
      queries ??= open(folder);
      const found =
        token === undefined
          ? queries?.cluster.get(tenant)
          : queries?.bearer.get(createHash('sha256').update(token).digest('hex'));
      return (found as { owner: string } | undefined)?.owner ?? NOBODY;
    } catch {
      queries = undefined;
      return NOBODY;
    }
  };
}
