import type { Bearer } from './bearers.ts';
import type { Facts, Route } from './routes.ts';

/** How a request must end at the door: refused so, or let in to the handler. */
export type Verdict = 401 | 403 | 404 | 'in';

const ORDER = ['read', 'write', 'admin', 'owner'];
const NOWHERE = new Set<Facts['account']>(['self', 'ghost']);
const SORTS: Record<string, (is: Bearer['is']) => boolean> = {
  'signed-in': () => true,
  operator: (is) => is === 'operator',
  person: (is) => is === 'person',
  'person-or-operator': (is) => is !== 'token',
};

/**
 * What the guard of a route means for a bearer at an address, thought through a second time: nothing of the product's own gate is used.
 */
export function verdictOf(route: Route, bearer: Bearer, facts: Facts): Verdict {
  const { requires, allowRestrictedTokens = false, allowDeleting = false } = route.guard;
  if (requires === 'public') return 'in';
  if (bearer.is === 'nobody') return 401;
  // A token is worth what its account is.
  if (bearer.is === 'token' && bearer.levels.leaving !== undefined && !allowDeleting) return 401;
  const sort = SORTS[requires];
  if (sort) {
    if (!sort(bearer.is)) return 403;
    // The operator's routes about an account.
    return route.params.includes('account') && NOWHERE.has(facts.account) ? 404 : 'in';
  }
  const level = levelAt(bearer, route.params.includes('account') ? facts.account : 'self', route.guard);
  if (level === undefined) return 404;
  const whose = accountOf(bearer, facts);
  if (route.params.includes('cluster')) {
    if (!isThere(whose, facts)) return 404;
    if (whose === 'mine' && bearer.reach && !bearer.reach.includes(facts.cluster as 'near')) return 404;
  } else if (bearer.reach && !allowRestrictedTokens) return 403;
  return ORDER.indexOf(level) >= ORDER.indexOf(requires) ? 'in' : 403;
}

/** Whose account the address means to a bearer. */
export function accountOf(bearer: Bearer, { account }: Facts): Facts['account'] {
  return account === 'self' ? (Object.keys(bearer.levels)[0] as Facts['account']) : account;
}

/** Once let in: whether what the rest of the address names belongs to where the bearer is. */
export function isOurs(route: Route, bearer: Bearer, facts: Facts): boolean {
  if (!route.params.some((name) => name !== 'account' && name !== 'cluster')) return true;
  // What belongs to people themselves.
  if (!route.params.includes('account')) return facts.rest === 'owners' && bearer.label === 'session owner';
  const whose = accountOf(bearer, facts);
  if (whose !== 'mine') return facts.rest === 'theirs';
  // What is left is about the near cluster, or belongs to the account.
  if (bearer.reach && !bearer.reach.includes('near')) return false;
  return facts.rest === 'mine' && (facts.cluster === 'near' || !route.params.includes('cluster'));
}

/** The level somebody has in the account of an address; undefined: to them there is no such account. */
function levelAt(bearer: Bearer, account: Facts['account'], guard: Route['guard']): string | undefined {
  const { allowOperator = false, allowDeleting = false } = guard;
  if (bearer.is === 'operator') return allowOperator && account !== 'ghost' && account !== 'self' ? 'owner' : undefined;
  if (account === 'self') return bearer.is === 'token' ? Object.values(bearer.levels)[0] : undefined;
  if (account === 'leaving') return allowDeleting ? bearer.levels.leaving : undefined;
  return account === 'ghost' ? undefined : bearer.levels[account];
}

/** Whether the account of the address has the cluster of the address; names are of what is not deleted. */
function isThere(account: Facts['account'], { cluster, byName }: Facts): boolean {
  if (cluster === 'ghost') return false;
  if (cluster === 'theirs') return account === 'theirs' || account === 'leaving';
  if (account !== 'mine') return false;
  return cluster !== 'gone' || !byName;
}
