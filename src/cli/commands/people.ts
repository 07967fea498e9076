import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { asCaller } from '../api.ts';
import { type Client, Refusal } from '../../client/client.ts';
import { connect } from '../../local/send.ts';
import type { Item, Result } from '../../client/types.ts';
import { codeOf, Failure } from '../../local/failure.ts';
import { confirm } from '../confirm.ts';
import { age, withProgress, print, table } from '../output.ts';
import { keepSession, currentServer, readSession, type Server, type Session } from '../../local/settings.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** Seconds that RFC 8628 (3.5) adds to the interval on `slow_down`. */
const SLOWER_SECONDS = 5;

const DEVICE = '/v1/auth/device';
type Begun = Result<'post', typeof DEVICE>;
/** Error of RFC 8628: the state of the authorization. */
interface DeviceState {
  error: string;
  error_description: string;
}
type Me = Result<'get', '/v1/me'>;
type SessionRow = Item<'/v1/sessions'>;

interface LoginOptions {
  issuer?: string;
  url?: string;
  ca?: string;
  name?: string;
  json?: boolean;
}

const wait = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** State of the authorization; a server that fails for a moment is asked again, more slowly (RFC 8628, 3.5). Other refusals are thrown. */
function deviceStateOf(error: unknown): DeviceState {
  if (error instanceof Refusal) {
    if (error.code === undefined && (error.body as Partial<DeviceState>).error !== undefined) return error.body as DeviceState;
    if (error.status < 500) throw error;
  }
  return { error: 'slow_down', error_description: (error as Error).message };
}

/** Polls until the person has decided. */
async function poll(client: Client, begun: Begun): Promise<string> {
  const end = Date.now() + begun.expires_in * 1000;
  let { interval } = begun;
  while (Date.now() < end) {
    await wait(interval);
    const form = { grant_type: GRANT, device_code: begun.device_code, client_id: 'atoll-cli' };
    const answer = await client.post(`${DEVICE}/token`, { form }).catch(deviceStateOf);
    if ('access_token' in answer) return answer.access_token;
    if (answer.error === 'slow_down') interval += SLOWER_SECONDS;
    else if (answer.error !== 'authorization_pending') throw new Failure(`not signed in: ${answer.error_description}`);
  }
  throw new Failure('not signed in: it took too long');
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`the CA ${file} cannot be read (${codeOf(error)})`);
  }
}

/** The server to sign in to: the given one, else that of the data folder. */
function serverOf(o: LoginOptions): Server {
  if (o.ca !== undefined && o.url === undefined) throw new Failure('--ca goes with --url', 2);
  if (o.url === undefined) return currentServer();
  if (!URL.canParse(o.url) || new URL(o.url).protocol !== 'https:')
    throw new Failure(`--url is "${o.url}", which is no https address`, 2);
  return { url: new URL(o.url).origin, ...(o.ca !== undefined && { ca: readCa(o.ca) }) };
}

async function login(o: LoginOptions): Promise<void> {
  const server = serverOf(o);
  const device = o.name ?? hostname();
  const client = connect(server);
  const form = { client_id: 'atoll-cli', device_name: device, ...(o.issuer !== undefined && { issuer: o.issuer }) };
  const begun = await client.post(DEVICE, { form });
  // On standard error: a program may read the output.
  process.stderr.write(
    `open ${begun.verification_uri_complete}\nand approve the device "${device}" if it shows the code ${begun.user_code}\n`,
  );
  const token = await withProgress('waiting for you', poll(client, begun));
  const me = await connect({ ...server, token }).get('/v1/me');
  await forget(readSession()).catch(() => undefined);
  const [only] = me.accounts.length === 1 ? me.accounts : [];
  const account = only && { id: only.id, name: only.name };
  keepSession({ ...(o.url !== undefined && server), token, chosen: true, ...(account && { account }) });
  print(o.json, { ...me, account: account ?? null }, () => `signed in as ${me.name}\n${belongsTo(me, account?.name)}`);
  if (process.env.ATOLL_TOKEN) process.stderr.write('ATOLL_TOKEN is set: commands go on acting as that token\n');
}

