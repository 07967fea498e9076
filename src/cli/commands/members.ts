import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { type Role, ROLES } from '../../management/http/access.ts';
import { account, asCaller } from '../api.ts';
import type { Item } from '../../client/types.ts';
import { Failure } from '../../local/failure.ts';
import { INVITATION_MAX_MS } from '../../management/limits.ts';
import { age, print, table } from '../output.ts';
import { keepSession, readSession } from '../../local/settings.ts';

const MEMBERS = '/v1/accounts/:account/members';
const INVITATIONS = '/v1/accounts/:account/invitations';
type Member = Item<typeof MEMBERS>;
type Invitation = Item<typeof INVITATIONS>;

const DAY_MS = 86_400_000;
const DAYS_MAX = INVITATION_MAX_MS / DAY_MS;

/** The member of that id, address or name. */
export async function personNamed(wanted: string): Promise<Member> {
  const all = await account().all(MEMBERS);
  const found = all.find(({ id }) => id === wanted);
  if (found) return found;
  const named = all.filter(({ email, name }) => email === wanted.toLowerCase() || name === wanted);
  if (named.length === 1) return named[0];
  throw new Failure(named.length === 0 ? `no member "${wanted}"` : `${named.length} members are "${wanted}": give an id`);
}

async function list(o: { json?: boolean }): Promise<void> {
  const items = await account().all(MEMBERS);
  const row = (m: Member) => [m.name, m.email ?? '-', m.role, age(m.createdAt), m.id];
  print(o.json, items, () =>
    items.length === 0 ? 'no members' : table([['NAME', 'E-MAIL', 'ROLE', 'SINCE', 'ID'], ...items.map(row)]),
  );
}

async function setRole(person: string, role: Role, o: { json?: boolean }): Promise<void> {
  const { id } = await personNamed(person);
  const member = await account().patch(`${MEMBERS}/:person`, { param: { person: id }, json: { role } });
  print(o.json, member, () => `${member.name} is ${member.role}`);
}

async function remove(person: string, o: { json?: boolean }): Promise<void> {
  const { id, name } = await personNamed(person);
  await account().delete(`${MEMBERS}/:person`, { param: { person: id } });
  print(o.json, { id, removed: true }, () => `${name} is no member any more`);
}

async function invite(o: { role?: Role; email?: string; days?: number; json?: boolean }): Promise<void> {
  const json = {
    ...(o.role !== undefined && { role: o.role }),
    ...(o.email !== undefined && { email: o.email }),
    ...(o.days !== undefined && { expiresAt: new Date(Date.now() + o.days * DAY_MS).toISOString() }),
  };
  const made = await account().post(INVITATIONS, { json });
  print(o.json, made, () => `hand this to them, it is shown this once: atoll invitation accept ${made.invitation}`);
}

async function listInvitations(o: { json?: boolean }): Promise<void> {
  const { items } = await account().get(INVITATIONS);
  const row = (i: Invitation) => [i.email ?? 'anybody', i.role, i.expiresAt.slice(0, 16), i.id];
  print(o.json, items, () =>
    items.length === 0 ? 'no invitations' : table([['FOR', 'ROLE', 'UNTIL', 'ID'], ...items.map(row)]),
  );
}

async function revoke(id: string, o: { json?: boolean }): Promise<void> {
  await account().delete(`${INVITATIONS}/:invitation`, { param: { invitation: id } });
  print(o.json, { id, deleted: true }, () => 'the invitation is revoked');
}

async function accept(secret: string, o: { json?: boolean }): Promise<void> {
  const joined = await asCaller().post('/v1/invitations/accept', { json: { invitation: secret } });
  const session = readSession();
  if (session?.chosen && !process.env.ATOLL_TOKEN) keepSession({ ...session, account: { id: joined.id, name: joined.name } });
  print(o.json, joined, () => `you belong to ${joined.name} (${joined.level}), and commands are about it now`);
}

function days(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= DAYS_MAX)) throw new InvalidArgumentError(`it is a number of days, at most ${DAYS_MAX}.`);
  return value;
}

/** `atoll member ...` and `atoll invitation ...` */
export function memberCommands(program: Command): void {
  const member = program.command('member').description("the account's members");
  member.command('list').alias('ls').description('list members').option('--json', 'print JSON').action(list);
  member
    .command('role <person>')
    .addArgument(new Argument('<role>', 'what they are from now on').choices(ROLES))
    .description(`give a member (id or e-mail address) another role: ${ROLES.join(', ')}`)
    .option('--json', 'print JSON')
    .action(setRole);
  member.command('remove <person>').alias('rm').description('remove a member').option('--json', 'print JSON').action(remove);
  const invitation = program.command('invitation').description('invite people into the account');
  invitation
    .command('create')
    .description('make an invitation')
    .addOption(new Option('--role <role>', 'what they will be (default member)').choices(ROLES))
    .option('--email <address>', 'only for the person with this address')
    .option('--days <n>', 'how long it stands (default 7)', days)
    .option('--json', 'print JSON')
    .action(invite);
  invitation
    .command('list')
    .alias('ls')
    .description('list those that wait')
    .option('--json', 'print JSON')
    .action(listInvitations);
  invitation.command('delete <id>').alias('rm').description('revoke one').option('--json', 'print JSON').action(revoke);
  invitation.command('accept <secret>').description('join an account').option('--json', 'print JSON').action(accept);
}
