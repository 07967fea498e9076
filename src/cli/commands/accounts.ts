import type { Command } from 'commander';
import { ask, callJson, Refusal } from '../client.ts';
import { Failure } from '../failure.ts';
import { drop, readKubeconfig, writePrivate } from '../kubeconfigs.ts';
import { age, during, say, table } from '../output.ts';
import * as settings from '../settings.ts';
import { personNamed } from './members.ts';

interface Account {
  id: string;
  name: string;
  createdAt: string;
  level?: string;
  deletedAt?: string;
}
interface Operation {
  id: string;
  state: 'running' | 'done' | 'failed';
  done: number;
  total: number;
}

const POLL_MS = 250;

/** Every account that somebody sees, page by page. */
async function accountsOf(server: settings.Server): Promise<Account[]> {
  const all: Account[] = [];
  let after: string | undefined;
  do {
    const query: string = after === undefined ? '' : `?after=${encodeURIComponent(after)}`;
    const page: { items: Account[]; next?: string } = await callJson(server, 'GET', `/v1/accounts${query}`);
    all.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return all;
}

/** The one account of that id or name. */
function pick(accounts: Account[], wanted: string): Account | undefined {
  const byId = accounts.find(({ id }) => id === wanted);
  if (byId) return byId;
  const named = accounts.filter(({ name }) => name === wanted);
  if (named.length > 1) throw new Failure(`${named.length} accounts are named "${wanted}": give its id`);
  return named[0];
}

async function create(name: string, o: { json?: boolean }): Promise<void> {
  const session = settings.readSession();
  if (settings.isLocal()) {
    const { id, token } = await callJson<{ id: string; token: string }>(settings.operator(), 'POST', '/v1/accounts', { name });
    say(o.json, { id, token }, () => `account ${name} (${id})\nits token, shown this once: ${token}\nact as it with ATOLL_TOKEN`);
    return;
  }
  const made = await callJson<Account>(settings.identity(), 'POST', '/v1/accounts', { name });
  if (session?.chosen && !process.env.ATOLL_TOKEN)
    settings.keepSession({ ...session, account: { id: made.id, name: made.name } });
  say(o.json, made, () => `account ${name} (${made.id}) is yours, and commands are about it now`);
}

async function list(o: { all?: boolean; json?: boolean }): Promise<void> {
  const items = await accountsOf(o.all ? settings.operator() : settings.identity());
  const chosen = settings.isLocal() ? undefined : settings.readSession()?.account?.id;
  const row = (a: Account) => [
    a.name,
    a.deletedAt ? 'being deleted' : (a.level ?? '-'),
    age(a.createdAt),
    `${a.id}${a.id === chosen ? ' *' : ''}`,
  ];
  say(o.json, items, () => (items.length === 0 ? 'no accounts' : table([['NAME', 'LEVEL', 'AGE', 'ID'], ...items.map(row)])));
}

async function use(name: string, o: { json?: boolean }): Promise<void> {
  const session = settings.readSession();
  if (name === 'local') {
    if (session) settings.keepSession({ ...session, chosen: false });
    say(o.json, { account: 'local' }, () => 'commands act as the local account');
    return;
  }
  if (!session) throw new Failure('nobody is signed in: "atoll login"');
  settings.keepSession({ ...session, chosen: true });
  const found = pick(await accountsOf({ ...settings.place(), token: session.token }), name);
  if (!found) {
    settings.keepSession(session);
    throw new Failure(`you belong to no account "${name}": "atoll account list"`);
  }
  const account = { id: found.id, name: found.name };
  settings.keepSession({ ...session, chosen: true, account });
  say(o.json, { account }, () => `commands are about the account ${found.name}`);
}

async function rename(name: string, o: { json?: boolean }): Promise<void> {
  const account = await ask<Account>('PATCH', '', { name });
  const session = settings.readSession();
  if (session?.account?.id === account.id) settings.keepSession({ ...session, account: { id: account.id, name } });
  say(o.json, account, () => `the account is named ${account.name}`);
}

/** Commands are about no account any more, if they were about this one. */
function leaveBehind(id: string): void {
  const session = settings.readSession();
  if (session?.account?.id !== id) return;
  const { account: _, ...rest } = session;
  settings.keepSession(rest);
}

async function leave(o: { json?: boolean }): Promise<void> {
  const { account } = settings.target();
  await ask('POST', '/leave');
  leaveBehind(account);
  say(o.json, { account, left: true }, () => 'you left the account');
}

async function transfer(person: string, o: { json?: boolean }): Promise<void> {
  const member = await personNamed(person);
  const owner = await ask<{ name: string }>('POST', '/transfer', { person: member.id });
  say(o.json, owner, () => `${owner.name} owns the account`);
}

/** Who may delete the account of that name: whoever the CLI acts as, else the operator. */
async function deleterOf(wanted: string): Promise<{ by: settings.Server; account: Account }> {
  const by = settings.identity();
  const account = pick(await accountsOf(by), wanted);
  if (account) return { by, account };
  if (settings.isLocal()) {
    const operator = settings.operator();
    const found = pick(await accountsOf(operator), wanted);
    if (found) return { by: operator, account: found };
  }
  throw new Failure(`there is no account "${wanted}" that you may delete`);
}

/** Waits until a deletion has ended. What belonged to the account is gone with it, at last the right to ask. */
async function ended(by: settings.Server, account: string, begun: Operation): Promise<void> {
  for (let operation = begun; operation.state === 'running'; ) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      operation = await callJson<Operation>(by, 'GET', `/v1/accounts/${account}/operations/${begun.id}`);
    } catch (error) {
      if (error instanceof Refusal && (error.status === 401 || error.status === 404)) return;
      throw error;
    }
  }
}

