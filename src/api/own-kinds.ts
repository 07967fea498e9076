import { ScalingHistory } from './autoscaling/scaling-history.ts';
import { PodScheduling } from './explain/pod-scheduling.ts';
import { kinds, KindTable, kindTable } from './kinds.ts';
import type { Kind } from './machinery/define-kind.ts';
import { NodeMetrics } from './metrics/node-metrics.ts';
import { PodMetrics } from './metrics/pod-metrics.ts';

/** Kinds that a Kubernetes server does not serve by itself, and every cluster with controllers does: add-ons' and our own. */
export const ownKinds: readonly Kind[] = [ScalingHistory, NodeMetrics, PodMetrics, PodScheduling];

const tables = new Map<boolean, KindTable>();

interface Served {
  /** Nothing acts in the cluster: it serves what an API server alone does. */
  apiOnly?: boolean | undefined;
  legacyApis?: boolean | undefined;
}

/** The table of a cluster, with `extra` kinds in it. Without these it is shared, and with it what documents are made of it. */
export function clusterKinds({ apiOnly, legacyApis = false }: Served = {}, extra: readonly Kind[] = []): KindTable {
  if (apiOnly) return kindTable(legacyApis, extra);
  if (extra.length) return new KindTable([...kinds, ...ownKinds, ...extra], legacyApis);
  let table = tables.get(legacyApis);
  if (!table) {
    table = new KindTable([...kinds, ...ownKinds], legacyApis);
    tables.set(legacyApis, table);
  }
  return table;
}
