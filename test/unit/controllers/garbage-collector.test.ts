import { describe, expect, it } from 'vitest';
import { garbageCollector } from '../../../src/controllers/garbage-collector/reconcile.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { pod, replicaSet } from '../../fixtures/workloads.ts';
import { World } from '../../fixtures/world.ts';

const ref = (owner: KubeObject, more: Obj = {}): Obj => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  ...more,
});
const make = () => new World([garbageCollector]);
const child = (world: World, name: string, ...refs: Obj[]) => world.add(pod(name, { metadata: { ownerReferences: refs } }));
const config = (world: World, name: string, ...ownerReferences: Obj[]) =>
  world.add({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name, ownerReferences } });

describe('background', () => {
  it('[CTL40] deletes dependents of a gone owner, theirs too, and nobody else', () => {
    const world = make();
    const owner = world.add(replicaSet('owner'));
    const other = world.add(replicaSet('other'));
    const middle = child(world, 'middle', ref(owner));
    config(world, 'leaf', ref(middle));
    child(world, 'kept', ref(other));
    world.settle();
    world.remove('apps/replicasets', 'owner');
    world.settle();
    expect([...world.names('pods'), ...world.names('configmaps')]).toEqual(['kept']);
  });

  it('[CTL41] collects an object that is born with an absent owner, or one of another uid', () => {
    const world = make();
    const owner = world.add(replicaSet('owner'));
    child(world, 'impostor', { ...ref(owner), uid: 'other' });
    child(world, 'late', { apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: 'u' });
    world.settle();
    expect(world.names('pods')).toEqual([]);
  });

  it('[CTL42] with another living owner only the dangling reference goes', () => {
    const world = make();
    const [a, b] = [world.add(replicaSet('a')), world.add(replicaSet('b'))];
    child(world, 'shared', ref(a), ref(b));
    world.remove('apps/replicasets', 'a');
    world.settle();
    expect(world.get('pods', 'default', 'shared')?.metadata.ownerReferences).toEqual([ref(b)]);
  });

  it('[CTL43] leaves alone what refers to kinds that are not served, and reports namespaced owners of cluster-wide objects', () => {
    const world = make();
    child(world, 'stranger', { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'u' });
    world.add({
      kind: 'Node',
      apiVersion: 'v1',
      metadata: { name: 'n', ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'u' }] },
    });
    world.settle();
    expect(world.names('pods')).toEqual(['stranger']);
    expect(world.get('nodes', '', 'n')).toBeDefined();
    expect(world.said()).toEqual([
      'Warning OwnerRefInvalidNamespace ownerRef [v1/ConfigMap, namespace: , name: c, uid: u] does not exist in namespace ""',
    ]);
  });

  it('[CTL43] reports an owner that lives in another namespace, and collects the dependent', () => {
    const world = make();
    const owner = world.add({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'boss', namespace: 'other' } });
    child(world, 'kid', { apiVersion: 'v1', kind: 'ConfigMap', name: 'boss', uid: owner.metadata.uid });
    world.settle();
    expect(world.names('pods')).toEqual([]);
    const boss = `[v1/ConfigMap, namespace: default, name: boss, uid: ${owner.metadata.uid}]`;
    expect(world.said()).toEqual([`Warning OwnerRefInvalidNamespace ownerRef ${boss} does not exist in namespace "default"`]);
  });

  it('[CTL40] goes on until a large family is gone, a batch at a time', () => {
    const world = make();
    const owner = world.add(replicaSet('owner'));
    for (let i = 0; i < 1201; i++) child(world, `p${i}`, ref(owner));
    world.settle();
    const before = world.plans.length;
    world.remove('apps/replicasets', 'owner');
    world.settle();
    expect(world.names('pods')).toEqual([]);
    expect(world.plans.length - before).toBeLessThan(10);
  });
});

describe('foreground and orphan', () => {
  it('[CTL44] the owner goes after its blocking dependents, and not before', () => {
    const world = make();
    const owner = world.add(replicaSet('owner'));
    world.add(
      pod('slow', { node: 'n', phase: 'Running', metadata: { ownerReferences: [ref(owner, { blockOwnerDeletion: true })] } }),
    );
    child(world, 'fast', ref(owner, { blockOwnerDeletion: true }));
    world.settle();
    world.remove('apps/replicasets', 'owner', { policy: 'Foreground' });
    world.settle();
    expect(world.names('apps/replicasets')).toEqual(['owner']);
    expect(world.names('pods')).toEqual(['slow']);
    expect(world.get('pods', 'default', 'slow')?.metadata.deletionTimestamp).toBeDefined();
    world.remove('pods', 'slow', { grace: 0 });
    world.settle();
    expect(world.names('apps/replicasets')).toEqual([]);
  });

  it('[CTL44] does not wait for dependents that do not block, but deletes them', () => {
    const world = make();
    const owner = world.add(replicaSet('owner'));
    world.add(pod('slow', { node: 'n', phase: 'Running', metadata: { ownerReferences: [ref(owner)] } }));
    world.remove('apps/replicasets', 'owner', { policy: 'Foreground' });
    world.settle();
    expect(world.names('apps/replicasets')).toEqual([]);
    expect(world.get('pods', 'default', 'slow')?.metadata.deletionTimestamp).toBeDefined();
  });

  it('[CTL45] foreground reaches through generations, also in a circle', () => {
    const world = make();
    const top = world.add(replicaSet('top'));
    const middle = world.add({
      ...replicaSet('middle'),
      metadata: { name: 'middle', ownerReferences: [ref(top, { blockOwnerDeletion: true })] },
    });
    child(world, 'leaf', ref(middle, { blockOwnerDeletion: true }));
    world.edit('apps/replicasets', 'top', (s) => {
      s.metadata.ownerReferences = [ref(middle, { blockOwnerDeletion: true })] as never;
    });
    world.settle();
    world.remove('apps/replicasets', 'top', { policy: 'Foreground' });
    world.settle();
    expect([...world.names('apps/replicasets'), ...world.names('pods')]).toEqual([]);
  });

  it('[CTL46] orphaning frees the dependents first', () => {
    const world = make();
    const owner = world.add(replicaSet('owner'));
    child(world, 'free', ref(owner, { controller: true, blockOwnerDeletion: true }));
    world.remove('apps/replicasets', 'owner', { policy: 'Orphan' });
    world.settle();
    expect(world.names('apps/replicasets')).toEqual([]);
    expect(world.get('pods', 'default', 'free')?.metadata.ownerReferences).toBeUndefined();
    world.settle();
    expect(world.names('pods')).toEqual(['free']);
  });

  it('[CTL9] orphaning frees so many dependents in one plan, and keeps the owner until all are free', () => {
    const world = make();
    const owner = world.add(replicaSet('owner'));
    for (const name of ['a', 'b', 'c', 'd', 'e']) child(world, name, ref(owner));
    world.settle();
    world.remove('apps/replicasets', 'owner', { policy: 'Orphan' });
    const key = { namespace: 'default', name: 'apps/replicasets:owner' };
    const plan = garbageCollector.reconcile(key, world, { now: world.now, random: world.random, maxWrites: 2 });
    expect(plan.actions.map((action) => 'object' in action && action.object.kind)).toEqual(['Pod', 'Pod']);
    expect(plan.requeueAt).toBe(world.now);
    world.maxWrites = 2;
    world.advance(100);
    expect(world.names('apps/replicasets')).toEqual([]);
    expect(['a', 'b', 'c', 'd', 'e'].map((name) => world.get('pods', 'default', name)?.metadata.ownerReferences)).toEqual(
      Array(5).fill(undefined),
    );
  });
});
