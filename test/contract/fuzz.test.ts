import { expect, it } from 'vitest';
import { fuzzCluster } from '../fuzz/cluster.ts';
import { fuzzManagement } from '../fuzz/management.ts';

/** Some batches; `npm run fuzz` makes thousands of requests, and some to a real server. */
const REQUESTS = 100;

it.each([1, 2, 3, 4])('[MG67] whatever a cluster is asked, it answers, and nothing is half written: seed %i', (seed) => {
  expect(fuzzCluster(seed, REQUESTS)).toEqual([]);
});

it.each([1, 2])('[MG67] whatever management is asked, it answers, and nothing is half written: seed %i', async (seed) => {
  expect(await fuzzManagement(seed, REQUESTS)).toEqual([]);
});
