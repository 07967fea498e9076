import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import upstream from '../../golden/controllers.json' with { type: 'json' };

const at = (path: string) => new URL(`../../../${path}`, import.meta.url);
const page = readFileSync(at('docs/controllers.md'), 'utf8');
const rows = page.split('\n').flatMap((line) => {
  const [, name, here] = line.split('|').map((cell) => cell.trim());
  return name?.endsWith('-controller') ? [{ name, here }] : [];
});
const folders = readdirSync(at('src/controllers'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'shared')
  .map(({ name }) => name);

it('[CTL300] every controller of kube-controller-manager has a row, and no other', () => {
  expect(rows.map(({ name }) => name)).toEqual(upstream);
});

it('[CTL300] a row names folders that are there, and every folder is named', () => {
  const named = new Set(
    rows.flatMap(({ here }) => (/^[a-z-]+(?:, [a-z-]+)*$/.test(here) && here !== 'none' ? here.split(', ') : [])),
  );
  expect([...named].filter((name) => !folders.includes(name))).toEqual([]);
  expect(folders.filter((name) => !named.has(name) && !page.includes(`\`${name}\``))).toEqual([]);
});
