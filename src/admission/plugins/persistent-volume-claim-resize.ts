import { cmp, quantity } from '../../api/machinery/quantity.ts';
import type { KubeObject } from '../../lib/json.ts';
import { type Plugin, refuse } from '../plugin.ts';

const classOf = (claim: KubeObject): string =>
  claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? claim.spec.storageClassName ?? '';

/** PersistentVolumeClaimResize: claims grow only when bound, and only where their class lets them. */
export const persistentVolumeClaimResize: Plugin = {
  name: 'PersistentVolumeClaimResize',
  operations: ['UPDATE'],
  resources: ['persistentvolumeclaims'],
  review(request, cluster) {
    const { object, old } = request;
    if (!object || !old || request.subresource) return;
    const before = quantity(old.spec.resources?.requests?.storage);
    const after = quantity(object.spec.resources?.requests?.storage);
    if (cmp(after, before) <= 0) return;
    if (old.status?.phase !== 'Bound') throw refuse(request, 'Only bound persistent volume claims can be expanded');
    const name = classOf(object);
    const found = name && name === classOf(old) ? cluster.object('storage.k8s.io/storageclasses', '', name) : undefined;
    if (found?.allowVolumeExpansion) return;
    const why =
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
    throw refuse(request, why);
  },
};
