import { describe, expect, it } from 'vitest';
import { kinds, kindTable } from '../../../src/api/kinds.ts';
import { checkStructure } from '../../../src/api/machinery/decode.ts';
import { resourceOf, type ServedVersion } from '../../../src/api/machinery/define-kind.ts';
import { goSchema } from '../../../src/api/schema/go.ts';
import { hasType } from '../../../src/api/schema/go-types.ts';
import type { Obj } from '../../../src/lib/json.ts';

const table = kindTable(false);
const legacy = kindTable(true);
const version = (apiVersion: string, kind: string) => legacy.byGVK(apiVersion, kind)?.served as ServedVersion;

describe('the table of kinds', () => {
  it('names every kind once, and every type that it names is in the schema table', () => {
    expect(new Set(kinds.map(resourceOf)).size).toBe(kinds.length);
    const types = kinds.flatMap((kind) => [kind, ...(kind.versions ?? [])].map(({ schema }) => schema.name));
    expect(types.filter((type) => !hasType(type))).toEqual([]);
  });

  it('finds a kind by resource, by address and by what an object says of itself', () => {
    const deployments = table.byResource('apps/deployments');
    expect(table.served('apps', 'v1', 'deployments')).toEqual({ kind: deployments });
    expect(table.byGVK('apps/v1', 'Deployment')).toEqual({ kind: deployments });
    expect(table.byGVK('v1', 'Deployment')).toBeUndefined();
    expect(table.served('', 'v1', 'pods')?.kind.singular).toBe('pod');
  });

  it('serves one stored kind under its living versions', () => {
    expect(table.served('autoscaling', 'v1', 'horizontalpodautoscalers')?.kind).toBe(
      table.byResource('autoscaling/horizontalpodautoscalers'),
    );
    expect(table.served('events.k8s.io', 'v1', 'events')?.kind).toBe(table.byResource('events'));
  });

  it('hides dropped versions unless asked', () => {
    expect(table.byGVK('extensions/v1beta1', 'Deployment')).toBeUndefined();
    expect(legacy.byGVK('extensions/v1beta1', 'Deployment')?.kind).toBe(legacy.byResource('apps/deployments'));
    expect(legacy.groups().map((g) => g.name)).toContain('extensions');
    expect(table.groups().map((g) => g.name)).not.toContain('extensions');
  });

  it.each([
    [
      'apps/v1beta1',
      'Deployment',
      'apps/v1beta1 Deployment is deprecated in v1.8+, unavailable in v1.16+; use apps/v1 Deployment',
    ],
    ['apps/v1beta2', 'DaemonSet', 'apps/v1beta2 DaemonSet is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 DaemonSet'],
    [
      'extensions/v1beta1',
      'Ingress',
      'extensions/v1beta1 Ingress is deprecated in v1.14+, unavailable in v1.22+; use networking.k8s.io/v1 Ingress',
    ],
    ['batch/v1beta1', 'CronJob', 'batch/v1beta1 CronJob is deprecated in v1.21+, unavailable in v1.25+; use batch/v1 CronJob'],
    [
      'rbac.authorization.k8s.io/v1beta1',
      'Role',
      'rbac.authorization.k8s.io/v1beta1 Role is deprecated in v1.17+, unavailable in v1.22+; use rbac.authorization.k8s.io/v1 Role',
    ],
  ])('words the deprecation of %s %s as upstream does', (apiVersion, kind, text) => {
    expect(version(apiVersion, kind).deprecated).toBe(text);
  });
});

