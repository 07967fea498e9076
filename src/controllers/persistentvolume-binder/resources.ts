export const VOLUMES = 'persistentvolumes';
export const CLAIMS = 'persistentvolumeclaims';
export const CLASSES = 'storage.k8s.io/storageclasses';
/** The source of the controller's Events. */
export const COMPONENT = 'persistentvolume-controller';
