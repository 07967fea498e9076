import { describe, expect, it } from 'vitest';
import { storageProtection } from '../../../src/controllers/storage-protection/reconcile.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { World } from '../../fixtures/world.ts';

const CLAIMS = 'persistentvolumeclaims';
const CLASSES = 'storage.k8s.io/volumeattributesclasses';
const claim = (more: Obj = {}): Obj => ({
  kind: 'PersistentVolumeClaim',
  apiVersion: 'v1',
  metadata: { name: 'data', namespace: 'default' },
  ...more,
});
const user = (nodeName?: string): Obj => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'p', namespace: 'default' },
  spec: { ...(nodeName && { nodeName }), volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] },
});
const make = (...objects: Obj[]) => {
  const world = new World(storageProtection);
  for (const object of objects) world.add(object);
  world.settle();
  return world;
};

describe('storage protection', () => {
  it('[CTL120] a claim waits for the scheduled pod that uses it', () => {
    const world = make(claim(), user('node-0'));
    expect(world.get(CLAIMS, 'default', 'data')?.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    world.remove(CLAIMS, 'data');
    world.settle();
    expect(world.names(CLAIMS)).toEqual(['data']);
    world.remove('pods', 'p', { grace: 0 });
    world.settle();
    expect(world.names(CLAIMS)).toEqual([]);
  });

  it('[CTL120] a pod that has no node holds nothing', () => {
    const world = make(claim(), user());
    world.remove(CLAIMS, 'data');
    world.settle();
    expect(world.names(CLAIMS)).toEqual([]);
  });

  it('[CTL120] a class waits for its claims', () => {
    const world = make(claim({ spec: { volumeAttributesClassName: 'gold' } }), {
      kind: 'VolumeAttributesClass',
      apiVersion: 'storage.k8s.io/v1',
      metadata: { name: 'gold' },
    });
    world.remove(CLASSES, 'gold', { namespace: '' });
    world.settle();
    expect(world.get(CLASSES, '', 'gold')).toBeDefined();
    world.remove(CLAIMS, 'data');
    world.settle();
    expect(world.get(CLASSES, '', 'gold')).toBeUndefined();
  });
});
