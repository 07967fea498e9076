import type { Context, MiddlewareHandler } from 'hono';
import { creatorOf, type Principal } from './access.ts';
import type { LogEntry, ManagementDeps } from '../deps.ts';
import { asProblem } from './errors.ts';
import type { ManagementEnv } from './router.ts';

const HEADER = 'x-request-id';
/** Allowed request ids: nothing that could confuse a log or a header. */
const WELL_FORMED = /^[\w.:-]{8,128}$/;

function entryOf(c: Context<ManagementEnv>, ms: number): LogEntry {
  const who: Principal | undefined = c.get('principal');
  const access: ManagementEnv['Variables']['access'] | undefined = c.get('access');
  const action = c.get('action');
  return {
    requestId: c.get('requestId'),
    method: c.req.method,
    ...(action !== undefined && { action }),
    status: c.res.status,
    ms,
    ...(access && { account: access.accountId }),
    ...(who && { actor: creatorOf(who) }),
    ...(c.error && asProblem(c.error).code === 'internal' && { error: c.error }),
  };
}

/** Sets the request id: the client's, if well-formed. The answer, the audit log and the server's log carry it. */
export const named =
  (deps: ManagementDeps): MiddlewareHandler<ManagementEnv> =>
  async (c, next) => {
    const chosen = c.req.header(HEADER);
    const id = chosen !== undefined && WELL_FORMED.test(chosen) ? chosen : deps.random.uuid();
    c.set('requestId', id);
    const begun = deps.now();
    await next();
    c.res.headers.set(HEADER, id);
    deps.log(entryOf(c as unknown as Context<ManagementEnv>, deps.now() - begun));
  };
