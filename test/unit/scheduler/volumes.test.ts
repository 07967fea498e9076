import { describe, expect, it } from 'vitest';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { claim, storageClass, volume, volumesOf } from '../../fixtures/volumes.ts';
import { conditionOf, makePod } from '../../fixtures/workloads.ts';
import { scheduler } from '../../../src/scheduler/controller.ts';
import { snapshotOf } from '../../../src/scheduler/snapshot.ts';
import { nodeBench } from '../../host/node-bench.ts';

const CLAIMS = 'persistentvolumeclaims';
const late = storageClass('late', { volumeBindingMode: 'WaitForFirstConsumer' });
const none = storageClass('late', { volumeBindingMode: 'WaitForFirstConsumer', provisioner: 'kubernetes.io/no-provisioner' });
const lateClaim = (name: string, storage = '1Gi'): Obj =>
  claim(name, { storageClassName: 'late', resources: { requests: { storage } } });
const user = (name: string, ...claims: string[]): Obj => makePod(name, { volumes: volumesOf(...claims) });
const on = (...nodes: string[]): Obj => ({
  storageClassName: 'late',
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: nodes }] }] },
  },
});

function make(...objects: Obj[]) {
  const bench = nodeBench();
  for (const object of objects) bench.add(object);
  bench.settle();
  return bench;
}
type Bench = ReturnType<typeof make>;
const sentence = (bench: Bench, name: string) => conditionOf(bench.pod(name), 'PodScheduled')?.message;
const pv = (bench: Bench, name: string) => bench.get('persistentvolumes', '', name) as KubeObject;
/** Binds a claim as the binder does. */
const bound = (bench: Bench, name: string, volumeName: string) => {
  bench.edit(CLAIMS, name, (c) => {
    c.spec.volumeName = volumeName;
    c.metadata.annotations = { ...c.metadata.annotations, 'pv.kubernetes.io/bind-completed': 'yes' };
  });
  bench.settle();
};
const available = (bench: Bench, ...names: string[]) => {
  for (const name of names) bench.edit('persistentvolumes', name, (v) => (v.status.phase = 'Available'), '');
  bench.settle();
};

