import { and, eq, ne, sql } from 'drizzle-orm';
import type { Principal } from '../http/access.ts';
import { members } from '../accounts/tables.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { people } from '../people/tables.ts';

/** Reserved names of Kubernetes and Atoll. */
const RESERVED = ['system:', 'atoll:', 'kubernetes:', 'kubeadm:'];

/** Prefix of usernames of a token's named credentials. */
const CREDENTIAL = 'atoll:credential:';

/** Prefix of usernames of people who share an address. */
const PERSON = 'atoll:person:';

const isReserved = (name: string): boolean => RESERVED.some((prefix) => name.toLowerCase().startsWith(prefix));

/** Name of a person (auth.ts), as SQL. */
const NAME = sql`lower(coalesce(${people.email}, ${people.issuer} || '#' || ${people.subject}))`;

/** Condition: the name is that of a member of the account other than `but`. */
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
 * Username of a principal inside a cluster, for its RBAC and audit log: a person's verified address, a token's name, or the credential's
 * name if it has one, to tell shared kubeconfigs apart. A person whose address another member has too (of another issuer) is named by id:
 * nobody is mistaken for another.
 */
export async function usernameOf(deps: ManagementDeps, accountId: string, who: Principal, credential?: string): Promise<string> {
  if (who.type === 'operator') return 'atoll:operator';
  if (who.type === 'token') return credential === undefined ? `atoll:token:${who.name}` : `${CREDENTIAL}${credential}`;
  const ambiguous = isReserved(who.name) || (await isOfAnother(deps, accountId, who.name, who.id));
  return ambiguous ? `${PERSON}${who.id}` : who.name;
}

/** Refuses names and groups that an administrator may not assign. */
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

/** Whether a username is that of a member of the account other than `but`. */
export async function isMemberName(deps: ManagementDeps, accountId: string, username: string, but = ''): Promise<boolean> {
  if (username.startsWith(PERSON)) return username !== `${PERSON}${but}`;
  return isOfAnother(deps, accountId, username, but);
}
