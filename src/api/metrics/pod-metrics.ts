import type { KubeObject, Obj } from '../../lib/json.ts';
import { type ComputeRequest, defineKind } from '../machinery/define-kind.ts';
import { nameCell } from '../machinery/columns.ts';
import { rfc3339 } from '../machinery/time.ts';
import { readOnlySchema } from '../schema/read-only.ts';
import type { PodSample } from './meter.ts';
import { metricsColumns, readersOf, usage, USAGE, WINDOW, window } from './usage.ts';

const NAMES = { group: 'metrics.k8s.io', version: 'v1beta1', kind: 'PodMetrics' };

function metricsOf({ metadata }: KubeObject, sample: PodSample, now: number): KubeObject {
  const { name, namespace, labels } = metadata;
  return {
    kind: NAMES.kind,
    apiVersion: `${NAMES.group}/${NAMES.version}`,
    metadata: { name, namespace, creationTimestamp: rfc3339(now), ...(labels && { labels }) },
    timestamp: rfc3339(sample.timestamp),
    window: window(sample.windowMs),
    containers: sample.containers.map((container) => ({ name: container.name, usage: usage(container) })),
  } as unknown as KubeObject;
}

function computed({ meter, now, namespace, name, get, list }: ComputeRequest): KubeObject[] {
  const pods = name === undefined ? list('pods', namespace) : [get('pods', namespace, name)];
  return pods.flatMap((pod) => {
    const sample = pod && meter?.pod(pod);
    return sample ? [metricsOf(pod, sample, now)] : [];
  });
}

const totalOf = (metrics: Obj): Obj[] => metrics.containers.map((container: Obj) => container.usage);

/** PodMetrics (kubernetes-sigs/metrics-server pkg/api/pod.go): computed when asked for, stored nowhere. */
export const PodMetrics = defineKind({
  ...NAMES,
  resource: 'pods',
  namespaced: true,
  verbs: readersOf(),
  schema: readOnlySchema('io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics', NAMES, {
    timestamp: { type: 'string', format: 'date-time' },
    window: WINDOW,
    containers: {
      type: 'array',
      'x-kubernetes-list-type': 'atomic',
      items: { type: 'object', required: ['name', 'usage'], properties: { name: { type: 'string' }, usage: USAGE } },
    },
  }),
  computed,
  columns: metricsColumns(nameCell, totalOf),
});
