import { describe, expect, it } from 'vitest';
import { persistentVolumeBinder } from '../../../src/controllers/persistentvolume-binder/reconcile.ts';
import { storageProtection } from '../../../src/controllers/storage-protection/reconcile.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { claim, storageClass, volume, volumesOf } from '../../fixtures/volumes.ts';
import { active, pod } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

const CLAIMS = 'persistentvolumeclaims';
const VOLUMES = 'persistentvolumes';

function make(...objects: Obj[]): ControllerBench {
  const bench = new ControllerBench([...persistentVolumeBinder, ...storageProtection]);
  for (const object of objects) bench.add(object);
  bench.settle();
  return bench;
}

const pvc = (bench: ControllerBench, name: string) => bench.get(CLAIMS, 'default', name) as KubeObject;
const pv = (bench: ControllerBench, name: string) => bench.get(VOLUMES, '', name) as KubeObject;
const phase = (object: KubeObject | undefined) => object?.status?.phase;
/** The volume of each claim. */
const pairs = (bench: ControllerBench) =>
  Object.fromEntries(bench.list(CLAIMS, 'default').map((c) => [c.metadata.name, c.spec.volumeName]));
const removeClaim = (bench: ControllerBench, name: string) => {
  bench.remove(CLAIMS, name);
  bench.settle();
};

