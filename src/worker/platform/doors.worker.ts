import { issuersOf } from '../../management/people/issuers.ts';
import type { Doors } from './egress.worker.ts';
import { type Env, variablesOf } from './env.worker.ts';

/** The ways out of this deployment: to the world, and to the issuers that the operator named wherever they are. */
export function doorsOf(env: Env): Doors {
  const { ATOLL_OIDC } = variablesOf(env);
  const { INSIDE } = env;
  const outside: Doors['outside'] = (url, init) => fetch(url, init);
  const origins = new Set(ATOLL_OIDC ? issuersOf(ATOLL_OIDC).map(({ issuer }) => new URL(issuer).origin) : []);
  return { outside, inside: { origins, fetch: INSIDE ? (url, init) => INSIDE.fetch(url, init) : outside } };
}
