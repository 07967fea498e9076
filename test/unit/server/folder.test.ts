import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openFolder } from '../../../src/server/folder.ts';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'atoll-'));
  folder = join(parent, 'data');
});
afterEach(() => rmSync(parent, { recursive: true }));

it('is made at the first start, and keeps its secrets to itself and over restarts', () => {
  const first = openFolder(folder);
  expect(first.operator).toMatch(/^atollp_[0-9A-Za-z]{49}$/);
  for (const name of ['secret', 'operator.token']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  first.release();
  const second = openFolder(folder);
  expect([second.secret, second.operator]).toEqual([first.secret, first.operator]);
  second.release();
});

it('serves one server at a time; the lock of a dead one is nobody’s', () => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'server.pid'), '1\n');
  expect(() => openFolder(folder)).toThrow(/a server \(process 1\) is using the data folder/);
  writeFileSync(join(folder, 'server.pid'), '999999999\n');
  openFolder(folder).release();
});

it('refuses a folder of somebody else and leaves it as it was', () => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'thesis.tex'), 'x');
  expect(() => openFolder(folder)).toThrow(/holds files that are not Atoll's \(thesis.tex\)/);
  expect(() => statSync(join(folder, 'atoll.json'))).toThrow();
  expect(() => statSync(join(folder, 'server.pid'))).toThrow();
});

it('refuses a file, a place that cannot be written, another format and a damaged marker', () => {
  writeFileSync(folder, 'a file');
  expect(() => openFolder(folder)).toThrow(/is not a folder/);
  expect(() => openFolder('/proc/atoll')).toThrow(/cannot be written/);
  rmSync(folder);
  openFolder(folder).release();
  writeFileSync(join(folder, 'atoll.json'), '{"format":2}');
  expect(() => openFolder(folder)).toThrow(/has format 2; this version of Atoll knows format 1/);
  writeFileSync(join(folder, 'atoll.json'), 'x');
  expect(() => openFolder(folder)).toThrow(/is damaged/);
});

it('finds a corrupt database before it is served', () => {
  openFolder(folder).release();
  const store = join(folder, 'clusters', 'atoll-ClusterDO');
  mkdirSync(store, { recursive: true });
  writeFileSync(join(store, 'abc.sqlite'), 'garbage, garbage');
  expect(() => openFolder(folder)).toThrow(/the database .*abc\.sqlite is corrupt/);
  expect(readFileSync(join(store, 'abc.sqlite'), 'utf8')).toBe('garbage, garbage');
});
