import type { Bearer } from './bearers.ts';
import type { Address, Route } from './routes.ts';
import type { Tenants } from './tenants.ts';

type Rule = (bearer: Bearer, address: Address, t: Tenants) => number[] | undefined;

const levelAt = (bearer: Bearer, { facts }: Address) => (facts.account === 'theirs' ? bearer.levels.theirs : bearer.levels.mine);

/** What handlers refuse beyond their guard, by operationId. Undefined: the guard alone decides. */
const FURTHER: Record<string, Rule> = {
  // A new cluster would not be among those that the token names, nor have the labels.
  createCluster: (bearer) => (bearer.reach ? [403] : undefined),
  // Whoever may only look gets credentials that may only look.
  createKubeconfig: (bearer, address) => (levelAt(bearer, address) === 'read' ? [403, 404] : undefined),
};

/** The statuses that a handler may answer with, where the guard is not all. */
export const furtherOf = (route: Route, bearer: Bearer, address: Address, t: Tenants): number[] | undefined =>
  FURTHER[route.operationId]?.(bearer, address, t);
