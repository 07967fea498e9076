import { describe, expect, it } from 'vitest';
import { serviceCidr } from '../../../src/controllers/service-cidr/reconcile.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

const CIDRS = 'networking.k8s.io/servicecidrs';
const cidr = (name: string, ...cidrs: string[]): Obj => ({
  kind: 'ServiceCIDR',
  apiVersion: 'networking.k8s.io/v1',
  metadata: { name },
  spec: { cidrs },
});
const service = (name: string, clusterIP?: string): Obj => ({
  kind: 'Service',
  apiVersion: 'v1',
  metadata: { name, namespace: 'default' },
  spec: { ports: [{ port: 80 }], ...(clusterIP && { clusterIP }) },
});
const make = (...objects: Obj[]) => {
  const bench = new ControllerBench([serviceCidr]);
  for (const object of objects) {
    bench.add(object);
    bench.settle();
  }
  return bench;
};
const ready = (bench: ControllerBench, name: string) => bench.get(CIDRS, '', name)?.status?.conditions?.[0];

describe('ServiceCIDRs', () => {
  it('[CTL295] get the finalizer and the condition Ready, and Services may have their addresses', () => {
    const bench = make(cidr('more', '10.9.0.0/24'), service('a', '10.9.0.7'));
    expect(bench.get(CIDRS, '', 'more')?.metadata.finalizers).toEqual(['networking.k8s.io/service-cidr-finalizer']);
    expect(ready(bench, 'more')).toMatchObject({
      type: 'Ready',
      status: 'True',
      reason: '',
      message: 'Kubernetes Service CIDR is ready',
    });
    expect(bench.names('networking.k8s.io/ipaddresses', '')).toEqual(['10.9.0.7']);
    expect(() => bench.add(service('b', '10.9.0.255'))).toThrow(/The range of valid IPs is 10.9.0.0\/24/);
    expect(() => bench.add(service('c', '10.8.0.1'))).toThrow(/the provided network does not match the current range/);
  });

  it("[CTL296] stay while an address would be nobody's, and say so; ten seconds after they may go they go", () => {
    const bench = make(cidr('more', '10.9.0.0/24'), service('a', '10.9.0.7'));
    bench.remove(CIDRS, 'more');
    bench.settle();
    expect(ready(bench, 'more')).toMatchObject({
      status: 'False',
      reason: 'Terminating',
      message: expect.stringContaining('There are still IPAddresses'),
    });
    expect(() => bench.add(service('b', '10.9.0.8')), 'nobody is given an address of it any more').toThrow(/does not match/);
    bench.remove('services', 'a');
    bench.settle();
    bench.advance(9_000);
    expect(bench.names(CIDRS, '')).toEqual(['more']);
    bench.advance(1_000);
    expect(bench.names(CIDRS, '')).toEqual([]);
  });

  it('[CTL296] may go when a larger one has all of their addresses', () => {
    const bench = make(cidr('small', '10.9.0.0/28'), service('a', '10.9.0.7'));
    bench.remove(CIDRS, 'small');
    bench.settle();
    bench.advance(60_000);
    expect(bench.names(CIDRS, '')).toEqual(['small']);
    bench.add(cidr('large', '10.9.0.0/16'));
    bench.settle();
    bench.advance(60_000);
    expect(bench.names(CIDRS, '')).toEqual(['large']);
  });
});
