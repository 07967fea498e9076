import { describe, expect, it } from 'vitest';
import type { Obj } from '../../../src/lib/json.ts';
import { makeCluster, type TestCluster } from '../../host/make-cluster.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const HPAS = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
const EVENTS = '/api/v1/namespaces/default/events';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const MINUTE = 60_000;

const CPU = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };

/** A Deployment whose pods request 100m each, with an autoscaler, all running. */
function scaled({ load, metrics = [CPU], ...hpa }: { load?: Obj; metrics?: Obj[] } & Obj = {}): TestCluster {
  const host = makeCluster({ seed: 3 });
  const resources = { requests: { cpu: '100m', memory: '64Mi' } };
  const made = host.do('POST', DEPLOYMENTS, {
    metadata: { name: 'web', ...(load && { annotations: { 'atoll.dev/load': JSON.stringify(load) } }) },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx', resources }] } },
    },
  });
  expect(made.status).toBe(201);
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const spec = { scaleTargetRef, minReplicas: 1, maxReplicas: 10, metrics, ...hpa };
  expect(host.do('POST', HPAS, { metadata: { name: 'web' }, spec })).toMatchObject({ status: 201 });
  return host;
}

const sizeOf = (host: TestCluster): number => host.request('GET', `${DEPLOYMENTS}/web`).body.spec.replicas;
const statusOf = (host: TestCluster): Obj => host.request('GET', `${HPAS}/web`).body.status;
const conditionOf = (host: TestCluster, type: string): Obj => statusOf(host).conditions?.find((c: Obj) => c.type === type);
const events = (host: TestCluster): string[] =>
  host
    .request('GET', EVENTS)
    .body.items.filter((e: Obj) => e.involvedObject.kind === 'HorizontalPodAutoscaler')
    .map((e: Obj) => `${e.reason}: ${e.message}`);
const load = (host: TestCluster, value: Obj): void => {
  const annotations = { 'atoll.dev/load': JSON.stringify(value) };
  host.do('PATCH', `${DEPLOYMENTS}/web`, { metadata: { annotations } }, MERGE);
};

describe('an autoscaler', () => {
  it('[CTL251] [SIM22] follows the load of its target up, and five minutes after it went, down', () => {
    const host = scaled();
    host.advance(8 * MINUTE);
    expect(sizeOf(host)).toBe(1);
    load(host, { cpu: '400m' });
    host.advance(5 * MINUTE);
    expect(sizeOf(host)).toBeGreaterThanOrEqual(8);
    expect(conditionOf(host, 'ScalingActive')).toMatchObject({
      status: 'True',
      reason: 'ValidMetricFound',
      message: 'the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)',
    });
    expect(events(host)).toContain(
      'SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target',
    );
    load(host, {});
    const before = sizeOf(host);
    host.advance(4 * MINUTE);
    expect(sizeOf(host)).toBe(before);
    expect(conditionOf(host, 'AbleToScale')).toMatchObject({ status: 'True', reason: 'ScaleDownStabilized' });
    host.advance(3 * MINUTE);
    expect(sizeOf(host)).toBe(1);
    expect(events(host)).toContain('SuccessfulRescale: New size: 1; reason: All metrics below target');
  });

  it('[CTL251] is asleep while nothing changes: a size that is right wakes nobody', () => {
    const host = scaled();
    host.advance(20 * MINUTE);
    const { revision } = host.cluster.registry;
    host.advance(30 * MINUTE);
    expect(host.cluster.registry.revision - revision, 'Events that expire, and nothing else').toBeLessThan(20);
    expect(host.cluster.timers.get('horizontal-pod-autoscaler', 'default', 'web')).toBeUndefined();
  });

  it('[CTL252] stays between its bounds, and says so', () => {
    const host = scaled({ load: { cpu: '5' }, maxReplicas: 3 });
    host.advance(10 * MINUTE);
    expect(sizeOf(host)).toBe(3);
    expect(conditionOf(host, 'ScalingLimited')).toMatchObject({
      status: 'True',
      reason: 'TooManyReplicas',
      message: 'the desired replica count is more than the maximum replica count',
    });
    host.do('PATCH', `${HPAS}/web`, { spec: { minReplicas: 5, maxReplicas: 6 } }, MERGE);
    host.advance(MINUTE);
    expect(sizeOf(host)).toBe(6);
    expect(events(host)).toContain('SuccessfulRescale: New size: 5; reason: Current number of replicas below Spec.MinReplicas');
  });

  it('[CTL253] leaves a target of size 0 alone', () => {
    const host = scaled();
    host.do('PATCH', `${DEPLOYMENTS}/web`, { spec: { replicas: 0 } }, MERGE);
    host.advance(MINUTE);
    expect(sizeOf(host)).toBe(0);
    expect(conditionOf(host, 'ScalingActive')).toMatchObject({ status: 'False', reason: 'ScalingDisabled' });
  });

  it('[CTL254] says what it cannot get: a target that is not there, an API that nobody serves', () => {
    const host = scaled({
      metrics: [{ type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '5' } } }],
    });
    host.advance(MINUTE);
    expect(conditionOf(host, 'ScalingActive')).toMatchObject({
      status: 'False',
      reason: 'FailedGetExternalMetric',
      message: expect.stringContaining('unable to fetch metrics from external metrics API'),
    });
    host.do('DELETE', `${DEPLOYMENTS}/web`);
    host.advance(MINUTE);
    expect(conditionOf(host, 'AbleToScale')).toMatchObject({
      status: 'False',
      reason: 'FailedGetScale',
      message: 'the HPA controller was unable to get the target\'s current scale: deployments.apps "web" not found',
    });
    const { revision } = host.cluster.registry;
    host.advance(10 * MINUTE);
    expect(host.cluster.registry.revision, 'it is said once').toBe(revision);
  });

  it('[CTL255] obeys the policies of its behavior', () => {
    const host = scaled({
      load: { cpu: '1' },
      behavior: {
        scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
        scaleDown: { stabilizationWindowSeconds: 0 },
      },
    });
    const sizes: number[] = [];
    for (let i = 0; i < 9; i++) {
      host.advance(MINUTE);
      sizes.push(sizeOf(host));
    }
    for (let i = 1; i < sizes.length; i++) expect(sizes[i] - sizes[i - 1]).toBeLessThanOrEqual(1);
    expect(sizes.at(-1)).toBeGreaterThan(5);
    load(host, {});
    host.advance(2 * MINUTE);
    expect(sizeOf(host), 'no window holds it').toBe(1);
  });

  it('[CTL256] goes on after a crash with what it had recommended', () => {
    const host = scaled({ load: { cpu: '400m' } });
    host.advance(12 * MINUTE);
    const before = sizeOf(host);
    expect(before).toBeGreaterThanOrEqual(8);
    load(host, {});
    host.advance(2 * MINUTE);
    host.crash();
    host.advance(2 * MINUTE);
    expect(sizeOf(host), 'the window counts').toBe(before);
    host.advance(4 * MINUTE);
    expect(sizeOf(host)).toBe(1);
  });
});

