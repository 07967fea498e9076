import type { MiddlewareHandler } from 'hono';
import type { ManagementDeps } from './deps.ts';
import type { ManagementEnv } from './router.ts';

const HEADER = 'x-request-id';
/** What a client may call its request: nothing that a log or a header could be confused by. */
const WELL_FORMED = /^[\w.:-]{8,128}$/;

/** Names every request: as the client did, if that is well-formed. The answer, the audit log and the server's log tell the name. */
export const named =
  (deps: ManagementDeps): MiddlewareHandler<ManagementEnv> =>
  async (c, next) => {
    const chosen = c.req.header(HEADER);
    const id = chosen !== undefined && WELL_FORMED.test(chosen) ? chosen : deps.random.uuid();
    c.set('requestId', id);
    await next();
    c.res.headers.set(HEADER, id);
  };
