import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { RegistryBench, refusal } from '../../host/make-registry.ts';

const deployment = (spec: Obj, metadata: Obj = {}): Obj => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', ...metadata },
  spec,
});
const full = (containers: Obj[], more: Obj = {}): Obj =>
  deployment({
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers } },
    ...more,
  });

describe('server-side apply', () => {
  let bench: RegistryBench;
  const kind = () => bench.kind('apps/deployments');
  const apply = (config: Obj, manager = 'one', more: Obj = {}): KubeObject =>
    bench.registry.patch(
      kind(),
      'apply',
      JSON.stringify(config),
      bench.options(kind(), { name: 'd', fieldManager: manager, ...more }),
    ).object;
  const entry = (object: KubeObject, manager: string) => object.metadata.managedFields?.find((m) => m.manager === manager);

  beforeEach(() => {
    bench = new RegistryBench();
  });

  it('[REG44] creates, and owns what it sets without the structs on the way', () => {
    const object = apply(full([{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }]));
    expect(entry(object, 'one')).toMatchObject({ operation: 'Apply', apiVersion: 'apps/v1', time: '2026-01-01T00:00:00Z' });
    expect(entry(object, 'one')?.fieldsV1).toEqual({
      'f:spec': {
        'f:selector': {},
        'f:template': {
          'f:metadata': { 'f:labels': { 'f:a': {} } },
          'f:spec': {
            'f:containers': {
              'k:{"name":"c"}': {
                '.': {},
                'f:name': {},
                'f:image': {},
                'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
              },
            },
          },
        },
      },
    });
    expect(object.spec.strategy.type).toBe('RollingUpdate');
  });

  it('[REG44] takes away what is no longer applied and nobody else owns', () => {
    apply(
      full([
        { name: 'c', image: 'i' },
        { name: 'side', image: 's', tty: true },
        { name: 'gone', image: 'g' },
      ]),
    );
    apply(deployment({ template: { spec: { containers: [{ name: 'side', image: 's' }] } } }), 'two');
    const object = apply(full([{ name: 'c', image: 'i' }], { replicas: 2 }));
    // `two` keeps its part of the item, though not what only `one` had set there.
    expect(object.spec.template.spec.containers.map((c: Obj) => [c.name, c.image, c.tty])).toEqual([
      ['c', 'i', undefined],
      ['side', 's', undefined],
    ]);
    expect(object.spec.replicas).toBe(2);
  });

  it('[REG44] merges lists by key in the order of the configuration', () => {
    apply(
      full([
        { name: 'a', image: 'i' },
        { name: 'b', image: 'i' },
      ]),
    );
    const object = apply(
      deployment({
        template: {
          spec: {
            containers: [
              { name: 'z', image: 'i' },
              { name: 'b', tty: true },
            ],
          },
        },
      }),
      'two',
    );
    expect(object.spec.template.spec.containers.map((c: Obj) => c.name)).toEqual(['a', 'z', 'b']);
  });

  it('[REG52] leaves everything as it is when nothing changes, times too', () => {
    const first = apply(full([{ name: 'c', image: 'i' }]));
    bench.now += 60_000;
    const again = apply(full([{ name: 'c', image: 'i' }]));
    expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(again).toEqual(first);
  });

  it('[REG44] words conflicts of several managers as upstream', () => {
    bench.registry.create(
      kind(),
      full([{ name: 'c', image: 'i' }]) as KubeObject,
      bench.options(kind(), { fieldManager: 'maker' }),
    );
    const options = bench.options(kind(), { name: 'd', fieldManager: 'scaler' });
    bench.registry.patch(kind(), 'merge', '{"spec":{"replicas":3}}', options);
    const config = deployment({ replicas: 4, template: { spec: { containers: [{ name: 'c', image: 'j' }] } } });
    const status = refusal(() => apply(config));
    expect(status.message).toBe(
      'Apply failed with 2 conflicts: conflicts with "maker" using apps/v1:\n- .spec.template.spec.containers[name="c"].image\n' +
        'conflicts with "scaler" using apps/v1:\n- .spec.replicas',
    );
    const forced = apply(config, 'one', { force: true });
    expect(entry(forced, 'scaler')).toBeUndefined();
    expect(forced.spec.replicas).toBe(4);
  });

  it('[REG44] shares values that agree', () => {
    apply(full([{ name: 'c', image: 'i' }], { replicas: 2 }));
    const object = apply(deployment({ replicas: 2 }), 'two');
    expect(entry(object, 'one')?.fieldsV1['f:spec']['f:replicas']).toEqual({});
    expect(entry(object, 'two')?.fieldsV1).toEqual({ 'f:spec': { 'f:replicas': {} } });
    // One of them gives it up: the other still wants it.
    expect(apply(full([{ name: 'c', image: 'i' }])).spec.replicas).toBe(2);
  });

  it("[REG44] refuses configurations that are none, in upstream's words", () => {
    const text = (config: Obj) => refusal(() => apply(config)).message;
    expect(text({ ...full([]), kind: 'Deploy' })).toBe('invalid object type: apps/v1, Kind=Deploy');
    expect(text({})).toBe('invalid object type: /, Kind=');
    expect(text(deployment({}, { managedFields: [{}] }))).toBe('metadata.managedFields must be nil');
    expect(text(deployment({ foo: 1 }))).toBe(
      'failed to create typed patch object (/d; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema',
    );
    expect(text(deployment({ paused: 7, replicas: 'x' }))).toBe(
      'failed to create typed patch object (/d; apps/v1, Kind=Deployment): errors:\n  .spec.paused: expected boolean, got &{7}\n' +
        '  .spec.replicas: expected numeric (int or float), got string',
    );
    expect(text(deployment({ template: { spec: { containers: [{ name: 'a' }, { name: 'a' }] } } }))).toContain(
      '.spec.template.spec.containers: duplicate entries for key [name="a"]',
    );
    expect(refusal(() => bench.registry.patch(kind(), 'apply', '{a: b: c', bench.options(kind(), { name: 'd' }))).code).toBe(400);
  });

  it('[REG53] takes over objects whose owners were never noted', () => {
    bench.registry.create(kind(), full([{ name: 'c', image: 'i' }]) as KubeObject, bench.options(kind()));
    const options = bench.options(kind(), { name: 'd' });
    const reset = bench.registry.patch(kind(), 'merge', '{"metadata":{"managedFields":[{}]}}', options).object;
    expect(reset.metadata.managedFields).toBeUndefined();
    const untracked = bench.registry.patch(kind(), 'merge', '{"metadata":{"labels":{"x":"y"}}}', options).object;
    expect(untracked.metadata.managedFields).toBeUndefined();
    const object = apply(deployment({ replicas: 1 }));
    expect(object.metadata.managedFields?.map((m) => m.manager)).toEqual(['one', 'before-first-apply']);
  });

  it("[REG56] apiVersion, kind and the system's metadata are owned by nobody", () => {
    const applied = full([{ name: 'c', image: 'i' }]);
    const object = apply({ ...applied, metadata: { name: 'd', labels: { a: 'b' } } });
    const fields = entry(object, 'one')?.fieldsV1;
    expect(Object.keys(fields)).not.toContain('f:apiVersion');
    expect(Object.keys(fields)).not.toContain('f:kind');
    expect(fields['f:metadata']).toEqual({ 'f:labels': { 'f:a': {} } });
  });

  it('[REG57] lets kubectl go from client-side to server-side apply', () => {
    const config = full([{ name: 'c', image: 'i' }], { replicas: 1 });
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(config) };
    const made = { ...config, metadata: { name: 'd', annotations } } as unknown as KubeObject;
    bench.registry.create(kind(), made, bench.options(kind(), { fieldManager: 'kubectl-client-side-apply' }));
    const next = full([{ name: 'c', image: 'j' }], { replicas: 1 });
    expect(refusal(() => apply(next, 'other')).code).toBe(409);
    const object = apply(next, 'kubectl');
    expect(object.spec.template.spec.containers[0].image).toBe('j');
    const applied = object.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'] ?? '';
    expect(JSON.parse(applied).spec.template.spec.containers[0].image).toBe('j');
  });

  it('[REG55] does not own the status through the main resource', () => {
    const object = apply({ ...full([{ name: 'c', image: 'i' }]), status: { replicas: 3 } });
    expect(object.status).toEqual({});
    expect(entry(object, 'one')?.fieldsV1['f:status']).toBeUndefined();
    const status = bench.registry.patch(
      kind(),
      'apply',
      JSON.stringify({ ...deployment({ replicas: 9 }), status: { replicas: 3 } }),
      bench.options(kind(), { name: 'd', subresource: 'status', fieldManager: 'c' }),
    ).object;
    expect(status.status.replicas).toBe(3);
    expect(status.spec.replicas).toBe(1);
    expect(entry(status, 'c')).toMatchObject({ subresource: 'status', fieldsV1: { 'f:status': { 'f:replicas': {} } } });
    expect(entry(status, 'c')?.fieldsV1['f:spec']).toBeUndefined();
  });
});