describe('claims find volumes', () => {
  it('[CTL170] a claim takes the smallest volume that fits, and both are bound', () => {
    const bench = make(volume('big', '10Gi'), volume('small', '2Gi'), volume('tiny', '500Mi'), claim('c'));
    const { metadata, spec, status } = pvc(bench, 'c');
    expect(metadata.annotations).toEqual({
      'pv.kubernetes.io/bind-completed': 'yes',
      'pv.kubernetes.io/bound-by-controller': 'yes',
    });
    expect(spec.volumeName).toBe('small');
    expect(status).toEqual({ phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '2Gi' } });
    const found = pv(bench, 'small');
    expect(found.metadata.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(found.spec.claimRef).toMatchObject({
      kind: 'PersistentVolumeClaim',
      namespace: 'default',
      name: 'c',
      uid: metadata.uid,
    });
    expect([phase(found), phase(pv(bench, 'big')), phase(pv(bench, 'tiny'))]).toEqual(['Bound', 'Available', 'Available']);
  });

  it("[CTL170] the writes come in upstream's order: the volume, its phase, the claim, its phase", () => {
    const bench = new ControllerBench(persistentVolumeBinder);
    bench.add(volume('v'));
    bench.settle();
    const from = bench.revision;
    bench.add(claim('c'));
    bench.settle();
    const written = (bench.since(from) ?? [])
      .filter((c) => c.type === 'MODIFIED')
      .map(({ object: o }) => `${o.kind} ${o.status?.phase}`);
    expect(written).toEqual([
      'PersistentVolume Available',
      'PersistentVolume Bound',
      'PersistentVolumeClaim Pending',
      'PersistentVolumeClaim Bound',
    ]);
  });

  it('[CTL170] modes, class, selector, volume mode and attributes class decide', () => {
    const bench = make(
      volume('rwx', '1Gi', { accessModes: ['ReadWriteMany'] }),
      volume('other', '1Gi', { storageClassName: 'other' }),
      volume('block', '1Gi', { volumeMode: 'Block' }),
      volume('gold', '1Gi', { volumeAttributesClassName: 'gold', hostPath: undefined, csi: { driver: 'd', volumeHandle: 'h' } }),
      volume('blue', '1Gi', {}, { labels: { color: 'blue' } }),
      volume('red', '5Gi', {}, { labels: { color: 'red' } }),
      claim('shared', { accessModes: ['ReadWriteMany'] }),
      claim('raw', { volumeMode: 'Block' }),
      claim('fast', { volumeAttributesClassName: 'gold' }),
      claim('picky', { selector: { matchLabels: { color: 'red' } } }),
      claim('rox', { accessModes: ['ReadOnlyMany'] }),
    );
    expect(pairs(bench)).toEqual({ shared: 'rwx', raw: 'block', fast: 'gold', picky: 'red', rox: undefined });
    expect(pvc(bench, 'fast').status.currentVolumeAttributesClassName).toBe('gold');
  });

  it('[CTL170] volumes with fewer access modes go first, though they are bigger', () => {
    const bench = make(
      volume('more', '1Gi', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }),
      volume('one', '9Gi'),
      claim('c'),
    );
    expect(pairs(bench)).toEqual({ c: 'one' });
  });

  it('[CTL171] a volume that comes later is taken at once', () => {
    const bench = make(claim('a'), claim('b'));
    bench.add(volume('v1'));
    bench.add(volume('v2'));
    bench.settle();
    expect(Object.values(pairs(bench)).sort()).toEqual(['v1', 'v2']);
  });

  it('[CTL171] no two claims get one volume', () => {
    const claims = Array.from({ length: 8 }, (_, i) => claim(`c${i}`));
    const bench = make(...claims, ...Array.from({ length: 5 }, (_, i) => volume(`v${i}`, `${i + 1}Gi`)));
    const taken = Object.values(pairs(bench)).filter(Boolean);
    expect(new Set(taken).size).toBe(5);
    expect(taken).toHaveLength(5);
  });

  it('[CTL172] without a class and a volume, it says so, once for each change', () => {
    const bench = make(claim('c', { storageClassName: undefined }), claim('gone', { storageClassName: 'gone' }));
    const claims = bench.controllers.find((c) => c.name === 'persistentvolume-binder');
    const again = () => claims && bench.reconcile(claims, { namespace: 'default', name: 'c' });
    again();
    expect(bench.said('FailedBinding')).toHaveLength(1);
    bench.advance(60_000);
    bench.edit(CLAIMS, 'gone', (c) => Object.assign(c.metadata, { labels: { a: 'b' } }));
    bench.settle();
    expect(bench.said('ProvisioningFailed')).toHaveLength(2);
    bench.advance(3_600_000);
    for (const { metadata } of bench.list('events')) bench.remove('events', metadata.name);
    const from = bench.revision;
    again();
    expect(bench.revision).toBe(from);
  });

  it('[CTL172] the words of a claim that finds nothing', () => {
    const bench = make(claim('c', { storageClassName: undefined }), claim('gone', { storageClassName: 'gone' }));
    expect(bench.said().sort()).toEqual([
      'Normal FailedBinding no persistent volumes available for this claim and no storage class is set',
      'Warning ProvisioningFailed storageclass.storage.k8s.io "gone" not found',
    ]);
    expect(phase(pvc(bench, 'c'))).toBe('Pending');
  });

  it('[CTL172] a default class that comes later is given to claims that named none', () => {
    const bench = make(claim('c', { storageClassName: undefined }), claim('none', { storageClassName: '' }));
    bench.add(storageClass('std', {}, { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }));
    bench.settle();
    expect(pvc(bench, 'c').spec.storageClassName).toBe('std');
    expect(pvc(bench, 'none').spec.storageClassName).toBe('');
  });

  it('[CTL172] a provisioner outside is called by annotation, an in-tree one by that of its CSI driver', () => {
    const bench = make(
      storageClass('ext', { provisioner: 'example.com/disk' }),
      storageClass('ebs', { provisioner: 'kubernetes.io/aws-ebs' }),
      storageClass('none', { provisioner: 'kubernetes.io/no-provisioner' }),
      claim('c', { storageClassName: 'ext' }),
      claim('e', { storageClassName: 'ebs' }),
      claim('n', { storageClassName: 'none' }),
    );
    expect(pvc(bench, 'c').metadata.annotations).toEqual({
      'volume.beta.kubernetes.io/storage-provisioner': 'example.com/disk',
      'volume.kubernetes.io/storage-provisioner': 'example.com/disk',
    });
    expect(pvc(bench, 'e').metadata.annotations).toMatchObject({ 'volume.kubernetes.io/storage-provisioner': 'ebs.csi.aws.com' });
    expect(bench.said('ProvisioningFailed')).toEqual([expect.stringContaining('kubernetes.io/no-provisioner')]);
    expect(bench.said('ExternalProvisioning')[0]).toContain("by the external provisioner 'example.com/disk' or manually");
  });
});

