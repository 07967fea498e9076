import type { Command } from 'commander';
import { ask } from '../client.ts';
import { age, say, table } from '../output.ts';

interface Token {
  id: string;
  name: string;
  hint: string;
  createdAt: string;
}

async function create(name: string, o: { json?: boolean }): Promise<void> {
  const made = await ask<Token & { token: string }>('POST', '/tokens', { name });
  say(o.json, made, () => `token ${name}, shown this once: ${made.token}`);
}

async function list(o: { json?: boolean }): Promise<void> {
  const { items } = await ask<{ items: Token[] }>('GET', '/tokens');
  say(o.json, items, () =>
    table([['NAME', 'BEGINS', 'AGE', 'ID'], ...items.map((t) => [t.name, t.hint, age(t.createdAt), t.id])]),
  );
}

async function remove(id: string, o: { json?: boolean }): Promise<void> {
  await ask('DELETE', `/tokens/${encodeURIComponent(id)}`);
  say(o.json, { id, deleted: true }, () => 'token deleted');
}

/** `atoll token ...` */
export function tokenCommands(program: Command): void {
  const token = program.command('token').description("the account's API tokens");
  token.command('create <name>').description('make a token').option('--json', 'print JSON').action(create);
  token.command('list').alias('ls').description('list tokens').option('--json', 'print JSON').action(list);
  token.command('delete <id>').alias('rm').description('delete a token').option('--json', 'print JSON').action(remove);
}
