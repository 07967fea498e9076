import { expect, it } from 'vitest';
import { CONTENDED_PAUSE_FACTOR, CONTENDED_PAUSE_MS } from '../../../src/worker/limits.ts';
import { pauseAfter } from '../../../src/worker/object/contention.worker.ts';

it('[MG80] of drains side by side each rests as often longer as there are, and no longer than it may', () => {
  expect([pauseAfter(4, 0), pauseAfter(4, 0), pauseAfter(4, 0)]).toEqual([4, 8, 12].map((ms) => ms * CONTENDED_PAUSE_FACTOR));
  // Two of them are over.
  expect(pauseAfter(4, 8 * CONTENDED_PAUSE_FACTOR)).toBe(8 * CONTENDED_PAUSE_FACTOR);
  expect(pauseAfter(4, 1_000_000)).toBe(4 * CONTENDED_PAUSE_FACTOR);
  expect(pauseAfter(4_000, 2_000_000)).toBe(CONTENDED_PAUSE_MS);
});
