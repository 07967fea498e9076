import { describe, it } from 'vitest';
import { runWorld } from './world.ts';

const WORLDS_IN_CI = 200;
/** Worlds of one test: each has its own minute. */
const WORLDS_A_TEST = 25;
/** Seeds that failed once, with what was wrong. A new operation moves every seed: what they found has a unit test as well. */
const REGRESSIONS: [number, string][] = [
  [1, 'Events that were said before an idle time passed for new after it, and stayed for two hours'],
  [13, 'an alarm before the drain was done deleted Events that were only just said'],
  [15, 'so did the first alarm after a crash'],
  [25, 'a disk that failed under a reconcile took its key out of the queue for good (RC11)'],
  [31097, 'after a crash the scheduler counted the nodes of a waiting pod anew: it kept quiet when one was deleted'],
  [50757, 'Events of an idle time were dated twice, the second time as new, and stayed for two hours'],
  [206766, 'a node was cordoned after a pod had been refused for another reason'],
  [101039, 'a failure to count a request was taken for one that a client may notice, after another one came'],
];

describe('simulated worlds', () => {
  it.each(REGRESSIONS)('seed %i: %s', (seed) => runWorld(seed));

  const firsts = Array.from({ length: WORLDS_IN_CI / WORLDS_A_TEST }, (_, i) => 1 + i * WORLDS_A_TEST);
  it.each(firsts)(`${WORLDS_A_TEST} worlds from seed %i hold their invariants`, (first) => {
    for (let seed = first; seed < first + WORLDS_A_TEST; seed++) runWorld(seed);
  });
});
