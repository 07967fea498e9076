import { expect, it } from 'vitest';
import { CROWDED_REST, CROWDED_REST_MS } from '../../../src/worker/limits.ts';
import { restAfter } from '../../../src/worker/object/contention.worker.ts';

it('[MG80] of drains side by side each rests as often longer as there are, and no longer than it may', () => {
  expect([restAfter(4, 0), restAfter(4, 0), restAfter(4, 0)]).toEqual([4, 8, 12].map((ms) => ms * CROWDED_REST));
  // Two of them are over.
  expect(restAfter(4, 8 * CROWDED_REST)).toBe(8 * CROWDED_REST);
  expect(restAfter(4, 1_000_000)).toBe(4 * CROWDED_REST);
  expect(restAfter(4_000, 2_000_000)).toBe(CROWDED_REST_MS);
});
