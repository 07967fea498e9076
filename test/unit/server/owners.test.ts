import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { ownersIn } from '../../../src/server/owners.ts';

const MIGRATIONS = new URL('../../../migrations/', import.meta.url);

let folder = '';
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('[MG80] tells whose a cluster or a token is as soon as D1 has it, and of all others the same', () => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-'));
  const owner = ownersIn(folder);
  expect(owner('a'), 'there is no database yet').toBe('');
  const inside = join(folder, 'miniflare-D1DatabaseObject');
  mkdirSync(inside);
  writeFileSync(join(inside, 'metadata.sqlite'), 'not this one');
  const database = new DatabaseSync(join(inside, '0f0f.sqlite'));
  database.exec('PRAGMA journal_mode = WAL');
  /** Adds a row; columns that do not matter here are empty. */
  const add = (table: string, values: Record<string, string>): void => {
    const columns = database.prepare('SELECT name FROM pragma_table_info(?) WHERE "notnull" AND dflt_value IS NULL').all(table);
    const row: Record<string, string> = { ...Object.fromEntries(columns.map(({ name }) => [name, ''])), ...values };
    const marks = Object.keys(row).map(() => '?');
    database.prepare(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${marks})`).run(...Object.values(row));
  };
  expect(owner('a'), 'it has no clusters yet').toBe('');
  for (const name of readdirSync(MIGRATIONS).sort())
    if (name.endsWith('.sql')) database.exec(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
  add('accounts', { id: 'one', name: 'one' });
  add('accounts', { id: 'two', name: 'two' });
  add('clusters', { id: 'a', name: 'a', account_id: 'one' });
  add('clusters', { id: 'b', name: 'b', account_id: 'two' });
  expect([owner('a'), owner('b'), owner('made-up'), owner('')]).toEqual(['one', 'two', '', '']);
  add('clusters', { id: 'c', name: 'c', account_id: 'one' });
  expect(owner('c')).toBe('one');
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  add('tokens', { id: 't', account_id: 'two', hash: hash('atoll_x'), former_hash: hash('atoll_old') });
  add('people', { id: 'alice' });
  add('sessions', { id: 's', person_id: 'alice', hash: hash('atolls_y') });
  const bearers = ['Bearer atoll_x', 'bearer  atoll_old', 'Bearer atolls_y', 'Bearer unknown', 'Basic atoll_x', ''];
  expect(bearers.map((bearer) => owner(`management ${bearer}`))).toEqual(['two', 'two', 'person alice', '', '', '']);
  database.close();
});
