import type { Cluster } from '../../cluster/cluster.ts';
import type { Usage } from '../../cluster/usage.ts';
import { USAGE_GATHER_MS } from '../limits.ts';
import type { UsageHour } from '../../tenancy/usage.ts';
import { RECORD_ROWS, RECORD_USAGE, type UsageRow } from '../../management/usage/record.ts';
import { log, nameOf } from '../edge/log.worker.ts';
import { metrics } from '../edge/metrics.worker.ts';
import { now } from './host.worker.ts';

/** Of the deployment, its database. */
interface Env {
  DB: { prepare(query: string): { bind(rows: string): { run(): Promise<unknown> } } };
}

/** Reports of the clusters of this isolate: gathered, since one statement for many costs the database as much as for one. */
const gathered = new Map<string, { usage: Usage; hours: UsageHour[] }>();

const record = (env: Env, rows: UsageRow[]) => env.DB.prepare(RECORD_USAGE).bind(JSON.stringify(rows)).run();

/** Sends all gathered reports to the deployment's database. After a failure each cluster reports again. */
async function sendGathered(env: Env): Promise<void> {
  while (gathered.size > 0) {
    const some = [...gathered].slice(0, RECORD_ROWS);
    for (const [id] of some) gathered.delete(id);
    try {
      await record(
        env,
        some.flatMap(([id, { hours }]) => hours.map((hour) => ({ id, ...hour }))),
      );
      for (const [, { usage, hours }] of some) usage.reportTaken(hours);
    } catch (error) {
      metrics.count('atoll_usage_errors_total');
      log('error', { type: 'usage', clusters: some.length, ...nameOf(error) });
      for (const [, { usage }] of some) usage.reportFailed();
      return;
    }
  }
}

/** Reports what a cluster counted, together with others, never within a request. */
export function reportUsage(env: Env, { usage, options }: Cluster): void {
  gathered.set(options.id, { usage, hours: usage.report(now()) });
  setTimeout(() => void sendGathered(env), USAGE_GATHER_MS);
}

/** Reports everything before it resolves, for a cluster that is being deleted. */
export async function reportLastUsage(env: Env, { usage, options }: Cluster): Promise<void> {
  gathered.delete(options.id);
  await record(
    env,
    usage.report(now()).map((hour) => ({ id: options.id, ...hour })),
  );
}
