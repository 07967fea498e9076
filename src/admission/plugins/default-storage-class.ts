import type { Plugin } from '../plugin.ts';
import { defaultClassOf } from './default-class.ts';

const MARKS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** DefaultStorageClass: a claim that names no class gets the default one. */
export const defaultStorageClass: Plugin = {
  name: 'DefaultStorageClass',
  operations: ['CREATE'],
  resources: ['persistentvolumeclaims'],
  mutate({ object, subresource }, cluster) {
    if (!object || subresource || object.spec?.storageClassName !== undefined) return;
    if (object.metadata.annotations?.[BETA_CLASS] !== undefined) return;
    const found = defaultClassOf(cluster, 'storage.k8s.io/storageclasses', MARKS);
    if (found) object.spec = { ...object.spec, storageClassName: found.metadata.name };
  },
};
