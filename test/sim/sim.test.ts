import { describe, it } from 'vitest';
import { runWorld } from './world.ts';

const WORLDS_IN_CI = 200;
/** Seeds that failed once, with what was wrong. */
const REGRESSIONS: [number, string][] = [];

describe('simulated worlds', () => {
  it.each(REGRESSIONS)('seed %i: %s', (seed) => runWorld(seed));

  it(`${WORLDS_IN_CI} seeded worlds hold their invariants`, () => {
    for (let seed = 1; seed <= WORLDS_IN_CI; seed++) runWorld(seed);
  });
});
