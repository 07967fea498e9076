import { expect, it } from 'vitest';
import { ClusterDoorman } from './cluster-matrix.ts';

const SHOWN = 20;
const doorman = new ClusterDoorman();

it.each(doorman.groups())('[MG64] %s: everybody, every verb, every subresource, every scope', (_, asks) => {
  doorman.deviations.length = 0;
  for (const ask of asks) doorman.ask(ask);
  expect(doorman.deviations.slice(0, SHOWN)).toEqual([]);
});

it('[MG64] it was all of them', () => {
  const requests = doorman.groups().reduce((n, [, asks]) => n + asks.length, 0);
  expect(doorman.cells).toBe(requests * doorman.users.length);
  console.log(`${doorman.cells} cells: ${requests} requests of ${doorman.users.length} users`);
});