describe('claims that wait for their first consumer', () => {
  it("[SCH30] the pod's node is written to the claim, and the pod follows once it is bound", () => {
    const bench = make(late, lateClaim('c'), user('p', 'c'));
    const node = bench.get(CLAIMS, 'default', 'c')?.metadata.annotations?.['volume.kubernetes.io/selected-node'];
    expect(node).toMatch(/^node-/);
    expect(bench.pod('p').spec.nodeName).toBeUndefined();
    expect(bench.pod('p').status).toMatchObject({ nominatedNodeName: node });
    expect(bench.pod('p').status.conditions).toBeUndefined();
    bench.add(volume('v', '1Gi', on(node ?? '')));
    bound(bench, 'c', 'v');
    expect(bench.pod('p').spec.nodeName).toBe(node);
    expect(bench.pod('p').status).not.toHaveProperty('nominatedNodeName');
  });

  it('[SCH30] a volume that exists is kept for the claim, the smallest, on a node where it can be used', () => {
    const bench = make(late, volume('big', '9Gi', on('node-1')), volume('small', '2Gi', on('node-1')), lateClaim('c'));
    available(bench, 'big', 'small');
    bench.add({ ...user('p', 'c'), spec: { ...user('p', 'c').spec, nodeSelector: { 'kubernetes.io/hostname': 'node-1' } } });
    bench.settle();
    expect(pv(bench, 'small').spec.claimRef).toMatchObject({ name: 'c' });
    expect(pv(bench, 'big').spec.claimRef).toBeUndefined();
    expect(bench.get(CLAIMS, 'default', 'c')?.metadata.annotations).toBeUndefined();
    bound(bench, 'c', 'small');
    expect(bench.pod('p').spec.nodeName).toBe('node-1');
  });

  it('[SCH30] two claims of a pod, and two pods, never get one volume', () => {
    const bench = make(
      none,
      ...['v1', 'v2', 'v3'].map((name) => volume(name, '1Gi', on('node-0'))),
      lateClaim('a'),
      lateClaim('b'),
      lateClaim('c'),
    );
    available(bench, 'v1', 'v2', 'v3');
    for (const one of [user('p', 'a', 'b'), user('q', 'c'), user('r', 'c')]) bench.add(one);
    bench.settle();
    const refs = ['v1', 'v2', 'v3'].map((name) => pv(bench, name).spec.claimRef?.name);
    expect(refs.sort()).toEqual(['a', 'b', 'c']);
  });

  it('[SCH30] pods that share a claim never go to two nodes for it', () => {
    const bench = make(late, lateClaim('c'));
    const at = (name: string, node: string) => {
      const pod = user(name, 'c');
      return { ...pod, spec: { ...pod.spec, nodeSelector: { 'kubernetes.io/hostname': node } } };
    };
    for (const pod of [at('p', 'node-0'), at('q', 'node-1'), at('r', 'node-0')]) bench.add(pod);
    bench.settle();
    expect(bench.get(CLAIMS, 'default', 'c')?.metadata.annotations?.['volume.kubernetes.io/selected-node']).toBe('node-0');
    const promised = ['p', 'q', 'r'].map((name) => bench.pod(name).status?.nominatedNodeName);
    expect(promised).toEqual(['node-0', undefined, 'node-0']);
    expect(sentence(bench, 'q')).toContain("1 node(s) didn't find available persistent volumes to bind");
  });

  it('[SCH30] a claim of another pod is no reason to try again', () => {
    const bench = make(none, lateClaim('c'), user('p', 'c'), lateClaim('d'));
    const waiting = () =>
      snapshotOf(bench)
        .queue()
        .map(({ info }) => info.pod.metadata.name);
    bench.edit(CLAIMS, 'd', (c) => (c.metadata.labels = { a: 'b' }));
    expect(waiting()).toEqual([]);
    bench.edit(CLAIMS, 'c', (c) => (c.metadata.labels = { a: 'b' }));
    expect(waiting()).toEqual(['p']);
  });

  it('[SCH30] without volumes to bind and a provisioner, no node fits', () => {
    const bench = make(none, lateClaim('c'), user('p', 'c'));
    expect(sentence(bench, 'p')).toContain("3 node(s) didn't find available persistent volumes to bind");
    bench.add(volume('v', '1Gi', on('node-2')));
    available(bench, 'v');
    expect(pv(bench, 'v').spec.claimRef).toMatchObject({ name: 'c' });
  });

  it('[SCH30] allowed topologies and the space that a driver says it has are heeded', () => {
    const allowedTopologies = [{ matchLabelExpressions: [{ key: 'kubernetes.io/hostname', values: ['node-1'] }] }];
    const csi = storageClass('csi', { volumeBindingMode: 'WaitForFirstConsumer', provisioner: 'csi.example.com' });
    const topology = storageClass('late', { volumeBindingMode: 'WaitForFirstConsumer', allowedTopologies });
    const driver = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: 'csi.example.com' },
      spec: { storageCapacity: true },
    };
    const bench = make(
      topology,
      csi,
      driver,
      lateClaim('c'),
      claim('d', { storageClassName: 'csi' }),
      user('p', 'c'),
      user('q', 'd'),
    );
    expect(bench.get(CLAIMS, 'default', 'c')?.metadata.annotations?.['volume.kubernetes.io/selected-node']).toBe('node-1');
    expect(sentence(bench, 'q')).toContain('3 node(s) did not have enough free storage');
    bench.add({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIStorageCapacity',
      metadata: { name: 's', namespace: 'default' },
      storageClassName: 'csi',
      capacity: '5Gi',
      nodeTopology: { matchLabels: { 'kubernetes.io/hostname': 'node-2' } },
    });
    bench.settle();
    expect(bench.get(CLAIMS, 'default', 'd')?.metadata.annotations?.['volume.kubernetes.io/selected-node']).toBe('node-2');
  });

  it("[SCH30] an ephemeral volume's claim must be the pod's", () => {
    const template = { spec: lateClaim('x').spec };
    const bench = make(
      late,
      lateClaim('p-v'),
      makePod('p', { volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: template } }] }),
    );
    expect(sentence(bench, 'p')).toContain('PVC default/p-v was not created for pod default/p (pod is not owner)');
  });

  it('[SCH30] a pod that waits for its volumes writes nothing more', () => {
    const bench = make(late, lateClaim('c'), user('p', 'c'));
    const before = bench.plans.length;
    bench.reconcile(scheduler, { namespace: '', name: 'queue' });
    expect(bench.plans.slice(before).flatMap(({ plan }) => plan.actions)).toEqual([]);
  });
});
