import type { Context, MiddlewareHandler } from 'hono';
import type { ManagementDeps } from './deps.ts';
import { Problem } from './errors.ts';
import type { ManagementEnv } from './router.ts';
import { accountOfToken } from './tokens/service.ts';

function bearer(c: Context): string {
  const match = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '');
  if (!match) throw new Problem('unauthenticated', 'send "Authorization: Bearer TOKEN"');
  return match[1];
}

/** Equality that does not tell by its duration where two hashes differ. */
function sameHash(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** Lets an account's token in and says whose it is. */
export const asAccount =
  (deps: ManagementDeps): MiddlewareHandler<ManagementEnv> =>
  async (c, next) => {
    const accountId = await accountOfToken(deps, bearer(c));
    if (accountId === undefined) throw new Problem('unauthenticated', 'the token is not known');
    c.set('accountId', accountId);
    await next();
  };

const isOperator = (deps: ManagementDeps, token: string) =>
  deps.operatorSha256 !== undefined && sameHash(deps.crypto.sha256(token), deps.operatorSha256);

/** Lets the operator of the deployment in. An account's token is known, but not enough. */
export const asOperator =
  (deps: ManagementDeps): MiddlewareHandler<ManagementEnv> =>
  async (c, next) => {
    const token = bearer(c);
    if (!isOperator(deps, token)) {
      const known = (await accountOfToken(deps, token)) !== undefined;
      throw known
        ? new Problem('forbidden', 'only the operator makes accounts')
        : new Problem('unauthenticated', 'the token is not known');
    }
    await next();
  };

/**
 * Browsers say from where they come: another site may not speak through a visitor's browser, nor may a name that somebody else
 * pointed at this address. Other clients send neither header.
 */
export const fromOurselves =
  (deps: ManagementDeps): MiddlewareHandler<ManagementEnv> =>
  async (c, next) => {
    const origin = c.req.header('origin');
    const site = c.req.header('sec-fetch-site');
    const host = c.req.header('host') ?? '';
    if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host)) {
      throw new Problem('foreign-origin', `origin ${origin} is not this site`);
    }
    if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new Problem('foreign-origin', `a ${site} request`);
    if ((origin ?? site) !== undefined && deps.hosts && !deps.hosts.includes(host.replace(/:\d+$/, ''))) {
      throw new Problem('foreign-origin', `"${host}" is not a name of this site`);
    }
    await next();
  };
