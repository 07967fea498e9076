import type { Sqlite } from '../lib/sqlite-port.ts';

/** An object's key; keys are ordered by resource, namespace and name. */
export interface ObjectKey {
  resource: string;
  namespace: string;
  name: string;
}

/** An object that lived at a revision: its state's revision, and the bytes of it. */
export type Lived = { resource: string; namespace: string; name: string; rev: number; bytes: number };

/** How many objects live. */
export const countLive = (sql: Sqlite): number => sql.all<{ total: number }>('SELECT count(*) AS total FROM heads')[0].total;

/** The checkpoints of the log, as JSON. */
export const packCheckpoints = (sql: Sqlite): string =>
  sql.all<{ packed: string }>('SELECT json_group_array(json_array(rev, at)) AS packed FROM checkpoints')[0].packed;

/**
 * The first `limit` keys after `after` that lived at a revision: today's that have not changed since, and of those that have, the state before
 * the first change.
 */
export function keysAt(sql: Sqlite, revision: number, after: ObjectKey, limit: number): Lived[] {
  const { resource, namespace, name } = after;
  return sql.all<Lived>(
    `WITH changed AS (SELECT min(rev) AS rev, resource, namespace, name FROM log WHERE rev > ?1 GROUP BY resource, namespace, name),
       lived AS (
         SELECT resource, namespace, name, rev FROM heads WHERE rev <= ?1 AND (resource, namespace, name) > (?2, ?3, ?4)
         UNION ALL
         SELECT l.resource, l.namespace, l.name, l.prev AS rev FROM changed c JOIN log l ON l.rev = c.rev
           WHERE l.prev IS NOT NULL AND (l.resource, l.namespace, l.name) > (?2, ?3, ?4)
         ORDER BY resource, namespace, name LIMIT ?5)
     SELECT v.resource AS resource, v.namespace AS namespace, v.name AS name, v.rev AS rev, octet_length(l.json) AS bytes
       FROM lived v JOIN log l ON l.rev = v.rev ORDER BY v.resource, v.namespace, v.name`,
    revision,
    resource,
    namespace,
    name,
    limit,
  );
}

/** The text of one state. */
export const textAt = (sql: Sqlite, rev: number): string =>
  sql.all<{ json: string }>('SELECT json FROM log WHERE rev = ?', rev)[0].json;

/** States of these revisions, as JSON. */
export const packStates = (sql: Sqlite, revisions: readonly number[]): string =>
  sql.all<{ packed: string }>(
    `SELECT json_group_array(json_array(rev, resource, namespace, name, json)) AS packed FROM log
       WHERE rev IN (SELECT value FROM json_each(?))`,
    JSON.stringify(revisions),
  )[0].packed;

export function takeCheckpoints(sql: Sqlite, packed: string): void {
  sql.run('INSERT INTO checkpoints (rev, at) SELECT value ->> 0, value ->> 1 FROM json_each(?)', packed);
}

/** Writes packed states by one statement each: the heads follow by their trigger, the owners are read from the objects. */
export function takeStates(sql: Sqlite, packed: string): void {
  sql.run(
    `INSERT INTO log (rev, type, resource, namespace, name, prev, json)
       SELECT value ->> 0, 0, value ->> 1, value ->> 2, value ->> 3, NULL, value ->> 4 FROM json_each(?)`,
    packed,
  );
  sql.run(
    `INSERT OR IGNORE INTO refs (owner, resource, namespace, name)
       SELECT o.value ->> '$.uid', r.value ->> 1, r.value ->> 2, r.value ->> 3
         FROM json_each(?) r, json_each(r.value ->> 4, '$.metadata.ownerReferences') o
         WHERE instr(r.value ->> 4, '"ownerReferences"') > 0`,
    packed,
  );
}

/** Writes one state that is too large to be packed. */
export function takeState(
  sql: Sqlite,
  { rev, resource, namespace, name, json }: ObjectKey & { rev: number; json: string },
): void {
  sql.run(
    'INSERT INTO log (rev, type, resource, namespace, name, prev, json) VALUES (?, 0, ?, ?, ?, NULL, ?)',
    rev,
    resource,
    namespace,
    name,
    json,
  );
  sql.run(
    `INSERT OR IGNORE INTO refs (owner, resource, namespace, name)
       SELECT value ->> '$.uid', ?, ?, ? FROM json_each(?, '$.metadata.ownerReferences')`,
    resource,
    namespace,
    name,
    json,
  );
}
