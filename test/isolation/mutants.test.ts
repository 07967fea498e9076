import { afterAll, expect, it } from 'vitest';
import { Lab } from './mutants.ts';
import { MUTATIONS } from './mutations.ts';

/** Some of the holes; `npm run mutants` makes them all. */
const SOME = ['the level is not asked', "a cluster is found in anybody's account", 'a revoked credential is remembered'];
const lab = new Lab();
afterAll(() => lab.dispose());

it.each(SOME)('[MG66] the matrix notices a hole: %s', (name) => {
  const mutation = MUTATIONS.find((m) => m.name === name);
  expect(mutation && lab.try(mutation).by).toMatch(/^\[MG6/);
});
