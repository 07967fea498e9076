/**
 * `npm run sim -- --worlds 10000 [--from 1] [--steps N]` or `-- --seed N`: seeded worlds by hand. Failures print a line that
 * replays them; every so many worlds a line says how far it is.
 */
import { parseArgs } from 'node:util';
import { runWorld, STEPS } from './world.ts';

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    steps: { type: 'string', default: String(STEPS) },
  },
});
const WORLDS_A_LINE = 250;
const steps = Number(values.steps);
const first = Number(values.seed ?? values.from);
const last = values.seed === undefined ? first + Number(values.worlds) - 1 : first;
const failed: number[] = [];
const start = performance.now();
for (let seed = first; seed <= last; seed++) {
  try {
    runWorld(seed, steps);
  } catch (error) {
    failed.push(seed);
    console.error(values.seed === undefined ? (error as Error).message : error);
  }
  const done = seed - first + 1;
  if (done % WORLDS_A_LINE === 0) console.log(`${done} worlds, ${failed.length} failed`);
}
const seconds = ((performance.now() - start) / 1000).toFixed(1);
console.log(
  `${last - first + 1} worlds in ${seconds} s, ${failed.length} failed${failed.length ? `: seeds ${failed.join(' ')}` : ''}`,
);
process.exit(failed.length ? 1 : 0);
