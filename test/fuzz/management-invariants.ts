import type { Tenants } from '../isolation/tenants.ts';

type Row = Record<string, string | number | null>;

function must(holds: boolean, what: () => string): void {
  if (!holds) throw new Error(what());
}

/** What holds in the database and between it and the objects, whatever was asked, once all that was due is done. */
export function checkManagement(t: Tenants): void {
  const { raw, clusters } = t.world;
  const all = (text: string) => raw.prepare(text).all() as Row[];
  const none = (text: string, what: string) => {
    const [found] = all(text);
    must(found === undefined, () => `${what}: ${JSON.stringify(found)}`);
  };
  must(({} as { polluted?: unknown }).polluted === undefined, () => 'every object has a new property');
  none('PRAGMA foreign_key_check', 'a row without what it belongs to');
  must(all('PRAGMA integrity_check')[0].integrity_check === 'ok', () => 'the database is broken');
  none("SELECT id, state FROM clusters WHERE (state = 'deleted') <> (deleted_at IS NOT NULL)", 'a cluster half deleted');
  none("SELECT id FROM clusters WHERE state = 'creating'", 'a cluster that is still being made');
  none('SELECT id, name FROM tokens WHERE length(hash) <> 64', 'a token without a hash');
  none('SELECT cluster_id, id FROM credentials WHERE revoked_at IS NOT NULL', 'a revocation that is not finished');
  json(all, [
    ['clusters', 'labels'],
    ['tokens', 'clusters'],
    ['tokens', 'labels'],
    ['audit', 'actor'],
    ['audit', 'target'],
  ]);
  // Each row has its object, and each object its row.
  const rows = new Set(all('SELECT id FROM clusters').map(({ id }) => String(id)));
  for (const id of rows) must(clusters.databases.has(id), () => `cluster ${id} has no object`);
  for (const id of clusters.databases.keys()) must(rows.has(id), () => `the object ${id} has no row`);
  for (const { cluster_id: cluster, id } of all('SELECT cluster_id, id FROM credentials')) {
    const known = clusters.databases.get(String(cluster))?.sql.all('SELECT 1 AS one FROM credentials WHERE id = ?', String(id));
    must(known?.length === 1, () => `credential ${id} is not known to cluster ${cluster}`);
  }
}

function json(all: (text: string) => Row[], columns: [table: string, column: string][]): void {
  for (const [table, column] of columns) {
    for (const row of all(`SELECT ${column} AS text FROM ${table} WHERE ${column} IS NOT NULL`)) JSON.parse(String(row.text));
  }
}