describe('dropped versions become what they became', () => {
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'httpd' }] } };
  const stored = (apiVersion: string, kind: string, rest: Obj) =>
    version(apiVersion, kind).toStored({ apiVersion, kind, metadata: { name: 'a' }, ...rest });

  it('a Deployment of the books gets its selector, labels and old defaults', () => {
    const input = { spec: { replicas: 3, template, rollbackTo: { revision: 1 } } };
    expect(stored('extensions/v1beta1', 'Deployment', input)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a', labels },
      spec: {
        replicas: 3,
        template,
        selector: { matchLabels: labels },
        revisionHistoryLimit: 2147483647,
        progressDeadlineSeconds: 2147483647,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } },
      },
    });
    expect(input.spec.rollbackTo).toEqual({ revision: 1 });
    expect(stored('apps/v1beta1', 'Deployment', { spec: { template } }).spec).toMatchObject({
      revisionHistoryLimit: 2,
      progressDeadlineSeconds: 600,
      strategy: { rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    });
    expect(stored('apps/v1beta2', 'Deployment', { spec: { template } }).spec).toEqual({ template });
  });

  it('keeps what was said', () => {
    const spec = { selector: { matchLabels: { x: 'y' } }, template, strategy: { type: 'Recreate' }, revisionHistoryLimit: 5 };
    const out = stored('apps/v1beta1', 'Deployment', { metadata: { name: 'a', labels: { own: 'l' } }, spec });
    expect(out.metadata.labels).toEqual({ own: 'l' });
    expect(out.spec).toEqual({ ...spec, progressDeadlineSeconds: 600 });
  });

  it('DaemonSets and StatefulSets updated on delete then', () => {
    expect(stored('extensions/v1beta1', 'DaemonSet', { spec: { template, templateGeneration: 3 } }).spec).toEqual({
      template,
      selector: { matchLabels: labels },
      updateStrategy: { type: 'OnDelete' },
    });
    expect(stored('apps/v1beta1', 'StatefulSet', { spec: { template, serviceName: 's' } }).spec).toMatchObject({
      updateStrategy: { type: 'OnDelete' },
      selector: { matchLabels: labels },
    });
  });

  it('an Ingress names its backends differently, both ways', () => {
    const old = {
      backend: { serviceName: 'd', servicePort: 80 },
      rules: [{ host: 'h', http: { paths: [{ path: '/', backend: { serviceName: 's', servicePort: 'http' } }] } }],
    };
    const out = stored('extensions/v1beta1', 'Ingress', { spec: old });
    expect(out.spec).toEqual({
      defaultBackend: { service: { name: 'd', port: { number: 80 } } },
      rules: [
        {
          host: 'h',
          http: {
            paths: [
              { path: '/', pathType: 'ImplementationSpecific', backend: { service: { name: 's', port: { name: 'http' } } } },
            ],
          },
        },
      ],
    });
    const back = version('networking.k8s.io/v1beta1', 'Ingress').fromStored(out);
    expect(back.apiVersion).toBe('networking.k8s.io/v1beta1');
    expect(back.spec.backend).toEqual(old.backend);
    expect(back.spec.rules[0].http.paths[0].backend).toEqual({ serviceName: 's', servicePort: 'http' });
  });

  it('an empty selector of a v1beta1 budget matches nothing', () => {
    const nothing = {
      matchExpressions: [{ key: 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match', operator: 'Exists' }],
    };
    const out = stored('policy/v1beta1', 'PodDisruptionBudget', { spec: { selector: {} } });
    expect(out.spec.selector).toEqual(nothing);
    expect(version('policy/v1beta1', 'PodDisruptionBudget').fromStored(out).spec.selector).toEqual({});
  });
});

describe('living versions of one stored kind', () => {
  it('an Event, as events.k8s.io/v1 and back', () => {
    const events = table.byGVK('events.k8s.io/v1', 'Event')?.served as ServedVersion;
    const core = checkStructure(
      goSchema('io.k8s.api.core.v1.Event'),
      {
        kind: 'Event',
        apiVersion: 'v1',
        metadata: { name: 'e' },
        involvedObject: { name: 'p' },
        message: 'm',
        reason: 'r',
        source: { component: 'c' },
        count: 2,
        firstTimestamp: '2020-01-01T00:00:00Z',
        lastTimestamp: null,
      },
      'Strict',
    ).object;
    const seen = events.fromStored(core);
    expect(seen).toEqual({
      kind: 'Event',
      apiVersion: 'events.k8s.io/v1',
      metadata: { name: 'e' },
      regarding: { name: 'p' },
      note: 'm',
      reason: 'r',
      eventTime: null,
      deprecatedSource: { component: 'c' },
      deprecatedCount: 2,
      deprecatedFirstTimestamp: '2020-01-01T00:00:00Z',
      deprecatedLastTimestamp: null,
    });
    expect(events.toStored(seen)).toEqual(core);
  });

  it('an autoscaler, as autoscaling/v1 and back, with what v1 cannot say in annotations', () => {
    const v1 = table.byGVK('autoscaling/v1', 'HorizontalPodAutoscaler')?.served as ServedVersion;
    const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } };
    const pods = { type: 'Pods', pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '1k' } } };
    const behavior = {
      scaleDown: {
        selectPolicy: 'Min',
        stabilizationWindowSeconds: 10,
        policies: [{ type: 'Pods', value: 4, periodSeconds: 60 }],
      },
    };
    const stored = {
      kind: 'HorizontalPodAutoscaler',
      apiVersion: 'autoscaling/v2',
      metadata: { name: 'a' },
      spec: { maxReplicas: 5, metrics: [pods, cpu], behavior },
      status: { desiredReplicas: 0, currentMetrics: null },
    };
    const seen = v1.fromStored(stored);
    expect(seen.spec).toEqual({ maxReplicas: 5, targetCPUUtilizationPercentage: 60 });
    expect(seen.metadata.annotations).toEqual({
      'autoscaling.alpha.kubernetes.io/metrics': '[{"type":"Pods","pods":{"metricName":"m","targetAverageValue":"1k"}}]',
      'autoscaling.alpha.kubernetes.io/behavior':
        '{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":10,"SelectPolicy":"Min",' +
        '"Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":60}],"Tolerance":null}}',
    });
    expect(v1.toStored(seen)).toMatchObject({ metadata: { name: 'a' }, spec: stored.spec });
    expect(v1.toStored(seen).metadata.annotations).toBeUndefined();
  });
});
