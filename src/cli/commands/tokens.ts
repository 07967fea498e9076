import type { Command } from 'commander';
import { ask } from '../client.ts';
import { label, seconds } from '../durations.ts';
import { age, say, table } from '../output.ts';

interface Token {
  id: string;
  name: string;
  scope: string;
  clusters?: string[];
  labels?: Record<string, string>;
  hint: string;
  createdAt: string;
  expiresAt?: string;
  lastUsedAt?: string;
}
type NewToken = Token & { token: string };
interface Page {
  items: Token[];
  next?: string;
}

interface CreateOptions {
  scope?: string;
  cluster?: string[];
  label?: Record<string, string>;
  expires?: number;
  json?: boolean;
}

async function create(name: string, o: CreateOptions): Promise<void> {
  const made = await ask<NewToken>('POST', '/tokens', {
    name,
    ...(o.scope !== undefined && { scope: o.scope }),
    ...(o.cluster && { clusters: o.cluster }),
    ...(o.label && { labels: o.label }),
    ...(o.expires !== undefined && { expiresIn: o.expires }),
  });
  say(o.json, made, () => `token ${name}, shown this once: ${made.token}`);
}

async function findAll(): Promise<Token[]> {
  const found: Token[] = [];
  for (let after = ''; ; ) {
    const page = await ask<Page>('GET', `/tokens${after && `?after=${encodeURIComponent(after)}`}`);
    found.push(...page.items);
    if (page.next === undefined) return found;
    after = page.next;
  }
}

function reachOf({ clusters, labels }: Token): string {
  const parts = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  if (clusters) parts.unshift(`${clusters.length} cluster${clusters.length === 1 ? '' : 's'}`);
  return parts.join(',') || 'all';
}

async function list(o: { json?: boolean }): Promise<void> {
  const items = await findAll();
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
  say(o.json, items, () => table([['NAME', 'SCOPE', 'REACHES', 'BEGINS', 'AGE', 'USED', 'EXPIRES', 'ID'], ...items.map(row)]));
}

const at = (id: string): string => `/tokens/${encodeURIComponent(id)}`;

async function update(id: string, o: { name?: string; expires?: number | false; json?: boolean }): Promise<void> {
  const expiresAt = typeof o.expires === 'number' ? new Date(Date.now() + o.expires * 1000).toISOString() : undefined;
  const changed = await ask<Token>('PATCH', at(id), {
    ...(o.name !== undefined && { name: o.name }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(o.expires === false && { expiresAt: null }),
  });
  say(o.json, changed, () => `token ${changed.name} changed`);
}

async function rotate(id: string, o: { overlap?: number; revokeCredentials?: boolean; json?: boolean }): Promise<void> {
  const made = await ask<NewToken>('POST', `${at(id)}/rotate`, {
    ...(o.overlap !== undefined && { overlapSeconds: o.overlap }),
    ...(o.revokeCredentials && { revokeCredentials: true }),
  });
  say(o.json, made, () => `token ${made.name}, its new secret shown this once: ${made.token}`);
}

async function remove(id: string, o: { json?: boolean }): Promise<void> {
  await ask('DELETE', at(id));
  say(o.json, { id, deleted: true }, () => 'token deleted, and the credentials of clusters that it made');
}

const more = (value: string, before: string[] = []): string[] => [...before, value];

/** `atoll token ...` */
export function tokenCommands(program: Command): void {
  const token = program.command('token').description("the account's API tokens");
  token
    .command('create <name>')
    .description('make a token')
    .option('--scope <scope>', 'read, write, admin or owner (default write)')
    .option('--cluster <cluster>', 'it reaches this cluster only; may be repeated', more)
    .option('-l, --label <key=value>', 'it reaches clusters with this label only; may be repeated', label)
    .option('--expires <while>', 'it ends after so long: 90s, 2h, 1d12h', seconds)
    .option('--json', 'print JSON')
    .action(create);
  token.command('list').alias('ls').description('list tokens').option('--json', 'print JSON').action(list);
  token
    .command('update <id>')
    .description('give a token another name or end')
    .option('--name <name>', 'another name')
    .option('--expires <while>', 'it ends after so long from now', seconds)
    .option('--no-expires', 'it does not end')
    .option('--json', 'print JSON')
    .action(update);
  token
    .command('rotate <id>')
    .description('give a token another secret; the old one is dead at once')
    .option('--overlap <while>', 'the old one still works for so long', seconds)
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