describe('metrics.k8s.io', () => {
  const PODS = '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods';

  it('[KUB40] has what pods and nodes use, some seconds after they run, and writes nothing', () => {
    const host = scaled({ load: { cpu: '40m' } });
    const { revision } = host.cluster.registry;
    expect(host.request('GET', PODS).body.items).toEqual([]);
    host.now += 2 * MINUTE;
    const [pod] = host.request('GET', `${PODS}?labelSelector=app%3Dweb`).body.items;
    expect(pod).toMatchObject({
      window: '15s',
      metadata: { namespace: 'default', labels: { app: 'web' } },
      containers: [{ name: 'c', usage: { cpu: '45m', memory: '16Mi' } }],
    });
    expect(host.request('GET', `${PODS}/${pod.metadata.name}`).body).toMatchObject({
      kind: 'PodMetrics',
      containers: pod.containers,
    });
    expect(host.request('GET', `${PODS}/nosuch`).status).toBe(404);
    const nodes = host.request('GET', '/apis/metrics.k8s.io/v1beta1/nodes').body;
    expect(nodes).toMatchObject({ kind: 'NodeMetricsList', apiVersion: 'metrics.k8s.io/v1beta1' });
    expect(nodes.items.map((node: Obj) => node.metadata.name)).toEqual(['node-0', 'node-1', 'node-2']);
    expect(host.cluster.registry.revision).toBe(revision);
  });

  it('[SIM21] the use of a container goes by its annotation: steps over its life, ranges, shares of the request, never above the limit', () => {
    const host = makeCluster();
    const make = (name: string, cpu: unknown) =>
      host.do('POST', '/api/v1/namespaces/default/pods', {
        metadata: { name, annotations: { 'atoll.dev/simulate': JSON.stringify({ cpu }) } },
        spec: { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '200m' }, limits: { cpu: '400m' } } }] },
      });
    make('fixed', '70m');
    make('share', '50%');
    make('high', '2');
    make('range', ['10m', '20m']);
    make('steps', [{ seconds: 120, use: '10m' }, { use: '300m' }]);
    make('nonsense', { steps: 'much' });
    const cpu = (name: string): number => {
      const text: string = host.request('GET', `${PODS}/${name}`).body.containers[0].usage.cpu;
      return text.endsWith('n') ? Number(text.slice(0, -1)) / 1e6 : Number(text.slice(0, -1));
    };
    host.now += MINUTE;
    expect([cpu('fixed'), cpu('share'), cpu('high'), cpu('steps'), cpu('nonsense')]).toEqual([70, 100, 400, 10, 10]);
    expect(cpu('range')).toBeGreaterThanOrEqual(10);
    expect(cpu('range')).toBeLessThanOrEqual(20);
    host.now += 2 * MINUTE;
    expect(cpu('steps')).toBe(300);
  });

  it('[CTL257] is read by those who may view', () => {
    const host = scaled();
    const token = host.cluster.issue({ id: 'v', username: 'vera', role: 'view' }, host.now);
    host.settle();
    host.now += MINUTE;
    const as = { authorization: `Bearer ${token}` };
    expect(host.request('GET', PODS, undefined, as).body.items).toHaveLength(1);
    expect(host.request('GET', '/apis/metrics.k8s.io/v1beta1/nodes', undefined, as).status).toBe(200);
  });
});
