import { expect, it } from 'vitest';
import { ClusterDoorman } from '../isolation/cluster-matrix.ts';

const SHOWN = 20;
/** A part of the matrix; `test/isolation` asks for all of it. Coprime to the number of users and of requests a kind. */
const EVERY = 11;
const doorman = new ClusterDoorman(EVERY);

it.each(doorman.groups())('[MG64] %s: everybody, every verb, every subresource, every scope', (_, asks) => {
  doorman.deviations.length = 0;
  for (const ask of asks) doorman.ask(ask);
  expect(doorman.deviations.slice(0, SHOWN)).toEqual([]);
});
