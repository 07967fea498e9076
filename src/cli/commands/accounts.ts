import type { Command } from 'commander';
import { account as chosen, asOperator, asCaller } from '../api.ts';
import { type Client, Refusal } from '../../client/client.ts';
import { connect } from '../../local/send.ts';
import type { Item, Result } from '../../client/types.ts';
import { CLUSTERS } from '../clusters.ts';
import { Failure } from '../../local/failure.ts';
import { removeContext, readKubeconfig, writePrivate } from '../../local/kubeconfigs.ts';
import { confirm } from '../confirm.ts';
import { age, withProgress, print, table } from '../output.ts';
import * as settings from '../../local/settings.ts';
import { personNamed } from './members.ts';

const ACCOUNTS = '/v1/accounts';
const ACCOUNT = `${ACCOUNTS}/:account` as const;
type Account = Item<typeof ACCOUNTS>;
type Operation = Result<'delete', typeof ACCOUNT>;

const POLL_MS = 250;

/** The account of that id or name. */
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
    const { id, token } = await asOperator().post(ACCOUNTS, { json: { name } });
    print(
      o.json,
      { id, token },
      () => `account ${name} (${id})\nits token, shown this once: ${token}\nact as it with ATOLL_TOKEN`,
    );
    return;
  }
  const made = await asCaller().post(ACCOUNTS, { json: { name } });
  if (session?.chosen && !process.env.ATOLL_TOKEN)
    settings.keepSession({ ...session, account: { id: made.id, name: made.name } });
  print(o.json, made, () => `account ${name} (${made.id}) is yours, and commands are about it now`);
}

async function list(o: { all?: boolean; json?: boolean }): Promise<void> {
  const items = await (o.all ? asOperator() : asCaller()).all(ACCOUNTS);
  const used = settings.isLocal() ? undefined : settings.readSession()?.account?.id;
  const row = (a: Account) => [
    a.name,
    a.deletedAt ? 'being deleted' : (a.level ?? '-'),
    age(a.createdAt),
    `${a.id}${a.id === used ? ' *' : ''}`,
  ];
  print(o.json, items, () => (items.length === 0 ? 'no accounts' : table([['NAME', 'LEVEL', 'AGE', 'ID'], ...items.map(row)])));
}

async function use(name: string, o: { json?: boolean }): Promise<void> {
  const session = settings.readSession();
  if (name === 'local') {
    if (session) settings.keepSession({ ...session, chosen: false });
    print(o.json, { account: 'local' }, () => 'commands act as the local account');
    return;
  }
  if (!session) throw new Failure('nobody is signed in: "atoll login"');
  settings.keepSession({ ...session, chosen: true });
  const found = pick(await connect({ ...settings.currentServer(), token: session.token }).all(ACCOUNTS), name);
  if (!found) {
    settings.keepSession(session);
    throw new Failure(`you belong to no account "${name}": "atoll account list"`);
  }
  const account = { id: found.id, name: found.name };
  settings.keepSession({ ...session, chosen: true, account });
  print(o.json, { account }, () => `commands are about the account ${found.name}`);
}

async function rename(name: string, o: { json?: boolean }): Promise<void> {
  const account = await chosen().patch(ACCOUNT, { json: { name } });
  const session = settings.readSession();
  if (session?.account?.id === account.id) settings.keepSession({ ...session, account: { id: account.id, name } });
  print(o.json, account, () => `the account is named ${account.name}`);
}

/** Unsets the chosen account, if it is this one. */
function leaveBehind(id: string): void {
  const session = settings.readSession();
  if (session?.account?.id !== id) return;
  const { account: _, ...rest } = session;
  settings.keepSession(rest);
}

async function leave(o: { json?: boolean }): Promise<void> {
  const client = chosen();
  const { account } = client;
  await client.post(`${ACCOUNT}/leave`);
  leaveBehind(account);
  print(o.json, { account, left: true }, () => 'you left the account');
}

async function transfer(person: string, o: { json?: boolean }): Promise<void> {
  const member = await personNamed(person);
  const owner = await chosen().post(`${ACCOUNT}/transfer`, { json: { person: member.id } });
  print(o.json, owner, () => `${owner.name} owns the account`);
}

/** A client that may delete the account: the acting principal's, else the operator's. */
async function deleterOf(wanted: string): Promise<{ by: Client; account: Account }> {
  const by = asCaller();
  const account = pick(await by.all(ACCOUNTS), wanted);
  if (account) return { by, account };
  if (settings.isLocal()) {
    const operator = asOperator();
    const found = pick(await operator.all(ACCOUNTS), wanted);
    if (found) return { by: operator, account: found };
  }
  throw new Failure(`there is no account "${wanted}" that you may delete`);
}

/** Waits for a deletion. The right to read its operation ends with the account. */
async function ended(by: Client, account: string, begun: Operation): Promise<void> {
  for (let operation = begun; operation.state === 'running'; ) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      operation = await by.get(`${ACCOUNT}/operations/:operation`, { param: { account, operation: begun.id } });
    } catch (error) {
      if (error instanceof Refusal && (error.status === 401 || error.status === 404)) return;
      throw error;
    }
  }
}

/** Server URLs of the clusters of an account. */
async function serversOf(by: Client, id: string): Promise<string[]> {
  const found = await by.all(CLUSTERS, { param: { account: id }, query: { state: 'all' } });
  return found.map(({ server }) => server);
}

/** Removes contexts of deleted clusters from the local kubeconfig. */
function dropContexts(servers: string[]): void {
  const file = settings.files(settings.dataFolder()).kubeconfig;
  const before = readKubeconfig(file);
  const after = servers.reduce(removeContext, before);
  if (after !== before) writePrivate(file, `${JSON.stringify(after, null, 2)}\n`);
}

async function remove(name: string, o: { wait: boolean; yes?: boolean; json?: boolean }): Promise<void> {
  const { by, account } = await deleterOf(name);
  await confirm(`The account ${account.name} goes for good, with every cluster and token of it`, account.name, o.yes);
  // The operator cannot list clusters of accounts.
  const isOwn = by.server.token === settings.identity().token;
  const servers = isOwn ? await serversOf(by, account.id) : [];
  const operation = await by.delete(ACCOUNT, { param: { account: account.id } });
  if (isOwn && settings.isLocal()) settings.keepLocalToken(undefined);
  leaveBehind(account.id);
  dropContexts(servers);
  if (o.wait) await withProgress(`deleting account ${account.name}`, ended(by, account.id, operation));
  const done = o.wait ? 'deleted' : 'is being deleted';
  print(
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
    .option('--yes', 'do not ask')
    .option('--no-wait', 'do not wait until it is all gone')
    .option('--json', 'print JSON')
    .action(remove);
}
