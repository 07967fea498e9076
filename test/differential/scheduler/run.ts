import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compare, type Difference } from './ours.ts';
import { Reference } from './reference.ts';
import type { Recorded } from './record.ts';
import { worldOf } from './world.ts';

const USAGE = `npm run diff:scheduler -- --reference KUBECONFIG [--metrics URL] [--worlds 2000] [--seed 1] [--record FILE]
npm run diff:scheduler -- --replay FILE [--seed SEED]

The reference is a kube-apiserver without controllers and without the admission plugins TaintNodesByCondition,
StorageObjectInUseProtection and ServiceAccount, and one kube-scheduler; nothing else may use them. --metrics is the scheduler's own
/metrics. --record keeps the answers, so that --replay asks our scheduler again without a reference.`;

/** Shares of equal worlds that are enough. */
const ENOUGH = 0.995;

function* recorded(file: string, seed: number | undefined): Generator<Recorded> {
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (!line) continue;
    const world: Recorded = JSON.parse(line);
    if (seed === undefined || world.seed === seed) yield world;
  }
}

async function* asked(kubeconfig: string, metrics: string | undefined, seed: number, worlds: number, file: string | undefined) {
  const reference = new Reference(kubeconfig, metrics);
  await reference.open();
  if (file) writeFileSync(file, '');
  for (let i = 0; i < worlds; i++) {
    const world = await reference.record(worldOf(seed + i)).catch(async (error: unknown) => {
      console.log(`seed ${seed + i} is no world: ${error}`);
      await reference.clean();
    });
    if (!world) continue;
    if (file) appendFileSync(file, `${JSON.stringify(world)}\n`);
    yield world;
  }
  reference.close();
}

/** Compares world by world and says what differs; the exit code says whether it is little enough. */
async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { reference: text, metrics: text, worlds: text, seed: text, record: text, replay: text },
  });
  const { reference, metrics, record, replay } = values;
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  if (!reference && !replay) {
    console.log(USAGE);
    return 2;
  }
  const worlds = replay
    ? recorded(replay, seed)
    : asked(reference ?? '', metrics, seed ?? 1, Number(values.worlds ?? 2000), record);
  let count = 0;
  let equal = 0;
  let steps = 0;
  const kinds = new Map<string, number>();
  for await (const world of worlds) {
    const differences = compare(world);
    count++;
    steps += world.steps.length;
    if (!differences.length) equal++;
    const [first] = differences;
    if (first) kinds.set(first.what, (kinds.get(first.what) ?? 0) + 1);
    for (const difference of differences) console.log(line(difference));
    if (count % 100 === 0) console.log(`${count} worlds, ${equal} equal`);
  }
  console.log(
    `${count} worlds, ${steps} steps: ${equal} equal (${((100 * equal) / count).toFixed(2)} %)`,
    Object.fromEntries(kinds),
  );
  return equal / count >= ENOUGH ? 0 : 1;
}

const line = ({ seed, step, pod, what, ours, theirs }: Difference): string =>
  `seed ${seed} step ${step} ${pod} ${what}\n  ours   ${JSON.stringify(ours)}\n  theirs ${JSON.stringify(theirs)}`;

process.exitCode = await main();
