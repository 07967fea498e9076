import { issuersOf } from '../../management/people/issuers.ts';
import type { EgressRoutes } from './egress.worker.ts';
import { type Env, variablesOf } from './env.worker.ts';

/** Egress routes of this deployment: to public addresses, and to any address for the issuers that the operator configured. */
export function egressRoutesOf(env: Env): EgressRoutes {
  const { ATOLL_OIDC } = variablesOf(env);
  const { INSIDE } = env;
  const outside: EgressRoutes['outside'] = (url, init) => fetch(url, init);
  const origins = new Set(ATOLL_OIDC ? issuersOf(ATOLL_OIDC).map(({ issuer }) => new URL(issuer).origin) : []);
  return { outside, inside: { origins, fetch: INSIDE ? (url, init) => INSIDE.fetch(url, init) : outside } };
}
