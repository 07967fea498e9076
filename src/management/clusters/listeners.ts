import { and, count, eq, isNotNull, ne } from 'drizzle-orm';
import { accounts } from '../accounts/tables.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { planOf } from '../plans.ts';
import type { ClusterRow } from './rows.ts';
import { clusters } from './tables.ts';

/** Opens a port for a cluster, or throws the reason. The caller updates the row. */
export async function listen(deps: ManagementDeps, { id, accountId }: ClusterRow, port: number): Promise<void> {
  if (!deps.listeners) throw new Problem('invalid-request', 'port: clusters of this deployment have no ports of their own');
  await checkPlan(deps, id, accountId);
  const why = await deps.listeners.listen(id, port);
  if (why !== undefined) throw new Problem('port-unavailable', `port ${port} ${why}`);
}

/** Checks the plan's bound on ports, which are the machine's. */
async function checkPlan(deps: ManagementDeps, id: string, accountId: string): Promise<void> {
  const has = and(eq(clusters.accountId, accountId), isNotNull(clusters.port), ne(clusters.id, id));
  const [[account], [others]] = await Promise.all([
    deps.db.select({ plan: accounts.plan }).from(accounts).where(eq(accounts.id, accountId)),
    deps.db.select({ ports: count() }).from(clusters).where(has),
  ]);
  const plan = account?.plan ?? 'standard';
  const { ports } = planOf(plan);
  if (ports !== undefined && others.ports >= ports)
    throw new Problem('limit-reached', `the plan "${plan}" allows ${ports} ports`);
}

/** Opens the port that the row has, in place of one that a failed update opened; closes that one if the row has none. */
export async function restoreListener(deps: ManagementDeps, { id }: ClusterRow): Promise<void> {
  const [row] = await deps.db.select({ port: clusters.port }).from(clusters).where(eq(clusters.id, id));
  if (row && row.port !== null) await deps.listeners?.listen(id, row.port);
  else await deps.listeners?.close(id);
}

/** Closes a cluster's port, if any. */
export async function close(deps: ManagementDeps, { id, port }: Pick<ClusterRow, 'id' | 'port'>): Promise<void> {
  if (port !== null) await deps.listeners?.close(id);
}
