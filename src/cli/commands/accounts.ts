import type { Command } from 'commander';
import { call, callJson } from '../client.ts';
import { age, say, table } from '../output.ts';
import { operatorToken, target } from '../settings.ts';

interface Token {
  id: string;
  name: string;
  hint: string;
  createdAt: string;
}

async function createAccount(name: string, o: { json?: boolean }): Promise<void> {
  const operator = { ...target(), token: operatorToken() };
  const { id, token } = await callJson<{ id: string; token: string }>(operator, 'POST', '/v1/accounts', { name });
  say(o.json, { id, token }, () => `account ${name} (${id})\nits token, shown this once: ${token}\nact as it with ATOLL_TOKEN`);
}

async function createToken(name: string, o: { json?: boolean }): Promise<void> {
  const made = await callJson<Token & { token: string }>(target(), 'POST', '/v1/accounts/self/tokens', { name });
  say(o.json, made, () => `token ${name}, shown this once: ${made.token}`);
}

async function listTokens(o: { json?: boolean }): Promise<void> {
  const { items } = await callJson<{ items: Token[] }>(target(), 'GET', '/v1/accounts/self/tokens');
  say(o.json, items, () =>
    table([['NAME', 'BEGINS', 'AGE', 'ID'], ...items.map((t) => [t.name, t.hint, age(t.createdAt), t.id])]),
  );
}

async function deleteToken(id: string, o: { json?: boolean }): Promise<void> {
  await call(target(), 'DELETE', `/v1/accounts/self/tokens/${encodeURIComponent(id)}`);
  say(o.json, { id, deleted: true }, () => 'token deleted');
}

/** `atoll account ...` and `atoll token ...` */
export function accountCommands(program: Command): void {
  const account = program.command('account').description('make accounts (local operator only)');
  account
    .command('create <name>')
    .description('make an account and its first token')
    .option('--json', 'print JSON')
    .action(createAccount);
  const token = program.command('token').description("the account's API tokens");
  token.command('create <name>').description('make a token').option('--json', 'print JSON').action(createToken);
  token.command('list').alias('ls').description('list tokens').option('--json', 'print JSON').action(listTokens);
  token.command('delete <id>').alias('rm').description('delete a token').option('--json', 'print JSON').action(deleteToken);
}
