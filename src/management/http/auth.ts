import { LAST_USED_MS } from '../limits.ts';
import { and, eq, gt, isNull, or, lte } from 'drizzle-orm';
import type { Context, MiddlewareHandler } from 'hono';
import { isSecret, PREFIXES } from '../../lib/secrets.ts';
import {
  type Access,
  isRestricted,
  selects,
  levelOf,
  type Level,
  lowerLevel,
  type Requirement,
  type Principal,
  atLeast,
} from './access.ts';
import { accounts, members } from '../accounts/tables.ts';
import { findCluster } from '../clusters/rows.ts';
import type { ManagementDeps } from '../deps.ts';
import { clusterNotFound, Problem } from './errors.ts';
import { people, sessions } from '../people/tables.ts';
import type { ManagementEnv } from './router.ts';
import { tokens } from '../tokens/tables.ts';

/** Alias of the token's own account in a path. */
const SELF = 'self';
/** Tokens made before secrets had a checksum. */
const OLD_TOKEN = /^atoll_[\w-]{43}$/;
const OLD_OPERATOR = /^atollop_[\w-]{43}$/;
/** Cloudflare's header with the client's address. */
const ADDRESS = 'cf-connecting-ip';

function bearer(c: Context): string {
  const match = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '');
  if (!match) throw new Problem('unauthenticated', 'send "Authorization: Bearer TOKEN"');
  return match[1];
}

