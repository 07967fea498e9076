import { describe, expect, it } from 'vitest';
import { ephemeralVolume } from '../../../src/controllers/ephemeral-volume/reconcile.ts';
import { persistentVolumeBinder } from '../../../src/controllers/persistentvolume-binder/reconcile.ts';
import { storageProtection } from '../../../src/controllers/storage-protection/reconcile.ts';
import { volumeExpand } from '../../../src/controllers/volume-expand/reconcile.ts';
import { volumeProvisioner } from '../../../src/controllers/volume-provisioner/reconcile.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { claim, storageClass, volume } from '../../fixtures/volumes.ts';
import { pod } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

const CLAIMS = 'persistentvolumeclaims';
const VOLUMES = 'persistentvolumes';

function make(...objects: Obj[]): ControllerBench {
  const bench = new ControllerBench([
    ephemeralVolume,
    ...persistentVolumeBinder,
    volumeExpand,
    ...volumeProvisioner,
    ...storageProtection,
  ]);
  for (const object of objects) bench.add(object);
  bench.settle();
  return bench;
}

const pvc = (bench: ControllerBench, name: string) => bench.get(CLAIMS, 'default', name) as KubeObject;
const pv = (bench: ControllerBench, of: KubeObject) => bench.get(VOLUMES, '', `pvc-${of.metadata.uid}`);
const std = storageClass('std');
const late = storageClass('late', { volumeBindingMode: 'WaitForFirstConsumer' });
const node = (name: string): Obj => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': `${name}.host` } },
});
const select = (bench: ControllerBench, name: string) => {
  bench.edit(CLAIMS, 'c', (c) => (c.metadata.annotations = { 'volume.kubernetes.io/selected-node': name }));
  bench.settle();
};
const grow = (bench: ControllerBench, name: string, storage: string) => {
  bench.edit(CLAIMS, name, (c) => (c.spec.resources.requests.storage = storage));
  bench.settle();
};

describe('the built-in provisioner', () => {
  it('[CTL190] a claim of its class gets a volume of its size, which is bound and deleted with it', () => {
    const bench = make(std, claim('c', { storageClassName: 'std', resources: { requests: { storage: '3Gi' } } }));
    const c = pvc(bench, 'c');
    const v = pv(bench, c);
    expect(v?.metadata.annotations).toEqual({ 'pv.kubernetes.io/provisioned-by': 'atoll.dev/hostpath' });
    expect(v?.spec).toMatchObject({
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '3Gi' },
      claimRef: { name: 'c', uid: c.metadata.uid },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'std',
    });
    expect(v?.spec.nodeAffinity).toBeUndefined();
    expect([v?.status.phase, c.status.phase]).toEqual(['Bound', 'Bound']);
    expect(bench.said().map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'Normal ExternalProvisioning',
      'Normal Provisioning',
      'Normal ProvisioningSucceeded',
    ]);
    bench.remove(CLAIMS, 'c');
    bench.settle();
    expect(bench.names(VOLUMES, '')).toEqual([]);
  });

  it('[CTL190] Retain keeps it', () => {
    const bench = make(storageClass('std', { reclaimPolicy: 'Retain' }), claim('c', { storageClassName: 'std' }));
    bench.remove(CLAIMS, 'c');
    bench.settle();
    expect(bench.list(VOLUMES)[0].status.phase).toBe('Released');
  });

  it('[CTL191] late binding: nothing before the node of the first consumer is known, and then there', () => {
    const bench = make(late, node('n'), claim('c', { storageClassName: 'late' }));
    expect(bench.names(VOLUMES, '')).toEqual([]);
    select(bench, 'n');
    const [term] = pv(bench, pvc(bench, 'c'))?.spec.nodeAffinity.required.nodeSelectorTerms ?? [];
    expect(term.matchExpressions).toEqual([{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n.host'] }]);
  });

  it('[CTL191] a node that is gone is chosen anew', () => {
    const bench = make(late, claim('c', { storageClassName: 'late' }));
    select(bench, 'gone');
    expect(pvc(bench, 'c').metadata.annotations).not.toHaveProperty(['volume.kubernetes.io/selected-node']);
    expect(bench.said('ProvisioningFailed')).toEqual([
      'Warning ProvisioningFailed failed to get target node: node "gone" not found',
    ]);
  });

  it('[CTL191] topologies of a class bound where its volumes are', () => {
    const allowedTopologies = [{ matchLabelExpressions: [{ key: 'zone', values: ['a', 'b'] }] }];
    const bench = make(storageClass('std', { allowedTopologies }), claim('c', { storageClassName: 'std' }));
    expect(pv(bench, pvc(bench, 'c'))?.spec.nodeAffinity.required.nodeSelectorTerms).toEqual([
      { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] },
    ]);
  });

  it('[CTL192] what it cannot make, and what the API server refuses, is said', () => {
    const selecting = claim('c', { storageClassName: 'std', selector: { matchLabels: { a: 'b' } } });
    const bench = make(std, selecting);
    bench.refuse = (action) =>
      action.verb === 'create' ? { code: 403, reason: 'Forbidden', message: 'persistentvolumes is forbidden' } : undefined;
    bench.add(claim('m', { storageClassName: 'std' }));
    bench.settle();
    const [first, second] = bench.said('ProvisioningFailed');
    expect(first).toBe(
      'Warning ProvisioningFailed failed to provision volume with StorageClass "std": claim Selector is not supported',
    );
    expect(second).toContain('Error creating provisioned PV object for claim default/m: persistentvolumes is forbidden');
    expect(bench.names(VOLUMES, '')).toEqual([]);
  });
});

