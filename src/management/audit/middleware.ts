import type { Context, MiddlewareHandler } from 'hono';
import { actorOf, type Principal } from '../access.ts';
import type { ManagementDeps } from '../deps.ts';
import { AUDIT_TARGET_LENGTH } from '../limits.ts';
import type { ManagementEnv } from '../router.ts';
import { audit } from './tables.ts';

const REFUSALS = new Set([401, 403, 404]);
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const SECRET = /\batoll[a-z]?_[\w-]{20,}/g;
const CREATED = 201;

/** What an address or an answer says goes into the log cut, and never with a secret in it. */
const plain = (text: string): string => text.replace(SECRET, '<secret>').slice(0, AUDIT_TARGET_LENGTH);

/**
 * Writes down who did what: every request that may have changed something, and everything that somebody known was refused. The row stands
 * before the answer is given; a request whose row cannot be written is answered with 500.
 */
export const audited =
  (deps: ManagementDeps, action: string): MiddlewareHandler<ManagementEnv> =>
  async (c, next) => {
    c.set('action', action);
    await next();
    const who: Principal | undefined = c.get('principal');
    if (!who) return;
    const { status } = c.res;
    if (READS.has(c.req.method) && !REFUSALS.has(status) && !c.get('made')) return;
    const context = c as unknown as Context<ManagementEnv>;
    await deps.db.insert(audit).values({
      at: deps.now(),
      accountId: accountOf(context, who),
      actor: actorOf(who),
      action,
      target: await targetOf(context),
      status,
      requestId: c.get('requestId'),
    });
  };

/** Whose log it belongs to: the account that was entered, else the one that a token is of; never one that was only named. */
function accountOf(c: Context<ManagementEnv>, who: Principal): string | null {
  const access: ManagementEnv['Variables']['access'] | undefined = c.get('access');
  return access?.accountId ?? (who.type === 'token' ? who.accountId : null);
}

/** Parameters of the address, with names made ids where they are known; then what came of it. */
async function targetOf(c: Context<ManagementEnv>): Promise<Record<string, string>> {
  const target: Record<string, string> = {};
  for (const [name, value] of Object.entries(c.req.param() as Record<string, string>)) target[name] = plain(value);
  const access: ManagementEnv['Variables']['access'] | undefined = c.get('access');
  if (access && target.account) target.account = access.accountId;
  const cluster: ManagementEnv['Variables']['cluster'] | undefined = c.get('cluster');
  if (cluster) Object.assign(target, { cluster: cluster.id, clusterName: cluster.name });
  if (c.res.headers.has('idempotency-replayed')) target.replayed = 'true';
  return { ...target, ...(await resultOf(c)), ...c.get('made') };
}

/** The id and name of what was made. */
async function resultOf({ res }: Context): Promise<Record<string, string>> {
  if (res.status !== CREATED || !res.headers.get('content-type')?.startsWith('application/json')) return {};
  const { id, name } = (await res.clone().json()) as { id?: unknown; name?: unknown };
  return {
    ...(typeof id === 'string' && { id: plain(id) }),
    ...(typeof name === 'string' && { name: plain(name) }),
  };
}
