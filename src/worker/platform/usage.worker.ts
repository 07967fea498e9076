import { RECORD_ROWS } from '../../management/limits.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Usage } from '../../cluster/usage.ts';
import { USAGE_GATHER_MS } from '../limits.ts';
import type { UsageHour } from '../../tenancy/usage.ts';
import { RECORD_USAGE, type UsageRow } from '../../management/usage/record.ts';
import { describeError, log } from '../edge/log.worker.ts';
import { metrics } from '../edge/metrics.worker.ts';
import { now } from './host.worker.ts';

/** Binding of the deployment's database. */
interface Env {
  DB: { prepare(query: string): { bind(rows: string): { run(): Promise<unknown> } } };
}

/** Pending reports of this isolate's clusters, sent together: one statement for many costs as much as one for one. */
const gathered = new Map<string, { usage: Usage; hours: UsageHour[] }>();

const record = (env: Env, rows: UsageRow[]) => env.DB.prepare(RECORD_USAGE).bind(JSON.stringify(rows)).run();

/** Sends all pending reports to the deployment's database. After a failure each cluster reports again. */
async function sendGathered(env: Env): Promise<void> {
  while (gathered.size > 0) {
    const batch = [...gathered].slice(0, RECORD_ROWS);
    for (const [id] of batch) gathered.delete(id);
    try {
      await record(
        env,
        batch.flatMap(([id, { hours }]) => hours.map((hour) => ({ id, ...hour }))),
      );
      for (const [, { usage, hours }] of batch) usage.reportAcknowledged(hours);
    } catch (error) {
      metrics.count('atoll_usage_errors_total');
      log('error', { type: 'usage', clusters: batch.length, ...describeError(error) });
      for (const [, { usage }] of batch) usage.reportFailed();
      return;
    }
  }
}

/** Adds a cluster's usage to the pending reports; sent after USAGE_GATHER_MS, never within a request. */
export function reportUsage(env: Env, { usage, options }: Cluster): void {
  gathered.set(options.id, { usage, hours: usage.report(now()) });
  setTimeout(() => void sendGathered(env), USAGE_GATHER_MS);
}

/** Reports the usage of a cluster that is being deleted; resolves once it is stored, throws if that fails. */
export async function reportLastUsage(env: Env, { usage, options }: Cluster): Promise<void> {
  gathered.delete(options.id);
  await record(
    env,
    usage.report(now()).map((hour) => ({ id: options.id, ...hour })),
  );
}
