import { type Command, Option } from 'commander';
import { type Level, LEVELS } from '../../management/http/access.ts';
import { account, asCaller } from '../api.ts';
import type { Item } from '../../client/types.ts';
import { label, lifetime, overlap } from '../durations.ts';
import { age, print, table } from '../output.ts';
import { isLocal, keepLocalToken } from '../../local/settings.ts';

const TOKENS = '/v1/accounts/:account/tokens';
const TOKEN = `${TOKENS}/:token` as const;
type Token = Item<typeof TOKENS>;

interface CreateOptions {
  scope?: Level;
  cluster?: string[];
  label?: Record<string, string>;
  expires?: number;
  json?: boolean;
}

async function create(name: string, o: CreateOptions): Promise<void> {
  const json = {
    name,
    ...(o.scope !== undefined && { scope: o.scope }),
    ...(o.cluster && { clusters: o.cluster }),
    ...(o.label && { labels: o.label }),
    ...(o.expires !== undefined && { expiresIn: o.expires }),
  };
  const made = await account().post(TOKENS, { json });
  print(o.json, made, () => `token ${name}, shown this once: ${made.token}`);
}

function reachOf({ clusters, labels }: Token): string {
  const parts = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  if (clusters) parts.unshift(`${clusters.length} cluster${clusters.length === 1 ? '' : 's'}`);
  return parts.join(',') || 'all';
}

async function list(o: { json?: boolean }): Promise<void> {
  const items = await account().all(TOKENS);
  const row = (t: Token) => [
    t.name,
    t.scope,
    reachOf(t),
    t.hint,
    age(t.createdAt),
    t.lastUsedAt === undefined ? 'never' : `${age(t.lastUsedAt)} ago`,
    t.expiresAt ?? 'never',
    t.id,
  ];
  print(o.json, items, () => table([['NAME', 'SCOPE', 'REACHES', 'BEGINS', 'AGE', 'USED', 'EXPIRES', 'ID'], ...items.map(row)]));
}

async function update(id: string, o: { name?: string; expires?: number | false; json?: boolean }): Promise<void> {
  const expiresAt = typeof o.expires === 'number' ? new Date(Date.now() + o.expires * 1000).toISOString() : undefined;
  const json = {
    ...(o.name !== undefined && { name: o.name }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(o.expires === false && { expiresAt: null }),
  };
  const changed = await account().patch(TOKEN, { param: { token: id }, json });
  print(o.json, changed, () => `token ${changed.name} changed`);
}

async function rotate(id: string, o: { overlap?: number; revokeCredentials?: boolean; json?: boolean }): Promise<void> {
  const json = {
    ...(o.overlap !== undefined && { overlapSeconds: o.overlap }),
    ...(o.revokeCredentials && { revokeCredentials: true }),
  };
  const own = isLocal() && (await asCaller().get('/v1/me')).id === id;
  const made = await account().post(`${TOKEN}/rotate`, { param: { token: id }, json });
  // Otherwise the CLI would lose access to the local account.
  if (own) keepLocalToken(made.token);
  print(o.json, made, () => `token ${made.name}, its new secret shown this once: ${made.token}`);
}

async function remove(id: string, o: { json?: boolean }): Promise<void> {
  await account().delete(TOKEN, { param: { token: id } });
  print(o.json, { id, deleted: true }, () => 'token deleted, and the credentials of clusters that it made');
}

const more = (value: string, before: string[] = []): string[] => [...before, value];

/** `atoll token ...` */
export function tokenCommands(program: Command): void {
  const token = program.command('token').description("the account's API tokens");
  token
    .command('create <name>')
    .description('make a token')
    .addOption(new Option('--scope <scope>', 'what it may do (default write)').choices(LEVELS))
    .option('--cluster <cluster>', 'it reaches this cluster only; may be repeated', more)
    .option('-l, --label <key=value>', 'it reaches clusters with this label only; may be repeated', label)
    .option('--expires <while>', 'it ends after so long: 90s, 2h, 1d12h', lifetime)
    .option('--json', 'print JSON')
    .action(create);
  token.command('list').alias('ls').description('list tokens').option('--json', 'print JSON').action(list);
  token
    .command('update <id>')
    .description('give a token another name or end')
    .option('--name <name>', 'another name')
    .option('--expires <while>', 'it ends after so long from now', lifetime)
    .option('--no-expires', 'it does not end')
    .option('--json', 'print JSON')
    .action(update);
  token
    .command('rotate <id>')
    .description('give a token another secret; the old one is dead at once')
    .option('--overlap <while>', 'the old one still works for so long', overlap)
    .option('--revoke-credentials', 'also revoke the credentials of clusters that it made')
    .option('--json', 'print JSON')
    .action(rotate);
  token
    .command('delete <id>')
    .alias('rm')
    .description('revoke a token and the credentials of clusters that it made')
    .option('--json', 'print JSON')
    .action(remove);
}