describe('growth', () => {
  it('[CTL193] a claim that asks for more has it after its volume', () => {
    const bench = make(std, claim('c', { storageClassName: 'std' }));
    const from = bench.revision;
    grow(bench, 'c', '5Gi');
    expect(pvc(bench, 'c').status).toMatchObject({ capacity: { storage: '5Gi' }, allocatedResources: { storage: '5Gi' } });
    expect(pvc(bench, 'c').status).not.toHaveProperty('conditions');
    expect(pvc(bench, 'c').status).not.toHaveProperty('allocatedResourceStatuses');
    expect(pv(bench, pvc(bench, 'c'))?.spec.capacity).toEqual({ storage: '5Gi' });
    const states = (bench.since(from, (r) => r === CLAIMS) ?? []).map(({ object }) => object.status);
    expect(states[1]).toMatchObject({
      capacity: { storage: '1Gi' },
      allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' },
      conditions: [{ type: 'Resizing', status: 'True' }],
    });
    expect(bench.said().slice(-3)).toEqual([
      'Normal ExternalExpanding waiting for an external controller to expand this PVC',
      `Normal Resizing External resizer is resizing volume ${pvc(bench, 'c').spec.volumeName}`,
      'Normal VolumeResizeSuccessful Resize volume succeeded',
    ]);
  });

  it('[CTL185] a volume of another driver waits for it', () => {
    const disk = { hostPath: undefined, awsElasticBlockStore: { volumeID: 'v' } };
    const bench = make(
      volume('v', '1Gi', disk),
      claim('c'),
      volume('w', '1Gi', { storageClassName: 'w' }),
      claim('d', { storageClassName: 'w' }),
    );
    for (const name of ['c', 'd']) grow(bench, name, '2Gi');
    expect(bench.said('ExternalExpanding')).toEqual([
      'Normal ExternalExpanding CSI migration enabled for kubernetes.io/aws-ebs; waiting for external resizer to expand the pvc',
      'Normal ExternalExpanding waiting for an external controller to expand this PVC',
    ]);
    expect(pvc(bench, 'c').metadata.annotations).toMatchObject({ 'volume.kubernetes.io/storage-resizer': 'ebs.csi.aws.com' });
    expect(pvc(bench, 'd').status.capacity).toEqual({ storage: '1Gi' });
  });
});

describe('ephemeral volumes', () => {
  const { spec } = claim('x', { storageClassName: 'std' });
  const template = { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec };
  const scratch = pod('p', { spec: { volumes: [{ name: 'tmp', ephemeral: { volumeClaimTemplate: template } }] } });

  it('[CTL180] a pod gets its claim, which belongs to it, and gets it again', () => {
    const bench = make(std, scratch);
    const { metadata, status } = pvc(bench, 'p-tmp');
    const owner = {
      apiVersion: 'v1',
      kind: 'Pod',
      name: 'p',
      uid: bench.pod('p').metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    };
    expect(metadata).toMatchObject({ labels: { a: 'b' }, annotations: { c: 'd' }, ownerReferences: [owner] });
    expect(status.phase).toBe('Bound');
    const { uid } = metadata;
    bench.remove(CLAIMS, 'p-tmp');
    bench.settle();
    expect(pvc(bench, 'p-tmp').metadata.uid).not.toBe(uid);
  });

  it("[CTL180] somebody else's claim is left alone, and the pod told", () => {
    const bench = make(std, claim('p-tmp', { storageClassName: 'std' }), scratch);
    expect(bench.said('FailedBinding')).toEqual([
      'Warning FailedBinding ephemeral volume tmp: PVC default/p-tmp was not created for pod default/p (pod is not owner)',
    ]);
    bench.remove(CLAIMS, 'p-tmp');
    bench.settle();
    expect(pvc(bench, 'p-tmp').metadata.ownerReferences).toHaveLength(1);
  });

  it('[CTL180] a refused claim is an Event of the pod', () => {
    const bench = new ControllerBench([ephemeralVolume]);
    bench.refuse = () => ({ code: 403, reason: 'Forbidden', message: 'exceeded quota' });
    bench.add(scratch);
    bench.settle();
    expect(bench.said()).toEqual(['Warning FailedBinding ephemeral volume tmp: create PVC p-tmp: exceeded quota']);
  });
});
