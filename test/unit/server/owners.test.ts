import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { ownersIn } from '../../../src/server/owners.ts';

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
  expect(owner('a'), 'it has no clusters yet').toBe('');
  database.exec(`CREATE TABLE clusters (id TEXT PRIMARY KEY, account_id TEXT);
    CREATE TABLE tokens (hash TEXT, former_hash TEXT, account_id TEXT);
    CREATE TABLE sessions (hash TEXT, person_id TEXT);
    INSERT INTO clusters VALUES ('a', 'one'), ('b', 'two')`);
  expect([owner('a'), owner('b'), owner('made-up'), owner('')]).toEqual(['one', 'two', '', '']);
  database.exec("INSERT INTO clusters VALUES ('c', 'one')");
  expect(owner('c')).toBe('one');
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  database.prepare('INSERT INTO tokens VALUES (?, ?, ?)').run(hash('atoll_x'), hash('atoll_old'), 'two');
  database.prepare('INSERT INTO sessions VALUES (?, ?)').run(hash('atolls_y'), 'alice');
  const bearers = ['Bearer atoll_x', 'bearer  atoll_old', 'Bearer atolls_y', 'Bearer unknown', 'Basic atoll_x', ''];
  expect(bearers.map((bearer) => owner(`management ${bearer}`))).toEqual(['two', 'two', 'person alice', '', '', '']);
  database.close();
});
