import type { Command } from 'commander';
import { ask } from '../client.ts';
import { at } from '../clusters.ts';
import { moment } from '../moments.ts';
import { say, table } from '../output.ts';

interface Figures {
  requests: number;
  writes: number;
  bytes: number;
  awakeSeconds: number;
}
interface Hours {
  from: string;
  to: string;
  hours: (Figures & { hour: string })[];
  totals: Figures;
}
interface Page {
  items: (Figures & { cluster: string; name?: string })[];
  next?: string;
  totals: Figures;
}
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
  return { ...(o.from !== undefined && { from: moment(o.from) }), ...(o.to !== undefined && { to: moment(o.to) }) };
}

async function ofCluster(cluster: string, o: Options): Promise<void> {
  const found = await ask<Hours>('GET', `${at(cluster)}/usage?${new URLSearchParams(span(o))}`);
  const rows = found.hours.map(({ hour, ...figures }) => [hour, ...cells(figures)]);
  say(o.json, found, () => table([['HOUR', ...HEAD], ...rows, ['together', ...cells(found.totals)]]));
}

async function ofAccount(o: Options): Promise<void> {
  const items: Page['items'] = [];
  // Pages are of the same time, whenever they are asked for.
  const query = new URLSearchParams({ to: new Date().toISOString(), ...span(o) });
  let page: Page;
  do {
    page = await ask<Page>('GET', `/usage?${query}`);
    items.push(...page.items);
    query.set('after', page.next ?? '');
  } while (page.next !== undefined);
  const rows = items.map(({ cluster, name, ...figures }) => [name ?? cluster, ...cells(figures)]);
  say(o.json, { items, totals: page.totals }, () => table([['CLUSTER', ...HEAD], ...rows, ['together', ...cells(page.totals)]]));
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
