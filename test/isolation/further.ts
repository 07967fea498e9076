import type { Bearer } from './bearers.ts';
import type { Address, Route } from './routes.ts';

type Rule = (bearer: Bearer, address: Address) => number[] | undefined;

const ORDER = ['read', 'write', 'admin', 'owner'];
const levelAt = (bearer: Bearer, { facts }: Address) =>
  facts.account === 'theirs' ? bearer.levels.theirs : (bearer.levels.mine ?? bearer.levels.theirs);
const below = (bearer: Bearer, address: Address, level: string) =>
  bearer.is !== 'operator' && ORDER.indexOf(levelAt(bearer, address) ?? '') < ORDER.indexOf(level);

/** What handlers refuse beyond their guard, by operationId. Undefined: the guard alone decides. */
const FURTHER: Record<string, Rule> = {
  // A new cluster would not be among those that the token names, nor have the labels.
  createCluster: (bearer) => (bearer.reach ? [403] : undefined),
  // A fork has the labels of its source: who reaches that by labels reaches the fork.
  forkCluster: (bearer) => (bearer.reach && !bearer.label.includes('by labels') ? [403, 409] : undefined),
  // Credentials of others are revoked by whoever may write, and taken over by administrators.
  deleteCredential: (bearer, address) => (below(bearer, address, 'write') ? [403] : undefined),
  updateToken: (bearer, address) => (below(bearer, address, 'owner') ? [403] : undefined),
  // Nobody revokes what may do more than they; the tokens of the seeds may do everything.
  deleteToken: (bearer, address) => (below(bearer, address, 'owner') ? [403] : undefined),
  rotateToken: (bearer, address) => (below(bearer, address, 'owner') ? [403] : undefined),
  // People leave, tokens do not, and the only owner does not either.
  leaveAccount: (bearer, { facts }) =>
    bearer.is === 'token' || (facts.account === 'theirs' && bearer.levels.theirs === 'owner') ? [409] : undefined,
  deleteMe: (bearer) => (bearer.levels.theirs === 'owner' ? [409] : undefined),
  acceptInvitation: (bearer) => (bearer.levels.mine === undefined ? undefined : [409]),
  rotateCredential: (bearer, address) => (below(bearer, address, 'admin') ? [403] : undefined),
};

/** The statuses that a handler may answer with, where the guard is not all. */
export const furtherOf = (route: Route, bearer: Bearer, address: Address): number[] | undefined =>
  FURTHER[route.operationId]?.(bearer, address);
