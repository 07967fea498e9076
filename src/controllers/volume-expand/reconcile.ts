import { annotated, annotation, requestOf } from '../../api/core/volume/binding.ts';
import { cmp, quantity } from '../../api/machinery/quantity.ts';
import type { KubeObject } from '../../lib/json.ts';
import { type Action, byObject, type Controller } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { Speaker } from '../shared/said.ts';

const CLAIMS = 'persistentvolumeclaims';
const VOLUMES = 'persistentvolumes';
const RESIZER = 'volume.kubernetes.io/storage-resizer';
const PRE_RESIZE = 'volume.alpha.kubernetes.io/pre-resize-capacity';

/** In-tree drivers, by the source of their volumes, with the CSI drivers that replace them (k8s.io/csi-translation-lib). */
const MIGRATED: [source: string, inTree: string, csi: string][] = [
  ['awsElasticBlockStore', 'kubernetes.io/aws-ebs', 'ebs.csi.aws.com'],
  ['azureDisk', 'kubernetes.io/azure-disk', 'disk.csi.azure.com'],
  ['azureFile', 'kubernetes.io/azure-file', 'file.csi.azure.com'],
  ['cinder', 'kubernetes.io/cinder', 'cinder.csi.openstack.org'],
  ['gcePersistentDisk', 'kubernetes.io/gce-pd', 'pd.csi.storage.gke.io'],
  ['portworxVolume', 'kubernetes.io/portworx-volume', 'pxd.portworx.com'],
  ['vsphereVolume', 'kubernetes.io/vsphere-volume', 'csi.vsphere.vmware.com'],
];

/** Says who will make a bound claim's volume as big as the claim has become: no driver in the tree can (pkg/controller/volume/expand). */
export const volumeExpand: Controller = {
  name: 'volume-expand',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:expand-controller',
  watches: [byObject(CLAIMS)],
  reconcile: (key, view, { now }) => {
    const claim = view.get(CLAIMS, key.namespace, key.name);
    return { actions: claim ? call(claim, view, now) : [] };
  },
};

function call(claim: KubeObject, view: View, now: number): Action[] {
  const volume = claim.status?.phase === 'Bound' ? view.get(VOLUMES, '', claim.spec?.volumeName ?? '') : undefined;
  if (volume?.spec?.claimRef?.uid !== claim.metadata.uid || !volume) return [];
  const isBig = cmp(quantity(requestOf(claim)), quantity(claim.status?.capacity?.storage)) <= 0;
  if (isBig && annotation(volume, PRE_RESIZE) === undefined) return [];
  const speaker = new Speaker(view, 'volume_expand', now);
  const say = (message: string) => speaker.say(claim, 'Normal', 'ExternalExpanding', message);
  const migrated = MIGRATED.find(([source]) => volume.spec[source]);
  if (!migrated) return say('waiting for an external controller to expand this PVC');
  const [, inTree, csi] = migrated;
  const said = say(`CSI migration enabled for ${inTree}; waiting for external resizer to expand the pvc`);
  if (annotation(claim, RESIZER) === csi) return said;
  return [...said, { verb: 'update', resource: CLAIMS, object: annotated(claim, { [RESIZER]: csi }) }];
}