/** Constant-time equality of two hashes. */
export function sameHash(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/**
 * Principal of a bearer token, read from the database each time, so that a revocation counts at once; undefined: no token, unknown,
 * expired, or its account is being deleted (`allowDeleting`: accepted even then).
 */
export async function principalOf(deps: ManagementDeps, secret: string, allowDeleting = false): Promise<Principal | undefined> {
  if (isSecret(PREFIXES.token, secret) || OLD_TOKEN.test(secret)) return ofToken(deps, secret, allowDeleting);
  if (isSecret(PREFIXES.session, secret)) return ofSession(deps, secret);
  if (!isSecret(PREFIXES.operator, secret) && !OLD_OPERATOR.test(secret)) return undefined;
  const { operatorSha256 } = deps;
  return operatorSha256 && sameHash(deps.crypto.sha256(secret), operatorSha256) ? { type: 'operator' } : undefined;
}

const isOver = (expiresAt: number | null, now: number): boolean => expiresAt !== null && expiresAt <= now;
const isStale = (lastUsedAt: number | null, now: number): boolean => lastUsedAt === null || now - lastUsedAt >= LAST_USED_MS;

const isThere = (allowDeleting: boolean) => (allowDeleting ? undefined : isNull(accounts.deletedAt));

/**
 * Principal of a token. A person's token never has more than the person's role, and nothing once they left the account, also when they
 * rejoined later (the token is older than the membership then).
 */
async function ofToken(deps: ManagementDeps, secret: string, allowDeleting: boolean): Promise<Principal | undefined> {
  const hash = deps.crypto.sha256(secret);
  const now = deps.now();
  const [found] = await deps.db
    .select({ token: tokens, role: members.role })
    .from(tokens)
    .innerJoin(accounts, and(eq(accounts.id, tokens.accountId), isThere(allowDeleting)))
    .leftJoin(
      members,
      and(
        eq(members.accountId, tokens.accountId),
        eq(members.personId, tokens.personId),
        lte(members.createdAt, tokens.createdAt),
      ),
    )
    .where(or(eq(tokens.hash, hash), and(eq(tokens.formerHash, hash), gt(tokens.formerUntil, now))));
  if (!found || isOver(found.token.expiresAt, now)) return undefined;
  const { id, name, accountId, scope, clusters, labels, personId, expiresAt, lastUsedAt } = found.token;
  if (personId !== null && found.role === null) return undefined;
  if (isStale(lastUsedAt, now)) {
    deps.background(deps.db.update(tokens).set({ lastUsedAt: now }).where(eq(tokens.id, id)));
  }
  const selector = { ...(clusters && { clusters }), ...(labels && { labels }) };
  const level = found.role === null ? scope : lowerLevel(scope, levelOf(found.role));
  const more = { ...(personId !== null && { personId }), ...(expiresAt !== null && { expires: expiresAt }) };
  return { type: 'token', id, name, accountId, level, selector, ...more };
}

async function ofSession(deps: ManagementDeps, secret: string): Promise<Principal | undefined> {
  const [found] = await deps.db
    .select({ session: sessions, person: people })
    .from(sessions)
    .innerJoin(people, eq(people.id, sessions.personId))
    .where(eq(sessions.hash, deps.crypto.sha256(secret)));
  const now = deps.now();
  if (!found || isOver(found.session.expiresAt, now)) return undefined;
  const { session, person } = found;
  if (isStale(session.lastUsedAt, now)) {
    deps.background(deps.db.update(sessions).set({ lastUsedAt: now }).where(eq(sessions.id, session.id)));
  }
  return { type: 'person', id: person.id, name: displayName(person), sessionId: session.id };
}

/**
 * Name of a person for audit and RBAC: the verified address, else issuer and subject, as Kubernetes does. Display names are free to choose
 * and could be anybody's.
 */
const displayName = ({ email, issuer, subject }: typeof people.$inferSelect): string => email ?? `${issuer}#${subject}`;

/** Access of a principal to an account; undefined: not theirs, or it does not exist. */
async function accessTo(
  deps: ManagementDeps,
  who: Principal,
  account: string,
  allowDeleting: boolean,
): Promise<Access | undefined> {
  if (who.type === 'token') {
    if (account !== SELF && account !== who.accountId) return undefined;
    return { accountId: who.accountId, level: who.level, selector: who.selector };
  }
  if (who.type === 'operator') return undefined;
  const [found] = await deps.db
    .select({ role: members.role })
    .from(members)
    .innerJoin(accounts, and(eq(accounts.id, members.accountId), isThere(allowDeleting)))
    .where(and(eq(members.accountId, account), eq(members.personId, who.id)));
  return found && { accountId: account, level: levelOf(found.role), selector: {} };
}

/** Records the person of a new or used session for the audit log. */
export async function signedIn(deps: ManagementDeps, c: Pick<Context<ManagementEnv>, 'set'>, secret: string): Promise<void> {
  const who = await principalOf(deps, secret);
  if (who?.type !== 'person') return;
  c.set('principal', who);
  c.set('made', { session: who.sessionId });
}

const isLevel = (requires: Requirement): requires is Level =>
  !['public', 'signed-in', 'person', 'person-or-operator', 'operator'].includes(requires);

/** Refuses principals of the wrong type on a route without an account. */
function checkPrincipal(requires: Requirement, who: Principal): void {
  const fits =
    requires === 'signed-in' ||
    (requires === 'operator' && who.type === 'operator') ||
    (requires === 'person' && who.type === 'person') ||
    (requires === 'person-or-operator' && who.type !== 'token');
  if (!fits) throw new Problem('forbidden', `that is for ${WHO[requires as keyof typeof WHO]}`);
}

const WHO = {
  operator: 'the operator of the deployment',
  person: 'people who signed in',
  'person-or-operator': 'people who signed in, and for the operator',
  'signed-in': 'whoever is signed in',
  public: 'everybody',
};

/** The calling person, on a route for people only. */
export function asPerson(who: Principal): Extract<Principal, { type: 'person' }> {
  if (who.type !== 'person') throw new Problem('forbidden', `that is for ${WHO.person}`);
  return who;
}

/** Guard of a route. */
export interface Guard {
  requires: Requirement;
  /** Also for tokens restricted to some clusters, though the route names none: its handler applies the selector. */
  allowRestrictedTokens?: boolean;
  /** Also for the operator, in any account. */
  allowOperator?: boolean;
  /** Also in an account that is being deleted. */
  allowDeleting?: boolean;
}

/**
 * The gate of the management API: authenticates, finds the account, checks the level and the token's cluster selector. 404 for what the
 * principal cannot see, whether it exists or not; 403 for what it sees and may not use.
 */
export const gate =
  (deps: ManagementDeps, guard: Guard): MiddlewareHandler<ManagementEnv> =>
  async (c, next) => {
    const { rates } = deps;
    const anonymous = () => rates?.anonymous(c.req.header(ADDRESS), deps.now());
    if (guard.requires === 'public') {
      anonymous();
      return next();
    }
    const who = await principalOf(deps, bearer(c), guard.allowDeleting);
    if (!who) {
      anonymous();
      throw new Problem('unauthenticated', 'the token is not known');
    }
    rates?.known(who, deps.now());
    c.set('principal', who);
    if (isLevel(guard.requires)) await authorize(deps, c as unknown as Context<ManagementEnv>, guard, guard.requires, who);
    else checkPrincipal(guard.requires, who);
    return next();
  };

async function authorize(
  deps: ManagementDeps,
  c: Context<ManagementEnv>,
  guard: Guard,
  needed: Level,
  who: Principal,
): Promise<void> {
  const account = c.req.param('account') ?? SELF;
  const access =
    who.type === 'operator' && guard.allowOperator
      ? await anyAccount(deps, account)
      : await accessTo(deps, who, account, guard.allowDeleting ?? false);
  if (!access) throw new Problem('not-found', `account "${account}" not found`);
  c.set('access', access);
  const wanted = c.req.param('cluster');
  if (wanted === undefined) {
    if (isRestricted(access.selector) && !guard.allowRestrictedTokens)
      throw new Problem('forbidden', 'the token reaches some clusters only');
  } else {
    const row = await findCluster(deps, access.accountId, wanted);
    if (!row || !selects(access.selector, row)) throw clusterNotFound(wanted);
    c.set('cluster', row);
  }
  if (!atLeast(access.level, needed)) throw new Problem('forbidden', `that needs "${needed}", and you have "${access.level}"`);
}

async function anyAccount(deps: ManagementDeps, id: string): Promise<Access | undefined> {
  const [found] = await deps.db.select({ id: accounts.id }).from(accounts).where(eq(accounts.id, id));
  return found && { accountId: found.id, level: 'owner', selector: {} };
}

/** Pages that other sites and issuers may link to; a GET of them changes nothing. */
export const PAGES = { device: '/device', signIn: '/v1/auth/sign-in', callback: '/v1/auth/callback' } as const;
const ENTRANCES: readonly string[] = Object.values(PAGES);
/** Pages about codes, which any site may link to. */
const PROBLEM_PAGE = /^\/v1\/problems\/[a-z-]+$/;

/** Headers that browsers send and other clients do not. */
const BROWSER = ['origin', 'cookie', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest'];

/** Whether the request is a top-level navigation: the linking site cannot read the answer. */
const isVisit = (c: Context): boolean =>
  c.req.method === 'GET' &&
  c.req.header('sec-fetch-mode') === 'navigate' &&
  c.req.header('sec-fetch-dest') === 'document' &&
  (ENTRANCES.includes(c.req.path) || PROBLEM_PAGE.test(c.req.path));

/** A Host header without its port. */
const hostName = (host: string): string =>
  host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();

/** Refuses browser requests of other sites, and under host names that are not ours (DNS rebinding). */
export const sameOrigin =
  (deps: ManagementDeps): MiddlewareHandler<ManagementEnv> =>
  async (c, next) => {
    const origin = c.req.header('origin');
    const site = c.req.header('sec-fetch-site');
    const host = c.req.header('host') ?? '';
    if (deps.hosts && !deps.hosts.includes(hostName(host)) && BROWSER.some((name) => c.req.header(name) !== undefined)) {
      throw new Problem('foreign-origin', `"${host}" is not a name of this site`);
    }
    if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host.toLowerCase())) {
      throw new Problem('foreign-origin', `origin ${origin} is not this site`);
    }
    if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isVisit(c)) {
      throw new Problem('foreign-origin', `a ${site} request`);
    }
    await next();
  };
