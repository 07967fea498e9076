import { and, eq, ne, sql } from 'drizzle-orm';
import type { Principal } from '../http/access.ts';
import { members } from '../accounts/tables.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { people } from '../people/tables.ts';

/** Names that mean something to Kubernetes or to us: nobody gets one by asking for it. */
const RESERVED = ['system:', 'atoll:', 'kubernetes:', 'kubeadm:'];

/** Before the name of a credential that a token made under a name of its own. */
const CREDENTIAL = 'atoll:credential:';

/** Before the id of a person who has no other name. */
const PERSON = 'atoll:person:';

const isReserved = (name: string): boolean => RESERVED.some((prefix) => name.toLowerCase().startsWith(prefix));

/** What a person is called (auth.ts), as SQL. */
const NAME = sql`lower(coalesce(${people.email}, ${people.issuer} || '#' || ${people.subject}))`;

/** Whether a name is that of a member of the account other than `but`. */
async function isOfAnother(deps: ManagementDeps, accountId: string, name: string, but = ''): Promise<boolean> {
  const found = await deps.db
    .select({ id: people.id })
    .from(members)
    .innerJoin(people, eq(people.id, members.personId))
    .where(and(eq(members.accountId, accountId), eq(NAME, name.toLowerCase()), ne(people.id, but)))
    .limit(1);
  return found.length > 0;
}

/**
 * How somebody is called inside of a cluster, for its RBAC and its audit log: a person by the address that their issuer verified, a token by
 * its name, or by that of the credential when it has one: who gives kubeconfigs to others tells them apart by it. A person whose address is
 * another member's too (of another issuer) is called by their id: nobody is taken for somebody else.
 */
export async function usernameOf(deps: ManagementDeps, accountId: string, who: Principal, credential?: string): Promise<string> {
  if (who.type === 'operator') return 'atoll:operator';
  if (who.type === 'token') return credential === undefined ? `atoll:token:${who.name}` : `${CREDENTIAL}${credential}`;
  const ambiguous = isReserved(who.name) || (await isOfAnother(deps, accountId, who.name, who.id));
  return ambiguous ? `${PERSON}${who.id}` : who.name;
}

/** Refuses names and groups that are not an administrator's to give away. */
export async function checkIdentity(
  deps: ManagementDeps,
  accountId: string,
  request: { username?: string; groups?: string[] },
): Promise<void> {
  const bad = request.groups?.find(isReserved);
  if (bad !== undefined) throw new Problem('invalid-request', `groups: "${bad}" has a reserved prefix`);
  if (request.username === undefined) return;
  if (isReserved(request.username)) throw new Problem('invalid-request', `username: "${request.username}" has a reserved prefix`);
  if (await isMemberName(deps, accountId, request.username)) {
    throw new Problem(
      'forbidden',
      `username: "${request.username}" is a member of the account, who gets a kubeconfig themselves`,
    );
  }
}

/** Whether a name inside of a cluster means a member of its account, other than `but`. */
export async function isMemberName(deps: ManagementDeps, accountId: string, username: string, but = ''): Promise<boolean> {
  if (username.startsWith(PERSON)) return username !== `${PERSON}${but}`;
  return isOfAnother(deps, accountId, username, but);
}
