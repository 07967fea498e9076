import { describe, expect, it } from 'vitest';
import { rfc3339 } from '../../../src/api/machinery/time.ts';
import { endpointsController } from '../../../src/controllers/endpoints/reconcile.ts';
import { truncated } from '../../../src/controllers/endpoints/subsets.ts';
import { endpointSliceController } from '../../../src/controllers/endpointslice/reconcile.ts';
import { endpointSliceMirroring } from '../../../src/controllers/endpointslice-mirroring/reconcile.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { pod, readyCondition } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';
import { START as NOW } from '../../host/make-registry.ts';

const SLICES = 'discovery.k8s.io/endpointslices';
const service = (name = 'web', spec: Obj = {}, metadata: Obj = {}): Obj => ({
  kind: 'Service',
  apiVersion: 'v1',
  metadata: { name, ...metadata },
  spec: {
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
    ...spec,
  },
});
const backend = (i: number, o: { ready?: boolean; spec?: Obj; metadata?: Obj } = {}): Obj => ({
  ...pod(`p${i}`, { node: 'n', phase: 'Running', spec: o.spec, metadata: o.metadata }),
  status: {
    phase: 'Running',
    podIP: `10.0.${i >> 8}.${i & 255}`,
    podIPs: [{ ip: `10.0.${i >> 8}.${i & 255}` }],
    conditions: [readyCondition(o.ready ?? true, NOW)],
  },
});
const make = (...objects: Obj[]) => {
  const bench = new ControllerBench([endpointsController, endpointSliceController, endpointSliceMirroring]);
  bench.add({ kind: 'Node', apiVersion: 'v1', metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': 'z1' } } });
  for (const object of objects) bench.add(object);
  bench.settle();
  return bench;
};
const slices = (bench: ControllerBench): KubeObject[] => bench.list(SLICES, 'default');
const endpoints = (bench: ControllerBench, name = 'web') => bench.get('endpoints', 'default', name);

describe('endpoint slices', () => {
  it('[CTL60] an empty Service has a placeholder with labels, owner and trigger time', () => {
    const bench = make(service('web', {}, { labels: { tier: 'a', 'kubernetes.io/service-name': 'stolen' } }));
    expect(slices(bench)).toHaveLength(1);
    expect(slices(bench)[0]).toMatchObject({
      metadata: {
        generateName: 'web-',
        labels: {
          tier: 'a',
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': rfc3339(NOW) },
        ownerReferences: [{ kind: 'Service', name: 'web', controller: true, blockOwnerDeletion: true }],
      },
      addressType: 'IPv4',
      endpoints: null,
      ports: null,
    });
  });

  it('[CTL61] shows each pod with its conditions, node and zone', () => {
    const bench = make(service(), backend(1), backend(2, { ready: false }));
    expect(slices(bench)[0].ports).toEqual([{ name: 'http', protocol: 'TCP', port: 8080 }]);
    expect(slices(bench)[0].endpoints).toEqual([
      {
        addresses: ['10.0.0.1'],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: { kind: 'Pod', namespace: 'default', name: 'p1', uid: bench.get('pods', 'default', 'p1')?.metadata.uid },
        nodeName: 'n',
        zone: 'z1',
      },
      expect.objectContaining({ conditions: { ready: false, serving: false, terminating: false } }),
    ]);
    bench.remove('pods', 'p1');
    bench.settle();
    expect(slices(bench)[0].endpoints[0].conditions).toEqual({ ready: false, serving: true, terminating: true });
    bench.remove('pods', 'p1', { grace: 0 });
    bench.settle();
    expect(slices(bench)[0].endpoints).toHaveLength(1);
  });

  it('[CTL62] holds at most 100 endpoints in a slice and changes only the slices it must', () => {
    const bench = make(service(), ...Array.from({ length: 250 }, (_, i) => backend(i)));
    expect(
      slices(bench)
        .map((s) => (s.endpoints ?? []).length)
        .sort((a, b) => b - a),
    ).toEqual([100, 100, 50]);
    const before = new Map(slices(bench).map((s) => [s.metadata.name, s.metadata.resourceVersion]));
    bench.add(backend(300));
    bench.settle();
    const changed = slices(bench).filter((s) => before.get(s.metadata.name) !== s.metadata.resourceVersion);
    expect(changed.map((s) => (s.endpoints ?? []).length)).toEqual([51]);
    for (let i = 0; i < 250; i++) bench.remove('pods', `p${i}`, { grace: 0 });
    bench.settle();
    expect(slices(bench).map((s) => (s.endpoints ?? []).length)).toEqual([1]);
    bench.remove('pods', 'p300', { grace: 0 });
    bench.settle();
    expect(slices(bench).map((s) => (s.endpoints ?? []).length)).toEqual([0]);
  });

  it('[CTL63] pods that mean different ports by one name stand in slices of their own', () => {
    const port = (containerPort: number) => ({
      containers: [{ name: 'main', image: 'x', ports: [{ name: 'web', containerPort, protocol: 'TCP' }] }],
    });
    const bench = make(
      service('web', { ports: [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }] }),
      backend(1, { spec: port(8080) }),
      backend(2, { spec: port(9090) }),
      backend(3),
    );
    expect(
      slices(bench)
        .map((s) => [s.ports?.[0]?.port ?? 0, (s.endpoints ?? []).length])
        .sort(),
    ).toEqual([
      [0, 1],
      [8080, 1],
      [9090, 1],
    ]);
  });

  it("[CTL64] ports stand in upstream's order", () => {
    const spec = {
      containers: [{ name: 'main', image: 'x', ports: [{ name: 'metrics', containerPort: 9200, protocol: 'TCP' }] }],
    };
    const ports = [
      { name: 'http', port: 80, protocol: 'TCP', targetPort: 80 },
      { name: 'https', port: 443, protocol: 'TCP', targetPort: 443 },
      { name: 'metrics', port: 9100, protocol: 'TCP', targetPort: 'metrics' },
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 5353 },
    ];
    const bench = make(service('web', { ports }), backend(1, { spec }));
    expect(slices(bench)[0].ports.map((p: Obj) => p.name)).toEqual(['dns', 'https', 'metrics', 'http']);
    expect(endpoints(bench)?.subsets[0].ports.map((p: Obj) => p.name)).toEqual(['metrics', 'http', 'https', 'dns']);
  });

  it('[CTL65] publishNotReadyAddresses, headless, hostnames and traffic distribution', () => {
    const bench = make(
      service('web', {
        clusterIP: 'None',
        publishNotReadyAddresses: true,
        ports: undefined,
        trafficDistribution: 'PreferSameNode',
      }),
      backend(1, { ready: false, spec: { hostname: 'h1', subdomain: 'web' } }),
    );
    const [slice] = slices(bench);
    expect(slice.metadata.labels).toHaveProperty('service.kubernetes.io/headless', '');
    expect(slice.endpoints[0]).toMatchObject({
      conditions: { ready: true, serving: false },
      hostname: 'h1',
      hints: { forZones: [{ name: 'z1' }], forNodes: [{ name: 'n' }] },
    });
    expect(endpoints(bench)?.subsets[0].addresses[0]).toMatchObject({ ip: '10.0.0.1', hostname: 'h1' });
  });

  it('[CTL66] repairs what somebody else does to its slices', () => {
    const bench = make(service(), backend(1));
    const { name } = slices(bench)[0].metadata;
    bench.edit(SLICES, name, (s) => Object.assign(s, { endpoints: [] }));
    bench.settle();
    expect(slices(bench)[0].endpoints).toHaveLength(1);
    bench.remove(SLICES, name);
    bench.settle();
    expect(slices(bench)).toHaveLength(1);
  });

  it('[CTL67] leaves Services without selector and ExternalName alone', () => {
    const bench = make(
      service('a', { selector: undefined }),
      service('b', { type: 'ExternalName', externalName: 'example.com' }),
      backend(1),
    );
    expect(slices(bench)).toEqual([]);
    expect(bench.names('endpoints')).toEqual([]);
  });
});

describe('endpoints', () => {
  it('[CTL68] lists ready and other addresses apart, and goes with the Service', () => {
    const bench = make(service(), backend(1), backend(2, { ready: false }));
    expect(endpoints(bench)).toMatchObject({
      metadata: {
        name: 'web',
        labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' },
        annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': rfc3339(NOW) },
      },
      subsets: [
        {
          addresses: [{ ip: '10.0.0.1', nodeName: 'n', targetRef: { kind: 'Pod', name: 'p1' } }],
          notReadyAddresses: [{ ip: '10.0.0.2' }],
          ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        },
      ],
    });
    bench.remove('services', 'web');
    bench.settle();
    expect(endpoints(bench)).toBeUndefined();
  });

  it('[CTL68] a pod that is being deleted leaves at once, and nothing is written for changes that do not matter', () => {
    const bench = make(service(), backend(1), backend(2));
    bench.remove('pods', 'p1');
    bench.settle();
    expect(endpoints(bench)?.subsets[0].addresses.map((a: Obj) => a.ip)).toEqual(['10.0.0.2']);
    const { revision } = bench;
    bench.edit('pods', 'p2', (p) => Object.assign(p.metadata, { annotations: { x: 'y' } }));
    bench.settle();
    expect(bench.revision).toBe(revision + 1);
  });

  it('[CTL69] cuts a list of more than 1,000, the not ready ones first, and says so', () => {
    const bench = make(service(), ...Array.from({ length: 1010 }, (_, i) => backend(i, { ready: i > 4 })));
    const found = endpoints(bench);
    expect(found?.metadata.annotations).toHaveProperty('endpoints.kubernetes.io/over-capacity', 'truncated');
    expect(found?.subsets[0].addresses).toHaveLength(1000);
    expect(found?.subsets[0].notReadyAddresses).toBeUndefined();
    const some = truncated([
      { addresses: Array(990).fill({}), notReadyAddresses: Array(20).fill({}) },
      { notReadyAddresses: Array(20).fill({}) },
    ]);
    expect(some?.map((s) => s.notReadyAddresses.length)).toEqual([5, 5]);
  });
});

describe('mirroring', () => {
  const mine = (subsets: Obj[], metadata: Obj = {}): Obj => ({
    kind: 'Endpoints',
    apiVersion: 'v1',
    metadata: { name: 'db', ...metadata },
    subsets,
  });

  it('[CTL70] mirrors Endpoints of a Service without selector, follows them, and cleans up', () => {
    const bench = make(
      service('db', { selector: undefined }),
      mine(
        [
          {
            addresses: [{ ip: '1.2.3.4' }, { ip: '2001:db8::1' }],
            notReadyAddresses: [{ ip: '1.2.3.5' }],
            ports: [{ port: 80, protocol: 'TCP' }],
          },
        ],
        { labels: { a: 'b' } },
      ),
    );
    expect(
      slices(bench)
        .map((s) => [s.addressType, (s.endpoints ?? []).length])
        .sort(),
    ).toEqual([
      ['IPv4', 2],
      ['IPv6', 1],
    ]);
    expect(slices(bench)[0]).toMatchObject({
      metadata: {
        labels: {
          a: 'b',
          'kubernetes.io/service-name': 'db',
          'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
        },
        ownerReferences: [{ kind: 'Endpoints', name: 'db' }],
      },
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
    });
    bench.edit('endpoints', 'db', (e) =>
      Object.assign(e, { subsets: [{ addresses: [{ ip: '1.2.3.4' }], ports: [{ port: 81, protocol: 'TCP' }] }] }),
    );
    bench.settle();
    expect(slices(bench).map((s) => [s.addressType, s.ports[0].port, (s.endpoints ?? []).length])).toEqual([['IPv4', 81, 1]]);
    bench.edit('services', 'db', (s) => Object.assign(s.spec, { selector: { app: 'none' } }));
    bench.settle();
    expect(
      slices(bench).every(
        (s) => s.metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === 'endpointslice-controller.k8s.io',
      ),
    ).toBe(true);
  });

  it('[CTL70] skips what asks to be skipped', () => {
    const subsets = [{ addresses: [{ ip: '1.2.3.4' }], ports: [{ port: 80 }] }];
    expect(
      slices(
        make(
          service('db', { selector: undefined }),
          mine(subsets, { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }),
        ),
      ),
    ).toEqual([]);
    expect(slices(make(mine(subsets)))).toEqual([]);
  });
});
