import { describe, expect, it } from 'vitest';
import { serviceLb } from '../../../src/controllers/service-lb/reconcile.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

const service = (name: string, spec: Obj = {}, annotations?: Obj): Obj => ({
  kind: 'Service',
  apiVersion: 'v1',
  metadata: { name, namespace: 'default', ...(annotations && { annotations }) },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
});
const pools = (data: Obj): Obj => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name: 'load-balancer-pools', namespace: 'kube-system' },
  data,
});
const make = (...objects: Obj[]) => {
  const bench = new ControllerBench([serviceLb]);
  for (const object of objects) bench.add(object);
  bench.settle();
  return bench;
};
const addressOf = (bench: ControllerBench, name: string) =>
  bench.get('services', 'default', name)?.status?.loadBalancer?.ingress?.[0]?.ip;
const events = (bench: ControllerBench) => bench.list('events', 'default').map(({ reason, message }) => `${reason}: ${message}`);
const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';

describe('load balancers', () => {
  it('[CTL290] get the lowest free address, the finalizer and the events of a cloud', () => {
    const bench = make(service('a'), service('b'));
    expect([addressOf(bench, 'a'), addressOf(bench, 'b')]).toEqual(['198.18.0.1', '198.18.0.2']);
    const made = bench.get('services', 'default', 'a');
    expect(made?.status.loadBalancer).toEqual({ ingress: [{ ip: '198.18.0.1', ipMode: 'VIP' }] });
    expect(made?.metadata.finalizers).toEqual([FINALIZER]);
    const said = ['EnsuringLoadBalancer: Ensuring load balancer', 'EnsuredLoadBalancer: Ensured load balancer'];
    expect(events(bench)).toEqual([...said, ...said]);
  });

  it('[CTL290] leave a class of another controller alone', () => {
    const bench = make(service('a', { loadBalancerClass: 'example.com/own' }), service('b', { type: 'ClusterIP' }));
    expect(bench.list('services', 'default').map(({ metadata, status }) => [metadata.finalizers, status?.loadBalancer])).toEqual([
      [undefined, {}],
      [undefined, {}],
    ]);
  });

  it('[CTL291] give their address back when they are deleted or get another type', () => {
    const bench = make(service('a'), service('b'));
    bench.edit('services', 'a', (s) =>
      Object.assign(s, { spec: { ...s.spec, type: 'ClusterIP' }, status: { loadBalancer: {} } }),
    );
    bench.settle();
    const changed = bench.get('services', 'default', 'a');
    expect([changed?.metadata.finalizers, changed?.status.loadBalancer]).toEqual([undefined, {}]);
    bench.remove('services', 'b');
    bench.settle();
    expect(bench.names('services')).toEqual(['a']);
    bench.add(service('c'));
    bench.settle();
    expect(addressOf(bench, 'c')).toBe('198.18.0.1');
    expect(events(bench)).toContain('DeletedLoadBalancer: Deleted load balancer');
  });

  it('[CTL292] come from the pool that they name, and wait where it is full, unknown or malformed', () => {
    const of = (pool: string) => ({ 'atoll.dev/address-pool': pool });
    const bench = make(
      pools({ small: '192.0.2.0/30', wrong: 'nonsense' }),
      service('a', {}, of('small')),
      service('b', {}, of('small')),
      service('c', {}, of('small')),
      service('d', {}, of('none')),
      service('e', {}, of('wrong')),
    );
    expect(['a', 'b', 'c', 'd', 'e'].map((name) => addressOf(bench, name))).toEqual([
      '192.0.2.1',
      '192.0.2.2',
      undefined,
      undefined,
      undefined,
    ]);
    const failed = 'SyncLoadBalancerFailed: Error syncing load balancer: failed to ensure load balancer: ';
    expect(events(bench)).toEqual(
      expect.arrayContaining([
        `${failed}address pool "small" (192.0.2.0/30) is full`,
        `${failed}there is no address pool "none"`,
        `${failed}address pool "wrong" is no IPv4 network: nonsense`,
      ]),
    );
    bench.remove('services', 'a');
    bench.settle();
    expect(addressOf(bench, 'c'), 'it was waiting').toBe('192.0.2.1');
    bench.edit('configmaps', 'load-balancer-pools', (c) => Object.assign(c.data, { none: '203.0.113.0/24' }), 'kube-system');
    bench.settle();
    expect(addressOf(bench, 'd')).toBe('203.0.113.1');
  });

  it('[CTL292] get the address that they ask for, if it is free', () => {
    const bench = make(
      service('a', { loadBalancerIP: '198.18.7.7' }),
      service('b', { loadBalancerIP: '198.18.7.7' }),
      service('c', { loadBalancerIP: '10.1.1.1' }),
    );
    expect(['a', 'b', 'c'].map((name) => addressOf(bench, name))).toEqual(['198.18.7.7', undefined, undefined]);
  });
});
