import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compare } from '../../differential/scheduler/ours.ts';
import type { Recorded } from '../../differential/scheduler/record.ts';

const worlds: Recorded[] = readFileSync(new URL('../../fixtures/scheduler-worlds.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

/** Recorded by `npm run diff:scheduler`: every sentence, node and victim is kube-scheduler's own. */
describe('[SCH12] worlds that kube-scheduler decided on', () => {
  it.each(worlds.map((world) => [world.seed, world] as const))('seed %i', (_, world) => {
    expect(compare(world)).toEqual([]);
  });

  it('would show a difference', () => {
    const [world] = worlds;
    const [step] = world.steps;
    const [name] = Object.keys(step.after);
    const after = { ...step.after, [name]: { ...step.after[name], node: 'another' } };
    expect(compare({ ...world, steps: [{ ...step, after }] })).toMatchObject([{ pod: name, what: 'node', theirs: 'another' }]);
  });
});
