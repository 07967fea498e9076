import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { scriptOf, SIMULATE } from '../../../src/runtimes/simulated/behaviour.ts';
import { FIELDS } from '../../../src/runtimes/simulated/fields.ts';
import type { KubeObject } from '../../../src/lib/json.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const readme = read('README.md');
const page = read('docs/what-pods-do.md');
const podWith = (json: string) => ({ metadata: { annotations: { [SIMULATE]: json } } }) as unknown as KubeObject;

it('[KUB4] the page about pods has every key of atoll.dev/simulate, and no other', () => {
  const [, table] = /\| key \| meaning \| default \|\n\|---\|---\|---\|\n((?:\|.*\n)+)/.exec(page) ?? [];
  const told = table.split('\n').flatMap((row) => (row.split('|')[1] ?? '').match(/\w+/g) ?? []);
  // What containers use is read by the part that measures it (SIM21).
  expect(told.sort()).toEqual([...Object.keys(FIELDS), 'containers', 'images', 'labels', 'oneOf', 'cpu', 'memory'].sort());
});

it.each([
  ['README.md', readme],
  ['docs/what-pods-do.md', page],
])('every annotation that %s shows is understood', (_name, text) => {
  const shown = [...text.matchAll(/atoll\.dev\/simulate(?:=|: )'?(\{.*\})'/g)].map(([, json]) => json);
  expect(shown.length).toBeGreaterThan(2);
  for (const json of shown) {
    const pod = podWith(json);
    expect(() => JSON.parse(json)).not.toThrow();
    expect(scriptOf(pod, pod).warning, json).toBeUndefined();
  }
});
