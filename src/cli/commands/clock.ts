import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { RequestInput, Result } from '../../client/types.ts';
import { durationMs } from '../../lib/duration.ts';
import { account } from '../api.ts';
import { CLUSTER, currentCluster } from '../clusters.ts';
import { print, withProgress } from '../output.ts';

const CLOCK = `${CLUSTER}/clock` as const;
type Clock = Result<'get', typeof CLOCK>;
type Change = RequestInput<'post', typeof CLOCK>['json'];

/** Polling interval of an advance, ms. */
const LOOK_MS = 250;

interface Options {
  cluster?: string;
  json?: boolean;
}

const wordsOf = ({ mode, state, now, until, speed }: Clock): string => {
  if (mode === 'real') return `${now} (the wall clock)`;
  if (state === 'advancing') return `${now}, advancing to ${until}`;
  return state === 'running' ? `${now}, running ${speed} times as fast as the wall clock` : `${now}, standing`;
};

const paramOf = async (o: Options) => ({ param: { cluster: o.cluster ?? (await currentCluster()) } });

async function show(o: Options): Promise<void> {
  const clock = await account().get(CLOCK, await paramOf(o));
  print(o.json, clock, () => wordsOf(clock));
}

const change = async (o: Options, json: Change): Promise<Clock> => account().post(CLOCK, { ...(await paramOf(o)), json });

async function tell(o: Options, json: Change): Promise<void> {
  const clock = await change(o, json);
  print(o.json, clock, () => wordsOf(clock));
}

/** Advances, and waits until the cluster has lived through the span. */
async function advance(span: string, o: Options & { wait?: boolean }): Promise<void> {
  let clock = await change(o, { advance: span });
  const work = async () => {
    while (o.wait !== false && clock.state === 'advancing') {
      await sleep(LOOK_MS);
      clock = await account().get(CLOCK, await paramOf(o));
    }
  };
  await withProgress(() => `${clock.now} of ${clock.until ?? clock.now}`, work());
  print(o.json, clock, () => wordsOf(clock));
}

function span(text: string): string {
  if (durationMs(text) === undefined) throw new InvalidArgumentError('a span is written like 90s, 2h or 1d12h.');
  return text;
}

function speed(text: string): number {
  const times = Number(text);
  if (!(times > 0) || !Number.isFinite(times)) throw new InvalidArgumentError('a number above 0 is needed.');
  return times;
}

/** `atoll clock ...`: the time of a cluster. */
export function clockCommands(program: Command): void {
  const group = program
    .command('clock')
    .description('the time of a cluster, which can be the learner\'s: see "cluster create --clock virtual"');
  const command = (words: string, description: string) =>
    group
      .command(words)
      .description(description)
      .option('-c, --cluster <name>', 'which cluster (default: the one of "atoll kubectl")')
      .option('--json', 'print JSON');
  command('show', 'show what the clock shows').action(show);
  command('advance', 'live through a span of time as fast as possible: 90s, 24h, 1d12h')
    .argument('<span>', 'how far', span)
    .option('--no-wait', 'do not wait until the span is over')
    .action(advance);
  command('run', 'let time pass by itself')
    .requiredOption('--speed <times>', 'seconds that pass in the cluster in one second', speed)
    .action((o: Options & { speed: number }) => tell(o, { speed: o.speed }));
  command('stop', 'let time stand still, in the middle of an advance too').action((o: Options) => tell(o, { stop: true }));
}
