import type { Sqlite } from '../lib/sqlite-port.ts';

/**
 * A cluster's own DDL, in order; each entry runs once, when the object boots. `log` is the store: one row per write, never changed
 * (kine's one-table idea). `heads` finds the live row of a key, `refs` the dependents of an owner; both can be rebuilt from `log`.
 * WITHOUT ROWID keeps each of them one row per write: Cloudflare bills an index row as a row.
 */
const STEPS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE log (rev INTEGER PRIMARY KEY, type INTEGER NOT NULL, resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
       prev INTEGER, json TEXT NOT NULL)`,
    `CREATE TABLE heads (resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, rev INTEGER NOT NULL,
       PRIMARY KEY (resource, namespace, name)) WITHOUT ROWID`,
    // Maintained by triggers: a write is one statement, and every statement costs a crossing from JavaScript.
    `CREATE TRIGGER log_put AFTER INSERT ON log WHEN NEW.type < 2 BEGIN
       INSERT INTO heads (resource, namespace, name, rev) VALUES (NEW.resource, NEW.namespace, NEW.name, NEW.rev)
         ON CONFLICT (resource, namespace, name) DO UPDATE SET rev = excluded.rev;
     END`,
    `CREATE TRIGGER log_remove AFTER INSERT ON log WHEN NEW.type = 2 BEGIN
       DELETE FROM heads WHERE resource = NEW.resource AND namespace = NEW.namespace AND name = NEW.name;
     END`,
    `CREATE TABLE refs (owner TEXT NOT NULL, resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
       PRIMARY KEY (owner, resource, namespace, name)) WITHOUT ROWID`,
    `CREATE TABLE timers (controller TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,
       PRIMARY KEY (controller, namespace, name)) WITHOUT ROWID`,
    'CREATE INDEX timers_at ON timers (at)',
    'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
    'CREATE TABLE marks (rev INTEGER PRIMARY KEY, at INTEGER NOT NULL)',
    'CREATE TABLE credentials (hash TEXT PRIMARY KEY, user TEXT NOT NULL, expires INTEGER) WITHOUT ROWID',
  ],
  // Earlier credentials have no id and live as long as their cluster.
  [
    'ALTER TABLE credentials ADD COLUMN id TEXT',
    // Counters are stored in rows that are written anyway (counters.ts).
    'ALTER TABLE log ADD COLUMN tally TEXT',
    `CREATE TABLE usage (hour INTEGER PRIMARY KEY, requests INTEGER NOT NULL, writes INTEGER NOT NULL, bytes INTEGER NOT NULL,
       awake_ms INTEGER NOT NULL, tally TEXT NOT NULL)`,
  ],
  // Effects that are to be sent (reconcile/outbox.ts); `due` is null once there is an outcome.
  [
    `CREATE TABLE outbox (id TEXT PRIMARY KEY, due INTEGER, attempt INTEGER NOT NULL, what TEXT NOT NULL, controller TEXT NOT NULL,
       namespace TEXT NOT NULL, name TEXT NOT NULL, outcome TEXT) WITHOUT ROWID`,
  ],
  ['ALTER TABLE marks RENAME TO checkpoints'],
];

/**
 * The audit log. Its tables are created on first use: an empty table is a page of the disk. Rows are only appended, and deleted oldest
 * first; triggers refuse anything else. `audit_open` holds the final events of open streams.
 */
export const AUDIT_SCHEMA: readonly string[] = [
  `CREATE TABLE audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, until INTEGER NOT NULL, bytes INTEGER NOT NULL, total INTEGER NOT NULL,
     lines TEXT NOT NULL)`,
  `CREATE TRIGGER audit_stands BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END`,
  `CREATE TRIGGER audit_ages BEFORE DELETE ON audit WHEN OLD.id > (SELECT min(id) FROM audit) BEGIN
     SELECT RAISE(ABORT, 'the audit log goes oldest first');
   END`,
  'CREATE TABLE audit_open (name TEXT PRIMARY KEY, at INTEGER NOT NULL, event TEXT NOT NULL) WITHOUT ROWID',
];

/** Whether this database has been booted. Reads only, so that asking a cluster that never existed writes nothing. */
export const isInitialised = (sql: Sqlite): boolean => hasTable(sql, 'meta');

export function hasTable(sql: Sqlite, name: string): boolean {
  return sql.all("SELECT 1 AS one FROM sqlite_master WHERE type = 'table' AND name = ?", name).length > 0;
}

/** Migrates the schema to the newest step; idempotent. */
export function migrate(sql: Sqlite): void {
  sql.transaction(() => {
    const from = isInitialised(sql)
      ? Number(sql.all<{ value: string }>("SELECT value FROM meta WHERE key = 'schema'")[0]?.value ?? 0)
      : 0;
    if (from > STEPS.length)
      throw new Error(`the cluster was written by a newer version (schema ${from}, known ${STEPS.length})`);
    if (from === STEPS.length) return;
    for (const step of STEPS.slice(from)) for (const statement of step) sql.run(statement);
    sql.run(
      "INSERT INTO meta (key, value) VALUES ('schema', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      String(STEPS.length),
    );
  });
}

/** Small private facts of the cluster: keys, options, cursors. */
export function getMeta(sql: Sqlite, key: string): string | undefined {
  return sql.all<{ value: string }>('SELECT value FROM meta WHERE key = ?', key)[0]?.value;
}

/** Deletes all facts whose keys begin so. */
export function deleteMetas(sql: Sqlite, prefix: string): void {
  sql.run('DELETE FROM meta WHERE substr(key, 1, ?) = ?', prefix.length, prefix);
}

export function deleteMeta(sql: Sqlite, key: string): void {
  sql.run('DELETE FROM meta WHERE key = ?', key);
}

export function setMeta(sql: Sqlite, key: string, value: string): void {
  sql.run('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value', key, value);
}
