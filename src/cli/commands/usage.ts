import type { Command } from 'commander';
import { account } from '../api.ts';
import type { Result, RequestInput } from '../../client/types.ts';
import { CLUSTER } from '../clusters.ts';
import { parseTime } from '../times.ts';
import { print, table } from '../output.ts';

const USAGE = '/v1/accounts/:account/usage';
type Totals = Result<'get', typeof USAGE>;
type OfCluster = Extract<Totals['items'][number], { cluster: string }>;
type Figures = Totals['totals'];
interface Options {
  from?: string;
  to?: string;
  json?: boolean;
}

const MIB = 1024 * 1024;
const HEAD = ['REQUESTS', 'WRITES', 'STORED', 'AWAKE'];

const cells = ({ requests, writes, bytes, awakeSeconds }: Figures): string[] => [
  String(requests),
  String(writes),
  `${(bytes / MIB).toFixed(1)} MiB`,
  `${awakeSeconds} s`,
];

function span(o: Options): Record<string, string> {
  return { ...(o.from !== undefined && { from: parseTime(o.from) }), ...(o.to !== undefined && { to: parseTime(o.to) }) };
}

async function ofCluster(cluster: string, o: Options): Promise<void> {
  const found = await account().get(`${CLUSTER}/usage`, { param: { cluster }, query: span(o) });
  const rows = found.hours.map(({ hour, ...figures }) => [hour, ...cells(figures)]);
  print(o.json, found, () => table([['HOUR', ...HEAD], ...rows, ['together', ...cells(found.totals)]]));
}

async function ofAccount(o: Options): Promise<void> {
  // Fixed end, so that all pages cover the same range.
  const query: RequestInput<'get', typeof USAGE>['query'] = { to: new Date().toISOString(), ...span(o) };
  const items: OfCluster[] = [];
  let page: Totals;
  do {
    page = await account().get(USAGE, { query });
    items.push(...page.items.filter((item) => 'cluster' in item));
    query.after = page.next;
  } while (page.next !== undefined);
  const { totals } = page;
  const rows = items.map(({ cluster, name, ...figures }) => [name ?? cluster, ...cells(figures)]);
  print(o.json, { items, totals }, () => table([['CLUSTER', ...HEAD], ...rows, ['together', ...cells(totals)]]));
}

/** `atoll usage [CLUSTER]` */
export function usageCommands(program: Command): void {
  program
    .command('usage [cluster]')
    .description('what the account or a cluster was used for; of a cluster by the hour')
    .option('--from <time>', 'not before: a time, or how long ago (30m, 2d); default a day')
    .option('--to <time>', 'not after')
    .option('--json', 'print JSON')
    .action((cluster: string | undefined, o: Options) => (cluster === undefined ? ofAccount(o) : ofCluster(cluster, o)));
}
