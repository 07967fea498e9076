import {
  annotated,
  annotation,
  BETA_STORAGE_PROVISIONER,
  PROVISIONED_BY,
  STORAGE_PROVISIONER,
  withoutAnnotations,
} from '../../api/core/volume/binding.ts';
import type { KubeObject } from '../../lib/json.ts';

/** Annotation of claims and volumes whose in-tree driver a CSI driver has replaced. */
export const MIGRATED_TO = 'pv.kubernetes.io/migrated-to';
/** Finalizer of volumes that an in-tree driver made and will delete. */
export const IN_TREE_FINALIZER = 'kubernetes.io/pv-controller';
const EXTERNAL_FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';
/** The prefix of in-tree drivers' names. */
export const IN_TREE = 'kubernetes.io/';

/** CSI drivers by the in-tree drivers that they replace (k8s.io/csi-translation-lib). */
const CSI_NAMES: Readonly<Record<string, string>> = {
  'kubernetes.io/aws-ebs': 'ebs.csi.aws.com',
  'kubernetes.io/azure-disk': 'disk.csi.azure.com',
  'kubernetes.io/azure-file': 'file.csi.azure.com',
  'kubernetes.io/cinder': 'cinder.csi.openstack.org',
  'kubernetes.io/gce-pd': 'pd.csi.storage.gke.io',
  'kubernetes.io/portworx-volume': 'pxd.portworx.com',
  'kubernetes.io/vsphere-volume': 'csi.vsphere.vmware.com',
};

/** The CSI driver that replaces an in-tree one, if one does. */
export const csiNameOf = (driver: string): string | undefined =>
  Object.hasOwn(CSI_NAMES, driver) ? CSI_NAMES[driver] : undefined;

function withMigration(object: KubeObject, driver: string | undefined): KubeObject {
  if (driver === undefined) return object;
  const known = annotation(object, MIGRATED_TO) || undefined;
  const name = csiNameOf(driver);
  if (known === name) return object;
  return name === undefined ? withoutAnnotations(object, MIGRATED_TO) : annotated(object, { [MIGRATED_TO]: name });
}

/** The claim with the annotation of a replaced driver put right; the same object when it was (updateMigrationAnnotations). */
export const migratedClaim = (claim: KubeObject): KubeObject =>
  withMigration(claim, annotation(claim, STORAGE_PROVISIONER) ?? annotation(claim, BETA_STORAGE_PROVISIONER));

/** The volume with annotation and finalizer of its in-tree driver put right; the same object when they were (modifyDeletionFinalizers). */
export function migratedVolume(volume: KubeObject): KubeObject {
  const driver = annotation(volume, PROVISIONED_BY);
  if (driver === undefined) return volume;
  const migrated = withMigration(volume, driver);
  const { finalizers = [] } = volume.metadata;
  const wanted = finalizersFor(volume, driver, finalizers);
  if (wanted.length === finalizers.length && wanted.every((f, i) => f === finalizers[i])) return migrated;
  const { finalizers: _, ...metadata } = migrated.metadata;
  return { ...migrated, metadata: wanted.length ? { ...metadata, finalizers: wanted } : metadata };
}

function finalizersFor(volume: KubeObject, driver: string, finalizers: string[]): string[] {
  if (csiNameOf(driver)) return finalizers.filter((f) => f !== IN_TREE_FINALIZER);
  if (!driver.startsWith(IN_TREE)) return finalizers;
  const others = finalizers.filter((f) => f !== EXTERNAL_FINALIZER);
  const policy = volume.spec?.persistentVolumeReclaimPolicy;
  if (policy === 'Delete') return others.includes(IN_TREE_FINALIZER) ? others : [...others, IN_TREE_FINALIZER];
  return others.filter((f) => f !== IN_TREE_FINALIZER);
}
