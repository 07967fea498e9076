import { DEFAULT_STORAGE_CLASS } from '../../api/storage/default-class.ts';
import type { Plugin } from '../plugin.ts';
import { defaultClassOf } from './default-class.ts';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** DefaultStorageClass: a claim that names no class gets the default one. */
export const defaultStorageClass: Plugin = {
  name: 'DefaultStorageClass',
  operations: ['CREATE'],
  resources: ['persistentvolumeclaims'],
  mutate({ object, subresource }, cluster) {
    if (!object || subresource || object.spec?.storageClassName !== undefined) return;
    if (object.metadata.annotations?.[BETA_CLASS] !== undefined) return;
    const found = defaultClassOf(cluster, 'storage.k8s.io/storageclasses', DEFAULT_STORAGE_CLASS);
    if (found) object.spec = { ...object.spec, storageClassName: found.metadata.name };
  },
};
