import { resourceOfRequest, type Plugin } from '../plugin.ts';

const FINALIZERS: Record<string, string> = {
  persistentvolumes: 'kubernetes.io/pv-protection',
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  'storage.k8s.io/volumeattributesclasses': 'kubernetes.io/vac-protection',
};

/** StorageObjectInUseProtection: volumes and claims get a finalizer, so that they are not removed while used. */
export const storageObjectInUseProtection: Plugin = {
  name: 'StorageObjectInUseProtection',
  operations: ['CREATE'],
  resources: Object.keys(FINALIZERS),
  mutate(request) {
    const finalizer = FINALIZERS[resourceOfRequest(request)];
    const metadata = request.object?.metadata;
    if (!metadata || !finalizer || request.subresource || metadata.finalizers?.includes(finalizer)) return;
    metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  },
};
