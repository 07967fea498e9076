import { describe, expect, it } from 'vitest';
import {
  byShare,
  byTotal,
  byUtilization,
  byValue,
  type Given,
  total,
} from '../../../src/controllers/horizontalpodautoscaling/calculator.ts';
import type { PodMetrics } from '../../../src/controllers/horizontalpodautoscaling/source.ts';
import { rfc3339 } from '../../../src/api/machinery/time.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import cases from '../../golden/autoscaling/replicas.json' with { type: 'json' };

const NOW = Date.UTC(2026, 0, 1);
const NEVER = '1970-01-01T00:00:00Z';
const MINUTE = 60_000;

/** The world of one case (replica_calculator_test.go, prepareTestClientSet): a hot pod started a minute ago, and no window has passed since it was ready. */
function podsOf(c: Obj): KubeObject[] {
  const count = Math.max(c.current, c.phase?.length ?? 0);
  return Array.from({ length: count }, (_, i) => {
    const request = c.resource?.requests[i];
    const resources = request === undefined ? {} : { requests: { [c.resource.name]: request } };
    const started = c.hot ? rfc3339(NOW - (c.hot[i] ? MINUTE : 10 * MINUTE)) : NEVER;
    const status = (c.ready?.[i] ?? true) ? 'True' : 'False';
    return {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: `pod-${i}`, namespace: 'default', ...(c.deleted?.[i] && { deletionTimestamp: rfc3339(NOW) }) },
      spec: {
        containers: [
          { name: 'container1', resources },
          { name: 'container2', resources },
        ],
      },
      status: {
        phase: c.phase?.[i] ?? 'Running',
        startTime: started,
        conditions: [{ type: 'Ready', status, lastTransitionTime: NEVER }],
      },
    } as unknown as KubeObject;
  });
}

const metricsOf = (values: (number | undefined)[]): PodMetrics =>
  new Map(
    values.flatMap((value, i) => (value === undefined ? [] : [[`pod-${i}`, { timestamp: 0, windowMs: MINUTE, value }] as const])),
  );

function resourceMetrics({ container = '', resource }: Obj): PodMetrics {
  const at = ['container1', 'container2'].indexOf(container);
  return metricsOf(
    resource.levels.map((levels: number[]) => (at < 0 ? levels.reduce((sum, level) => sum + level, 0) : levels[at])),
  );
}

function calculate(c: Obj) {
  const [down, up] = c.tolerances ?? [0.1, 0.1];
  const given: Given = { pods: podsOf(c), replicas: c.current, tolerances: { down, up }, now: NOW };
  if (c.resource) {
    const { name, target } = c.resource;
    return byUtilization(given, resourceMetrics(c), { target, resource: name, container: c.container ?? '' });
  }
  const { type, levels, target } = c.metric;
  if (type === 'pod') return byValue(given, metricsOf(levels), target);
  const sum = total(levels);
  return type === 'object' || type === 'external' ? byTotal(given, sum, target) : byShare(given, sum, target);
}

describe("[CTL250] replicas, by upstream's own cases", () => {
  it.each((cases as Obj[]).filter((c) => c.error === undefined).map((c) => [c.name as string, c] as const))('%s', (_, c) => {
    const { replicas, usage, utilization } = calculate(c);
    expect({ replicas, usage, ...(utilization !== undefined && { utilization }) }).toEqual({
      replicas: c.replicas,
      usage: c.usage ?? c.value,
      ...(c.utilization !== undefined && { utilization: c.utilization }),
    });
  });

  it('a container without a request is an error that names it', () => {
    const c = (cases as Obj[]).find(({ name }) => name === 'ReplicaCalcEmptyCPURequest') as Obj;
    expect(() => calculate(c)).toThrow('missing request for cpu in container container1 of Pod pod-0');
  });
});
