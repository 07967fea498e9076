import { getTableColumns, type SQL, sql } from 'drizzle-orm';
import type { Context, MiddlewareHandler } from 'hono';
import { actorOf, type Principal } from '../http/access.ts';
import type { ManagementDeps } from '../deps.ts';
import { AUDIT_TARGET_LENGTH } from '../limits.ts';
import type { ManagementEnv } from '../http/router.ts';
import { audit } from './tables.ts';

const REFUSALS = new Set([401, 403, 404]);
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const SECRET = /\batoll[a-z]?_[\w-]{20,}/g;
const CREATED = 201;

/** Text for an audit entry: cut, and without secrets. */
const plain = (text: string): string => text.replace(SECRET, '<secret>').slice(0, AUDIT_TARGET_LENGTH);

/**
 * Writes an audit entry for every mutating request and every refusal of an authenticated one, before the answer; if the row cannot be
 * written the answer is 500.
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
    if (c.get('audited') === status) return;
    const context = c as unknown as Context<ManagementEnv>;
    await deps.db.insert(audit).values(entryOf(deps, context, who, status, { ...targetOf(context), ...(await resultOf(c)) }));
  };

/** Statement for a handler that writes its audit entry in its own transaction, if `when` holds. The handler sets `audited` afterwards. */
export function auditStatement(deps: ManagementDeps, c: Context<ManagementEnv>, made: { id: string; name: string }, when: SQL) {
  const row = entryOf(deps, c, c.get('principal'), CREATED, { ...targetOf(c), id: made.id, name: made.name });
  const values = Object.entries(getTableColumns(audit)).map(([key, column]) => {
    const value = row[key as keyof typeof row];
    return value === undefined || value === null ? sql`NULL` : sql.param(value, column);
  });
  return deps.db.insert(audit).select(sql`SELECT ${sql.join(values, sql`, `)} WHERE ${when}`);
}

function entryOf(
  deps: ManagementDeps,
  c: Context<ManagementEnv>,
  who: Principal,
  status: number,
  target: Record<string, string>,
): typeof audit.$inferInsert {
  const action = c.get('action') as string;
  const accountId = accountOf(c, who);
  return { at: deps.now(), accountId, actor: actorOf(who), action, target, status, requestId: c.get('requestId') };
}

/** Account of the entry: the one that was authorized, else the token's own; never one that was only named. */
function accountOf(c: Context<ManagementEnv>, who: Principal): string | null {
  const access: ManagementEnv['Variables']['access'] | undefined = c.get('access');
  return access?.accountId ?? (who.type === 'token' ? who.accountId : null);
}

/** Path parameters, names resolved to ids where known; then the handler's ids. */
function targetOf(c: Context<ManagementEnv>): Record<string, string> {
  const target: Record<string, string> = {};
  for (const [name, value] of Object.entries(c.req.param() as Record<string, string>)) target[name] = plain(value);
  const access: ManagementEnv['Variables']['access'] | undefined = c.get('access');
  if (access && target.account) target.account = access.accountId;
  const cluster: ManagementEnv['Variables']['cluster'] | undefined = c.get('cluster');
  if (cluster) Object.assign(target, { cluster: cluster.id, clusterName: cluster.name });
  if (c.res.headers.has('idempotency-replayed')) target.replayed = 'true';
  return { ...target, ...c.get('made') };
}

/** Id and name of the created object. */
async function resultOf({ res }: Context): Promise<Record<string, string>> {
  if (res.status !== CREATED || !res.headers.get('content-type')?.startsWith('application/json')) return {};
  const { id, name } = (await res.clone().json()) as { id?: unknown; name?: unknown };
  return {
    ...(typeof id === 'string' && { id: plain(id) }),
    ...(typeof name === 'string' && { name: plain(name) }),
  };
}
