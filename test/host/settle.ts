import type { Cluster } from '../../src/cluster/cluster.ts';

/** Drains, flushes and stores until the cluster is idle: a turn without a budget. */
export function settle(cluster: Cluster, now: number): void {
  cluster.drain(now);
  cluster.flush(now);
  cluster.audit.store(now);
}
