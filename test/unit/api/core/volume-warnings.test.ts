import { describe, expect, it } from 'vitest';
import { PersistentVolume } from '../../../../src/api/core/volume/persistent-volume.ts';
import { PersistentVolumeClaim } from '../../../../src/api/core/volume/persistent-volume-claim.ts';
import { StorageClass } from '../../../../src/api/storage/storage-class.ts';
import type { KubeObject } from '../../../../src/lib/json.ts';
import { claim, storageClass, volume } from '../../../fixtures/volumes.ts';

const BETA = { annotations: { 'volume.beta.kubernetes.io/storage-class': 'a' } };
const TERM = 'spec.nodeAffinity.required.nodeSelectorTerms[0]';

describe('warnings of storage', () => {
  it('a volume: old annotations, labels and drivers, and Recycle', () => {
    const nodeSelectorTerms = [{ matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'Exists' }] }];
    const spec = { persistentVolumeReclaimPolicy: 'Recycle', cephfs: {}, nodeAffinity: { required: { nodeSelectorTerms } } };
    expect(PersistentVolume.warnings?.(volume('v', '1Gi', spec, BETA) as KubeObject, undefined)).toEqual([
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      `${TERM}.matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead`,
      'spec.cephfs: deprecated in v1.28, non-functional in v1.31+',
    ]);
  });

  it('a claim: the old annotation and parts of a byte', () => {
    const spec = { resources: { requests: { storage: '1500m' } } };
    expect(PersistentVolumeClaim.warnings?.(claim('c', spec, BETA) as KubeObject, undefined)).toEqual([
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ]);
  });

  it('a class: old labels of nodes', () => {
    const allowedTopologies = [{ matchLabelExpressions: [{ key: 'failure-domain.beta.kubernetes.io/zone', values: ['a'] }] }];
    expect(StorageClass.warnings?.(storageClass('s', { allowedTopologies }) as KubeObject, undefined)).toEqual([
      'allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    ]);
  });
});