describe('pairs that users make', () => {
  it('[CTL173] a claim that names its volume waits for it', () => {
    const bench = make(claim('c', { volumeName: 'v' }), volume('smaller', '1Gi'));
    expect(pairs(bench)).toEqual({ c: 'v' });
    expect(phase(pvc(bench, 'c'))).toBe('Pending');
    bench.add(volume('v', '3Gi'));
    bench.settle();
    expect(phase(pvc(bench, 'c'))).toBe('Bound');
    expect(pvc(bench, 'c').metadata.annotations).toEqual({ 'pv.kubernetes.io/bind-completed': 'yes' });
    expect(phase(pv(bench, 'smaller'))).toBe('Available');
  });

  it('[CTL173] a volume that does not suit the claim that names it is said why', () => {
    const bench = make(volume('v', '500Mi'), claim('c', { volumeName: 'v' }));
    expect(bench.said('VolumeMismatch')).toEqual([
      'Warning VolumeMismatch Cannot bind to requested volume "v": requested PV is too small',
    ]);
    expect(phase(pvc(bench, 'c'))).toBe('Pending');
  });

  it('[CTL173] a volume that somebody has is not taken', () => {
    const bench = make(volume('v'), claim('a'));
    bench.add(claim('b', { volumeName: 'v' }));
    bench.settle();
    expect(bench.said('FailedBinding')).toEqual(['Warning FailedBinding volume "v" already bound to a different claim.']);
    removeClaim(bench, 'a');
    bench.edit(VOLUMES, 'v', (v) => delete v.spec.claimRef, '');
    bench.settle();
    expect(phase(pvc(bench, 'b'))).toBe('Bound');
  });

  it('[CTL173] a volume kept for a claim by name is available until that claim comes', () => {
    const bench = make(volume('v', '1Gi', { claimRef: { namespace: 'default', name: 'c' } }), claim('other'));
    expect([phase(pv(bench, 'v')), pairs(bench).other]).toEqual(['Available', undefined]);
    bench.add(claim('c', { storageClassName: 'another' }));
    bench.settle();
    expect(pairs(bench)).toMatchObject({ c: 'v' });
    expect(pv(bench, 'v').metadata.annotations).toBeUndefined();
    expect(pv(bench, 'v').spec.claimRef.uid).toBe(pvc(bench, 'c').metadata.uid);
  });

  it('[CTL173] two volumes for one claim: one is given back', () => {
    const bench = make(claim('c', { storageClassName: 'x' }));
    const { uid } = pvc(bench, 'c').metadata;
    for (const name of ['v1', 'v2']) {
      const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'default', name: 'c', uid };
      bench.add(volume(name, '1Gi', { claimRef }, { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } }));
    }
    bench.settle();
    expect([phase(pv(bench, 'v1')), phase(pv(bench, 'v2'))].sort()).toEqual(['Available', 'Bound']);
  });
});

