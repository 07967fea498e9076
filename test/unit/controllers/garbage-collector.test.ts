import { describe, expect, it } from 'vitest';
import { garbageCollector } from '../../../src/controllers/garbage-collector/reconcile.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { pod, replicaSet } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';
import { reconcileCx } from '../../fixtures/reconcile-cx.ts';

const ref = (owner: KubeObject, more: Obj = {}): Obj => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  ...more,
});
const make = () => new ControllerBench([garbageCollector]);
const child = (bench: ControllerBench, name: string, ...refs: Obj[]) =>
  bench.add(pod(name, { metadata: { ownerReferences: refs } }));
const config = (bench: ControllerBench, name: string, ...ownerReferences: Obj[]) =>
  bench.add({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name, ownerReferences } });

describe('background', () => {
  it('[CTL40] deletes dependents of a gone owner, theirs too, and nobody else', () => {
    const bench = make();
    const owner = bench.add(replicaSet('owner'));
    const other = bench.add(replicaSet('other'));
    const middle = child(bench, 'middle', ref(owner));
    config(bench, 'leaf', ref(middle));
    child(bench, 'kept', ref(other));
    bench.settle();
    bench.remove('apps/replicasets', 'owner');
    bench.settle();
    expect([...bench.names('pods'), ...bench.names('configmaps')]).toEqual(['kept']);
  });

  it('[CTL41] collects an object that is born with an absent owner, or one of another uid', () => {
    const bench = make();
    const owner = bench.add(replicaSet('owner'));
    child(bench, 'impostor', { ...ref(owner), uid: 'other' });
    child(bench, 'late', { apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: 'u' });
    bench.settle();
    expect(bench.names('pods')).toEqual([]);
  });

  it('[CTL42] with another living owner only the dangling reference goes', () => {
    const bench = make();
    const [a, b] = [bench.add(replicaSet('a')), bench.add(replicaSet('b'))];
    child(bench, 'shared', ref(a), ref(b));
    bench.remove('apps/replicasets', 'a');
    bench.settle();
    expect(bench.get('pods', 'default', 'shared')?.metadata.ownerReferences).toEqual([ref(b)]);
  });

  it('[CTL43] leaves alone what refers to kinds that are not served, and reports namespaced owners of cluster-wide objects', () => {
    const bench = make();
    child(bench, 'stranger', { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'u' });
    bench.add({
      kind: 'Node',
      apiVersion: 'v1',
      metadata: { name: 'n', ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'u' }] },
    });
    bench.settle();
    expect(bench.names('pods')).toEqual(['stranger']);
    expect(bench.get('nodes', '', 'n')).toBeDefined();
    expect(bench.said()).toEqual([
      'Warning OwnerRefInvalidNamespace ownerRef [v1/ConfigMap, namespace: , name: c, uid: u] does not exist in namespace ""',
    ]);
  });

  it('[CTL43] reports an owner that lives in another namespace, and collects the dependent', () => {
    const bench = make();
    const owner = bench.add({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'boss', namespace: 'other' } });
    child(bench, 'kid', { apiVersion: 'v1', kind: 'ConfigMap', name: 'boss', uid: owner.metadata.uid });
    bench.settle();
    expect(bench.names('pods')).toEqual([]);
    const boss = `[v1/ConfigMap, namespace: default, name: boss, uid: ${owner.metadata.uid}]`;
    expect(bench.said()).toEqual([`Warning OwnerRefInvalidNamespace ownerRef ${boss} does not exist in namespace "default"`]);
  });

  it('[CTL40] goes on until a large family is gone, a batch at a time', () => {
    const bench = make();
    const owner = bench.add(replicaSet('owner'));
    for (let i = 0; i < 1201; i++) child(bench, `p${i}`, ref(owner));
    bench.settle();
    const before = bench.plans.length;
    bench.remove('apps/replicasets', 'owner');
    bench.settle();
    expect(bench.names('pods')).toEqual([]);
    expect(bench.plans.length - before).toBeLessThan(10);
  });
});

