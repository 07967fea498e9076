import type { KubeObject } from '../../lib/json.ts';
import { type ComputeRequest, defineKind } from '../machinery/define-kind.ts';
import { nameCell } from '../machinery/columns.ts';
import { rfc3339 } from '../machinery/time.ts';
import { readOnlySchema } from '../schema/read-only.ts';
import type { NodeSample } from './meter.ts';
import { metricsColumns, readersOf, usage, USAGE, WINDOW, window } from './usage.ts';

const NAMES = { group: 'metrics.k8s.io', version: 'v1beta1', kind: 'NodeMetrics' };

function metricsOf({ metadata: { name, labels } }: KubeObject, sample: NodeSample, now: number): KubeObject {
  return {
    kind: NAMES.kind,
    apiVersion: `${NAMES.group}/${NAMES.version}`,
    metadata: { name, creationTimestamp: rfc3339(now), ...(labels && { labels }) },
    timestamp: rfc3339(sample.timestamp),
    window: window(sample.windowMs),
    usage: usage(sample.use),
  } as unknown as KubeObject;
}

function computed({ meter, now, name, get, list }: ComputeRequest): KubeObject[] {
  const nodes = name === undefined ? list('nodes') : [get('nodes', '', name)];
  return nodes.flatMap((node) => {
    const sample = node && meter?.node(node);
    return sample ? [metricsOf(node, sample, now)] : [];
  });
}

/** NodeMetrics (kubernetes-sigs/metrics-server pkg/api/node.go): computed when asked for, stored nowhere. */
export const NodeMetrics = defineKind({
  ...NAMES,
  resource: 'nodes',
  namespaced: false,
  verbs: readersOf(),
  schema: readOnlySchema('io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics', NAMES, {
    timestamp: { type: 'string', format: 'date-time' },
    window: WINDOW,
    usage: USAGE,
  }),
  computed,
  columns: metricsColumns(nameCell, (metrics) => [metrics.usage]),
});