function belongsTo({ accounts }: Me, chosen: string | undefined): string {
  if (chosen !== undefined) return `commands are about the account ${chosen}`;
  if (accounts.length === 0) return 'you belong to no account: "atoll account create NAME", or "atoll invitation accept SECRET"';
  return `choose an account with "atoll account use": ${accounts.map(({ name }) => name).join(', ')}`;
}

/** A client of the session, whatever ATOLL_TOKEN says. */
function sessionClient({ url, ca, token }: Session): Client {
  const server = url === undefined ? currentServer() : { url, ...(ca !== undefined && { ca }) };
  return connect({ ...server, token });
}

/** Ends a session at its server; one that is unknown there has ended. */
async function forget(session: Session | undefined, all = false): Promise<void> {
  if (!session) return;
  try {
    const client = sessionClient(session);
    if (all) await client.delete('/v1/sessions');
    else await client.delete('/v1/sessions/:session', { param: { session: 'self' } });
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 401) throw error;
  }
}

async function logout(o: { all?: boolean; json?: boolean }): Promise<void> {
  const session = readSession();
  if (!session) throw new Failure('nobody is signed in');
  await forget(session, o.all).catch((error: Error) => {
    process.stderr.write(`the session may still be open at the server: ${error.message}\n`);
  });
  keepSession(undefined);
  print(o.json, { signedOut: true }, () => (o.all ? 'signed out everywhere' : 'signed out'));
}

async function whoami(o: { json?: boolean }): Promise<void> {
  const me = await asCaller().get('/v1/me');
  const chosen = process.env.ATOLL_TOKEN ? undefined : readSession()?.account?.id;
  print(o.json, me, () =>
    [
      `${me.type === 'person' ? me.name : `the ${me.type} ${me.name}`}`,
      ...me.accounts.map(({ id, name, level }) => `${id === chosen ? '*' : '-'} ${name}: ${level} (${id})`),
    ].join('\n'),
  );
}

async function deleteMe(o: { yes?: boolean; json?: boolean }): Promise<void> {
  const session = readSession();
  if (!session) throw new Failure('nobody is signed in');
  const client = sessionClient(session);
  const { name } = await client.get('/v1/me');
  await confirm(`${name} leaves every account, with what they made there`, name, o.yes);
  await client.delete('/v1/me');
  keepSession(undefined);
  print(o.json, { name, deleted: true }, () => `${name} is not known any more`);
}

async function listSessions(o: { json?: boolean }): Promise<void> {
  const { items } = await asCaller().get('/v1/sessions');
  const row = (s: SessionRow) => [s.name, s.hint, age(s.createdAt), s.expiresAt.slice(0, 10), s.current ? 'this one' : '', s.id];
  print(o.json, items, () => table([['DEVICE', 'BEGINS', 'AGE', 'UNTIL', '', 'ID'], ...items.map(row)]));
}

async function endSession(id: string, o: { json?: boolean }): Promise<void> {
  await asCaller().delete('/v1/sessions/:session', { param: { session: id } });
  print(o.json, { id, deleted: true }, () => 'that device is signed out');
}

/** `atoll login`, `logout`, `whoami`, `forget-me` and `session ...` */
export function peopleCommands(program: Command): void {
  program
    .command('login')
    .description('sign in, by a browser on any device')
    .option('--issuer <name>', 'sign in with this one')
    .option('--url <address>', 'at this server, instead of the local one')
    .option('--ca <file>', 'the CA of that server, when this machine does not know it')
    .option('--name <name>', 'what this device is called (default: its host name)')
    .option('--json', 'print JSON')
    .action(login);
  program.command('logout').description('sign out').option('--all', 'everywhere').option('--json', 'print JSON').action(logout);
  program.command('whoami').description('as whom commands act, and where').option('--json', 'print JSON').action(whoami);
  program
    .command('forget-me')
    .description('delete yourself: you leave every account, with the tokens and credentials that you made')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action(deleteMe);
  const session = program.command('session').description('where you are signed in');
  session.command('list').alias('ls').description('list sessions').option('--json', 'print JSON').action(listSessions);
  session.command('delete <id>').alias('rm').description('sign a device out').option('--json', 'print JSON').action(endSession);
}