describe('foreground and orphan', () => {
  it('[CTL44] the owner goes after its blocking dependents, and not before', () => {
    const bench = make();
    const owner = bench.add(replicaSet('owner'));
    bench.add(
      pod('slow', { node: 'n', phase: 'Running', metadata: { ownerReferences: [ref(owner, { blockOwnerDeletion: true })] } }),
    );
    child(bench, 'fast', ref(owner, { blockOwnerDeletion: true }));
    bench.settle();
    bench.remove('apps/replicasets', 'owner', { policy: 'Foreground' });
    bench.settle();
    expect(bench.names('apps/replicasets')).toEqual(['owner']);
    expect(bench.names('pods')).toEqual(['slow']);
    expect(bench.get('pods', 'default', 'slow')?.metadata.deletionTimestamp).toBeDefined();
    bench.remove('pods', 'slow', { grace: 0 });
    bench.settle();
    expect(bench.names('apps/replicasets')).toEqual([]);
  });

  it('[CTL44] does not wait for dependents that do not block, but deletes them', () => {
    const bench = make();
    const owner = bench.add(replicaSet('owner'));
    bench.add(pod('slow', { node: 'n', phase: 'Running', metadata: { ownerReferences: [ref(owner)] } }));
    bench.remove('apps/replicasets', 'owner', { policy: 'Foreground' });
    bench.settle();
    expect(bench.names('apps/replicasets')).toEqual([]);
    expect(bench.get('pods', 'default', 'slow')?.metadata.deletionTimestamp).toBeDefined();
  });

  it('[CTL45] foreground reaches through generations, also in a circle', () => {
    const bench = make();
    const top = bench.add(replicaSet('top'));
    const middle = bench.add({
      ...replicaSet('middle'),
      metadata: { name: 'middle', ownerReferences: [ref(top, { blockOwnerDeletion: true })] },
    });
    child(bench, 'leaf', ref(middle, { blockOwnerDeletion: true }));
    bench.edit('apps/replicasets', 'top', (s) => {
      s.metadata.ownerReferences = [ref(middle, { blockOwnerDeletion: true })] as never;
    });
    bench.settle();
    bench.remove('apps/replicasets', 'top', { policy: 'Foreground' });
    bench.settle();
    expect([...bench.names('apps/replicasets'), ...bench.names('pods')]).toEqual([]);
  });

  it('[CTL46] orphaning frees the dependents first', () => {
    const bench = make();
    const owner = bench.add(replicaSet('owner'));
    child(bench, 'free', ref(owner, { controller: true, blockOwnerDeletion: true }));
    bench.remove('apps/replicasets', 'owner', { policy: 'Orphan' });
    bench.settle();
    expect(bench.names('apps/replicasets')).toEqual([]);
    expect(bench.get('pods', 'default', 'free')?.metadata.ownerReferences).toBeUndefined();
    bench.settle();
    expect(bench.names('pods')).toEqual(['free']);
  });

  it('[CTL9] orphaning frees so many dependents in one plan, and keeps the owner until all are free', () => {
    const bench = make();
    const owner = bench.add(replicaSet('owner'));
    for (const name of ['a', 'b', 'c', 'd', 'e']) child(bench, name, ref(owner));
    bench.settle();
    bench.remove('apps/replicasets', 'owner', { policy: 'Orphan' });
    const key = { namespace: 'default', name: 'apps/replicasets:owner' };
    const plan = garbageCollector.reconcile(key, bench, reconcileCx({ now: bench.now, random: bench.random, maxWrites: 2 }));
    expect(plan.actions.map((action) => 'object' in action && action.object.kind)).toEqual(['Pod', 'Pod']);
    expect(plan.requeueAt).toBe(bench.now);
    bench.maxWrites = 2;
    bench.advance(100);
    expect(bench.names('apps/replicasets')).toEqual([]);
    expect(['a', 'b', 'c', 'd', 'e'].map((name) => bench.get('pods', 'default', name)?.metadata.ownerReferences)).toEqual(
      Array(5).fill(undefined),
    );
  });
});
