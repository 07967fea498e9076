import type { Command } from 'commander';
import { account } from '../api.ts';
import type { RequestInput } from '../../client/types.ts';
import { CLUSTER } from '../clusters.ts';
import { Failure } from '../../local/failure.ts';
import { changeDocument } from '../document.ts';
import { parseTime } from '../times.ts';
import { table } from '../output.ts';

const POLICY = `${CLUSTER}/audit-policy` as const;

/** Default number of entries. */
const SHOWN = 50;

interface Entry {
  at: string;
  actor: { type: string; name: string };
  action: string;
  target: Record<string, string>;
  status: number;
}

interface Event {
  auditID: string;
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  stage: string;
  verb: string;
  requestURI: string;
  user: { username?: string };
  impersonatedUser?: { username: string };
  responseStatus?: { code?: number };
}

interface Options {
  from?: string;
  to?: string;
  limit?: string;
  json?: boolean;
}

function most(o: Options): number {
  const limit = Number(o.limit ?? SHOWN);
  if (!Number.isInteger(limit) || limit < 1) throw new Failure(`--limit is "${o.limit}", which is no number of entries`, 2);
  return limit;
}

const span = (o: Options) => ({
  ...(o.from !== undefined && { from: parseTime(o.from) }),
  ...(o.to !== undefined && { to: parseTime(o.to) }),
});

/** The newest entries, the last one of each key: a request has an event for every stage, and is one line. */
export class LatestByKey<T> {
  readonly #limit: number;
  readonly #key: (entry: T) => string;
  readonly #entries = new Map<string, T>();

  constructor(limit: number, key: (entry: T) => string) {
    this.#limit = limit;
    this.#key = key;
  }

  add(entry: T): void {
    const key = this.#key(entry);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  all(): T[] {
    return [...this.#entries.values()];
  }
}

/** Prints all entries as JSON lines, or the newest for people. */
async function printLog<T>(
  lines: AsyncIterable<string>,
  o: Options,
  key: (entry: T) => string,
  show: (entries: T[]) => string,
): Promise<void> {
  const limit = o.json && o.limit === undefined ? Number.POSITIVE_INFINITY : most(o);
  const newest = new LatestByKey(limit, key);
  let count = 0;
  for await (const line of lines) {
    if (o.json) {
      if (count++ >= limit) return;
      process.stdout.write(`${line}\n`);
      continue;
    }
    newest.add(JSON.parse(line) as T);
  }
  const found = newest.all();
  if (!o.json) process.stdout.write(`${found.length ? show(found) : 'nothing'}\n`);
}

/** Key of an event's request: clients choose ids, and may repeat them. */
export const requestOf = (e: Pick<Event, 'auditID' | 'requestReceivedTimestamp'>): string =>
  `${e.auditID} ${e.requestReceivedTimestamp}`;

function eachOnItsOwn(): () => string {
  let n = 0;
  return () => String(n++);
}

const about = (target: Entry['target']): string =>
  Object.entries(target)
    .filter(([key]) => key !== 'account')
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

const entries = (found: Entry[]): string =>
  table([
    ['AT', 'WHO', 'WHAT', 'STATUS', 'ABOUT'],
    ...found.map((e) => [e.at, `${e.actor.type}:${e.actor.name}`, e.action, String(e.status), about(e.target)]),
  ]);

const events = (found: Event[]): string =>
  table([
    ['AT', 'USER', 'VERB', 'CODE', 'REQUEST'],
    ...found.map((e) => [
      e.stageTimestamp,
      e.impersonatedUser ? `${e.user.username} as ${e.impersonatedUser.username}` : (e.user.username ?? '-'),
      e.verb || '-',
      String(e.responseStatus?.code ?? '-'),
      e.requestURI,
    ]),
  ]);

async function show(cluster: string | undefined, o: Options): Promise<void> {
  const api = account();
  if (cluster === undefined) {
    await printLog<Entry>(
      api.lines('/v1/accounts/:account/audit', { query: { ...span(o), order: 'asc' } }),
      o,
      eachOnItsOwn(),
      entries,
    );
  } else {
    await printLog<Event>(api.lines(`${CLUSTER}/audit`, { param: { cluster }, query: span(o) }), o, requestOf, events);
  }
}

type Policy = RequestInput<'put', typeof POLICY>['json'];

function policy(cluster: string, file: string | undefined, o: { off?: boolean; json?: boolean }): Promise<void> {
  const [api, at] = [account(), { param: { cluster } }];
  const document = {
    field: 'policy',
    name: 'a policy',
    get: () => api.get(POLICY, at),
    put: (json: Policy) => api.put(POLICY, { ...at, json }),
    delete: () => api.delete(POLICY, at),
    removed: `cluster ${cluster} writes no audit log any more`,
    taken: ({ warnings }: { warnings: string[] }, from: string) => {
      for (const warning of warnings) process.stderr.write(`atoll: ${from}: ${warning}, left out\n`);
      return `cluster ${cluster} writes an audit log: "atoll audit ${cluster}"`;
    },
  };
  return changeDocument(document, cluster, file, o);
}

/** `atoll audit ...` and `atoll cluster audit-policy ...`. */
export function auditCommands(program: Command): void {
  program
    .command('audit [cluster]')
    .description('who did what in the account, or in a cluster that has an audit policy')
    .option('--from <time>', 'not before: a time, or how long ago (30m, 2d)')
    .option('--to <time>', 'not after')
    .option('--limit <n>', `the newest so many (default ${SHOWN}); with --json the first so many (default all)`)
    .option('--json', 'print JSON lines')
    .action(show);
  program.commands
    .find((command) => command.name() === 'cluster')
    ?.command('audit-policy <cluster> [file]')
    .description("what a cluster writes into its Kubernetes audit log: show it, or take it from a file ('-': standard input)")
    .option('--off', 'stop writing')
    .option('--json', 'print JSON')
    .action(policy);
}
