import { describe, expect, it } from 'vitest';
import { storageProtection } from '../../../src/controllers/storage-protection/reconcile.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { pod } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

const CLAIMS = 'persistentvolumeclaims';
const CLASSES = 'storage.k8s.io/volumeattributesclasses';
const claim = (spec: Obj = {}): Obj => ({
  kind: 'PersistentVolumeClaim',
  apiVersion: 'v1',
  metadata: { name: 'data', namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const user = (node?: string): Obj =>
  pod('p', { node, spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } });
const make = (...objects: Obj[]) => {
  const bench = new ControllerBench(storageProtection);
  for (const object of objects) bench.add(object);
  bench.settle();
  return bench;
};

describe('storage protection', () => {
  it('[CTL120] a claim waits for the scheduled pod that uses it', () => {
    const bench = make(claim(), user('node-0'));
    expect(bench.get(CLAIMS, 'default', 'data')?.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    bench.remove(CLAIMS, 'data');
    bench.settle();
    expect(bench.names(CLAIMS)).toEqual(['data']);
    bench.remove('pods', 'p', { grace: 0 });
    bench.settle();
    expect(bench.names(CLAIMS)).toEqual([]);
  });

  it('[CTL120] a pod that has no node holds nothing', () => {
    const bench = make(claim(), user());
    bench.remove(CLAIMS, 'data');
    bench.settle();
    expect(bench.names(CLAIMS)).toEqual([]);
  });

  it('[CTL120] a class waits for its claims', () => {
    const bench = make(claim({ volumeAttributesClassName: 'gold' }), {
      kind: 'VolumeAttributesClass',
      apiVersion: 'storage.k8s.io/v1',
      metadata: { name: 'gold' },
      driverName: 'csi.example.com',
      parameters: { iops: '1' },
    });
    bench.remove(CLASSES, 'gold', { namespace: '' });
    bench.settle();
    expect(bench.get(CLASSES, '', 'gold')).toBeDefined();
    bench.remove(CLAIMS, 'data');
    bench.settle();
    expect(bench.get(CLASSES, '', 'gold')).toBeUndefined();
  });
});