describe('the end of a pair', () => {
  it('[CTL174] Retain: the volume is released and kept', () => {
    const bench = make(volume('v'), claim('c'));
    removeClaim(bench, 'c');
    expect(phase(pv(bench, 'v'))).toBe('Released');
    bench.add(claim('c'));
    bench.settle();
    expect([phase(pv(bench, 'v')), phase(pvc(bench, 'c'))]).toEqual(['Released', 'Pending']);
  });

  it('[CTL174] Delete: the volume goes, unless nothing can delete it', () => {
    const policy = { persistentVolumeReclaimPolicy: 'Delete' };
    const bench = make(
      volume('tmp', '1Gi', { ...policy, storageClassName: 'a' }),
      volume('data', '1Gi', { ...policy, storageClassName: 'b', hostPath: { path: '/data' } }),
      volume('nfs', '1Gi', { ...policy, storageClassName: 'c', hostPath: undefined, nfs: { server: 's', path: '/' } }),
      ...['a', 'b', 'c'].map((name) => claim(name, { storageClassName: name })),
    );
    for (const name of ['a', 'b', 'c']) removeClaim(bench, name);
    expect(bench.names(VOLUMES, '').sort()).toEqual(['data', 'nfs']);
    expect(pv(bench, 'data').status).toMatchObject({
      phase: 'Failed',
      message: 'host_path deleter only supports /tmp/.+ but received provided /data',
    });
    expect(bench.said('VolumeFailedDelete')).toEqual([
      'Warning VolumeFailedDelete host_path deleter only supports /tmp/.+ but received provided /data',
      'Warning VolumeFailedDelete error getting deleter volume plugin for volume "nfs": no deletable volume plugin matched',
    ]);
  });

  it('[CTL174] a claim whose volume is gone is lost', () => {
    const bench = make(volume('v'), claim('c'));
    bench.remove(VOLUMES, 'v');
    bench.settle();
    expect(phase(pvc(bench, 'c'))).toBe('Bound');
    bench.edit(VOLUMES, 'v', (v) => delete v.metadata.finalizers, '');
    bench.settle();
    expect(pvc(bench, 'c').status).toEqual({ phase: 'Lost' });
    expect(bench.said('ClaimLost')).toEqual([
      'Warning ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    ]);
  });

  it('[CTL174] a claim bound to the volume of another is lost as well', () => {
    const bench = make(volume('v'), claim('c'));
    const annotations = { 'pv.kubernetes.io/bind-completed': 'yes' };
    bench.add(claim('thief', { volumeName: 'v' }, { annotations }));
    bench.settle();
    expect(bench.said('ClaimMisbound')).toHaveLength(1);
    expect([phase(pvc(bench, 'thief')), phase(pvc(bench, 'c'))]).toEqual(['Lost', 'Bound']);
  });
});

describe('recycling', () => {
  const recycled = (spec: Obj = {}) => {
    const bench = make(active('default'), volume('v', '4Gi', { persistentVolumeReclaimPolicy: 'Recycle', ...spec }), claim('c'));
    removeClaim(bench, 'c');
    return bench;
  };
  const finish = (bench: ControllerBench, status: Obj) => {
    bench.edit('pods', 'recycler-for-v', (p) => Object.assign(p.status, status));
    bench.settle();
  };

  it('[CTL175] a pod empties the volume, and it is given back', () => {
    const bench = recycled();
    const { spec } = bench.pod('recycler-for-v');
    expect(spec).toMatchObject({
      activeDeadlineSeconds: 120,
      restartPolicy: 'Never',
      volumes: [{ hostPath: { path: '/tmp/v' } }],
    });
    expect(phase(pv(bench, 'v'))).toBe('Released');
    finish(bench, { phase: 'Succeeded' });
    expect(bench.pods().filter((p) => !p.metadata.deletionTimestamp)).toEqual([]);
    expect(pv(bench, 'v').spec.claimRef).toBeUndefined();
    expect(phase(pv(bench, 'v'))).toBe('Available');
    expect(bench.said('VolumeRecycled')).toEqual(['Normal VolumeRecycled Volume recycled']);
  });

  it('[CTL175] what happens to the pod is told of the volume', () => {
    const bench = recycled();
    const { uid } = bench.pod('recycler-for-v').metadata;
    bench.add({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e', namespace: 'default' },
      involvedObject: { kind: 'Pod', namespace: 'default', name: 'recycler-for-v', uid },
      type: 'Normal',
      reason: 'Pulling',
      message: 'Pulling image',
    });
    finish(bench, { phase: 'Running' });
    expect(bench.said('RecyclerPod')).toEqual(['Normal RecyclerPod Recycler pod: Pulling image']);
  });

  it('[CTL175] a failed pod is replaced later', () => {
    const bench = recycled();
    finish(bench, { phase: 'Failed', message: 'disk on fire' });
    expect(pv(bench, 'v').status).toMatchObject({
      phase: 'Failed',
      message: 'Recycle failed: failed to recycle volume: disk on fire',
    });
    const { uid } = bench.pod('recycler-for-v').metadata;
    bench.advance(20_000);
    expect(bench.pod('recycler-for-v').metadata.uid).not.toBe(uid);
    finish(bench, { phase: 'Succeeded' });
    expect(phase(pv(bench, 'v'))).toBe('Available');
  });

  it('[CTL175] volumes that no pod can empty fail', () => {
    const bench = recycled({ hostPath: undefined, csi: { driver: 'd', volumeHandle: 'h' } });
    expect(bench.said('VolumeFailedRecycle')).toEqual(['Warning VolumeFailedRecycle No recycler plugin found for the volume!']);
  });
});

describe('late binding', () => {
  const late = storageClass('late', { volumeBindingMode: 'WaitForFirstConsumer' });
  const waiting = claim('c', { storageClassName: 'late' });

  it('[CTL176] a claim waits for its first consumer, then for the pods that were not placed', () => {
    const bench = make(late, waiting, volume('v', '1Gi', { storageClassName: 'late' }));
    expect(bench.said()).toEqual(['Normal WaitForFirstConsumer waiting for first consumer to be created before binding']);
    for (const name of ['p1', 'p2']) bench.add(pod(name, { spec: { volumes: volumesOf('c') } }));
    bench.settle();
    expect(bench.said('WaitForPodScheduled')).toEqual(['Normal WaitForPodScheduled waiting for pods p1,p2 to be scheduled']);
    expect([phase(pv(bench, 'v')), phase(pvc(bench, 'c'))]).toEqual(['Available', 'Pending']);
  });

  it('[CTL176] pods that were there before are named at once, others not before 15 s have passed', () => {
    const bench = make(late, pod('before', { spec: { volumes: volumesOf('c') } }));
    bench.now += 2000;
    bench.add(waiting);
    bench.add(pod('after', { spec: { volumes: volumesOf('c') } }));
    bench.turn();
    expect(bench.said('WaitForPodScheduled')).toEqual(['Normal WaitForPodScheduled waiting for pod before to be scheduled']);
    bench.settle();
    expect(bench.said('WaitForPodScheduled')[1]).toContain('waiting for pods after,before to be scheduled');
  });

  it('[CTL176] with a node, the provisioner is called', () => {
    const bench = make(late, waiting);
    bench.edit(CLAIMS, 'c', (c) => (c.metadata.annotations = { 'volume.kubernetes.io/selected-node': 'n' }));
    bench.settle();
    expect(pvc(bench, 'c').metadata.annotations).toMatchObject({
      'volume.kubernetes.io/storage-provisioner': 'atoll.dev/hostpath',
    });
  });
});

it('[CTL177] what a claim costs does not grow with volumes and claims of others', () => {
  const reads = (others: number) => {
    const bench = make(...Array.from({ length: others }, (_, i) => volume(`v${i}`, '1Gi', { storageClassName: `c${i % 7}` })));
    for (let i = 0; i < others; i++) bench.add(claim(`o${i}`, { storageClassName: 'other' }));
    bench.settle();
    bench.add(volume('mine', '1Gi', { storageClassName: 'own' }));
    bench.settle();
    let read = 0;
    for (const call of ['get', 'list'] as const) {
      const original = bench[call].bind(bench) as (...where: never[]) => KubeObject | KubeObject[] | undefined;
      Object.assign(bench, {
        [call]: (...where: never[]) => {
          const found = original(...where);
          read += Array.isArray(found) ? found.length : 1;
          return found;
        },
      });
    }
    bench.add(claim('c', { storageClassName: 'own' }));
    bench.settle();
    const objects = read;
    expect(phase(pvc(bench, 'c'))).toBe('Bound');
    return objects;
  };
  expect(reads(60)).toBe(reads(5));
});