describe('the books', () => {
  it('[REG54] keeps ten updaters and merges the oldest', () => {
    const bench = new RegistryBench();
    const kind = bench.kind('configmaps');
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { k0: 'v' } } as unknown as KubeObject;
    bench.registry.create(kind, object, bench.options(kind, { fieldManager: 'm0' }));
    for (let i = 1; i <= 12; i++) {
      bench.now += 1000;
      const options = bench.options(kind, { name: 'c', fieldManager: `m${i}` });
      bench.registry.patch(kind, 'merge', JSON.stringify({ data: { [`k${i}`]: 'v' } }), options);
    }
    const entries = bench.registry.object('configmaps', 'default', 'c')?.metadata.managedFields ?? [];
    expect(entries).toHaveLength(10);
    const ancient = entries.find((m) => m.manager === 'ancient-changes');
    expect(Object.keys(ancient?.fieldsV1['f:data'])).toEqual(['.', 'f:k0', 'f:k1', 'f:k2', 'f:k3']);
  });

  it('[REG51] names the manager after the User-Agent', () => {
    const bench = new RegistryBench();
    const kind = bench.kind('configmaps');
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', labels: { a: 'b' } } } as unknown as KubeObject;
    const options = bench.options(kind, { fieldManager: undefined, userAgent: 'curl/8.0 (x)' });
    expect(bench.registry.create(kind, object, options).object.metadata.managedFields?.[0]?.manager).toBe('curl');
  });

  it('[REG53] keeps the live books when an update sends bad ones', () => {
    const bench = new RegistryBench();
    const kind = bench.kind('configmaps');
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: 'b' } } as unknown as KubeObject;
    const made = bench.registry.create(kind, object, bench.options(kind)).object;
    const sent = { ...made, metadata: { ...made.metadata, managedFields: [{ operation: 'Bogus' }] } };
    const updated = bench.registry.update(kind, sent, bench.options(kind, { name: 'c' })).object;
    expect(updated.metadata.managedFields).toEqual(made.metadata.managedFields);
  });
});
