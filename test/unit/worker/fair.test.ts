import { expect, it } from 'vitest';
import { CONTENDED_PAUSE_FACTOR, CONTENDED_PAUSE_MS } from '../../../src/worker/limits.ts';
import { restAfter } from '../../../src/worker/object/contention.worker.ts';

it('[MG80] of drains side by side each rests as often longer as there are, and no longer than it may', () => {
  expect([restAfter(4, 0), restAfter(4, 0), restAfter(4, 0)]).toEqual([4, 8, 12].map((ms) => ms * CONTENDED_PAUSE_FACTOR));
  // Two of them are over.
  expect(restAfter(4, 8 * CONTENDED_PAUSE_FACTOR)).toBe(8 * CONTENDED_PAUSE_FACTOR);
  expect(restAfter(4, 1_000_000)).toBe(4 * CONTENDED_PAUSE_FACTOR);
  expect(restAfter(4_000, 2_000_000)).toBe(CONTENDED_PAUSE_MS);
});