/** Where the clusters of an account are, as far as whoever asks may know. */
async function serversOf(by: settings.Server, account: string): Promise<string[]> {
  const servers: string[] = [];
  let after: string | undefined;
  do {
    const query: string = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
    const path = `/v1/accounts/${account}/clusters?state=all${query}`;
    const page: { items: { server: string }[]; next?: string } = await callJson(by, 'GET', path);
    servers.push(...page.items.map(({ server }) => server));
    after = page.next;
  } while (after !== undefined);
  return servers;
}

/** Takes contexts of what is gone out of the local kubeconfig. */
function dropContexts(servers: string[]): void {
  const file = settings.files(settings.dataFolder()).kubeconfig;
  const before = readKubeconfig(file);
  const after = servers.reduce(drop, before);
  if (after !== before) writePrivate(file, `${JSON.stringify(after, null, 2)}\n`);
}

async function remove(name: string, o: { wait: boolean; json?: boolean }): Promise<void> {
  const { by, account } = await deleterOf(name);
  const wasLocal = settings.isLocal() && by.token === settings.identity().token;
  // The operator has no say inside, and so no list.
  const servers = by.token === settings.identity().token ? await serversOf(by, account.id) : [];
  const operation = await callJson<Operation>(by, 'DELETE', `/v1/accounts/${account.id}`);
  if (wasLocal) settings.forgetLocalToken();
  leaveBehind(account.id);
  dropContexts(servers);
  if (o.wait) await during(`deleting account ${account.name}`, ended(by, account.id, operation));
  const done = o.wait ? 'deleted' : 'is being deleted';
  say(
    o.json,
    { id: account.id, name: account.name, operation: operation.id, deleted: o.wait },
    () => `account ${account.name} ${done}`,
  );
}

/** `atoll account ...` */
export function accountCommands(program: Command): void {
  const account = program.command('account').description('accounts: make, choose, hand over, delete');
  account
    .command('create <name>')
    .description('make an account: yours if you signed in, else (as the local operator) one with a token')
    .option('--json', 'print JSON')
    .action(create);
  account
    .command('list')
    .alias('ls')
    .description('list the accounts that you belong to')
    .option('--all', 'all of them, as the local operator')
    .option('--json', 'print JSON')
    .action(list);
  account
    .command('use <name>')
    .description('the account that commands are about; "local" is that of the data folder')
    .option('--json', 'print JSON')
    .action(use);
  account.command('rename <name>').description('rename the account').option('--json', 'print JSON').action(rename);
  account.command('leave').description('be no member any more').option('--json', 'print JSON').action(leave);
  account
    .command('transfer <person>')
    .description('make a member (id or e-mail address) the owner in your place')
    .option('--json', 'print JSON')
    .action(transfer);
  account
    .command('delete <name>')
    .alias('rm')
    .description('delete an account (name or id) and everything that belongs to it')
    .option('--no-wait', 'do not wait until it is all gone')
    .option('--json', 'print JSON')
    .action(remove);
}
