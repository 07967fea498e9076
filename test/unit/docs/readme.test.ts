import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { behaviourOf, SIMULATE } from '../../../src/runtimes/simulated/behaviour.ts';
import type { KubeObject } from '../../../src/lib/json.ts';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

it('[KUB4] the README has every key of atoll.dev/simulate, and no other', () => {
  const [, table] = /\| key \| meaning \| default \|\n\|---\|---\|---\|\n((?:\|.*\n)+)/.exec(readme) ?? [];
  const told = table.split('\n').flatMap((row) => (row.split('|')[1] ?? '').match(/\w+/g) ?? []);
  const object = { metadata: { annotations: { [SIMULATE]: '{"exitCode":1}' } } } as unknown as KubeObject;
  // What containers use is read by the part that measures it (SIM21).
  expect(told.filter((key) => key !== 'cpu' && key !== 'memory').sort()).toEqual(Object.keys(behaviourOf(object, object)).sort());
});

it('every annotation that the README shows is understood', () => {
  const shown = [...readme.matchAll(/atoll\.dev\/simulate=(\{.*?\})'/g)].map(([, json]) => json);
  expect(shown.length).toBeGreaterThan(2);
  for (const json of shown) {
    const object = { metadata: { annotations: { [SIMULATE]: json } } } as unknown as KubeObject;
    expect(behaviourOf(object, object)).toMatchObject(JSON.parse(json));
  }
});
